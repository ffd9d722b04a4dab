//! `glassbox probe`: a health check for containers, whose image has no shell.

use crate::{
    args::Probe,
    backend::Status,
    failure::Failure,
    knock::{Answer, Door},
    terminal::{print, tell},
};
use glassbox_collector::BackendConfig;
use glassbox_config::Settings;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

/// The default address of the page.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4380);
/// Timeout for an answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Requests the status of the backend and prints the result in one line.
///
/// # Errors
/// If the settings are invalid.
pub(crate) async fn run(probe: &Probe, settings: &Settings) -> Result<ExitCode, Failure> {
    let config = settings
        .load::<BackendConfig>()
        .map_err(|error| Failure::from_error("invalid settings", &error))?;
    let set = probe.page.or(config.page).map(|page| page.address());
    let page = reachable(set.unwrap_or(PAGE));
    match ask(page).await {
        Ok(line) => {
            print(&format!("healthy: {page} responds, {line}\n"));
            Ok(ExitCode::SUCCESS)
        }
        Err(why) => {
            tell(&format!("glassbox: {page} {why}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Replaces an unspecified address such as 0.0.0.0 by loopback.
fn reachable(mut page: SocketAddr) -> SocketAddr {
    if page.ip().is_unspecified() {
        page.set_ip(match page.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    page
}

/// Describes the receiver of the backend, or why the backend is unhealthy.
async fn ask(page: SocketAddr) -> Result<String, String> {
    let host = match page.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let door = Door::find(&host, page.port(), PATIENCE)
        .await
        .map_err(|_| {
            "refuses connections: no backend is running there; start one with 'glassbox up', or pass \
             the address of its page with --page"
                .to_owned()
        })?;
    match door.get("/api/status").await {
        Answer::Http(answer) if answer.status == 200 => judge(&answer.body),
        // It requires a key, which a health check does not need.
        Answer::Http(answer) if answer.status == 401 => ready(&door).await,
        Answer::Http(answer) => Err(format!(
            "responds with status {}: it is not the page of a backend",
            answer.status
        )),
        Answer::Silent => Err(format!("does not respond within {PATIENCE:?}")),
        _ => Err("does not speak HTTP: it is not the page of a backend".to_owned()),
    }
}

/// Whether a backend that requires a key for its status is ready.
async fn ready(door: &Door) -> Result<String, String> {
    match door.get("/ready").await {
        Answer::Http(answer) if answer.status == 200 => Ok("telemetry is received".to_owned()),
        Answer::Http(answer) if answer.status == 503 => {
            Err("responds, but does not receive telemetry".to_owned())
        }
        _ => Err("requires a key, and does not say whether it is ready".to_owned()),
    }
}

/// A backend is healthy if it reports a running receiver.
fn judge(answer: &str) -> Result<String, String> {
    let status: Status = serde_json::from_str(answer)
        .map_err(|_| "responds, but is not the page of a backend".to_owned())?;
    let collector = &status.collector;
    let who = &collector.mode;
    match collector.state.as_deref() {
        Some(_) if collector.running => Ok(collector.line()),
        Some(state) => {
            let state = state.replace('_', " ");
            let exit = collector.last_exit.as_ref();
            let exit = exit.map_or_else(String::new, |exit| {
                format!("; it exited with {}", exit.status)
            });
            Err(format!(
                "responds, but does not receive telemetry: {who} is {state}{exit}"
            ))
        }
        None => Err("responds, but does not report a receiver".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_all_interfaces_is_asked_on_loopback() {
        let asked = |text: &str| reachable(text.parse().unwrap()).to_string();
        assert_eq!(asked("0.0.0.0:4380"), "127.0.0.1:4380");
        assert_eq!(asked("[::]:4380"), "[::1]:4380");
        assert_eq!(asked("10.0.0.7:80"), "10.0.0.7:80");
    }
}
