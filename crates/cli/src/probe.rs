//! Whether a backend is well, for a container's health check: there is no shell in its image.

use crate::{
    args::Probe,
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

/// Where a page is, unless somebody sets another address.
const PAGE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 4380);
/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the backend's own address for its status, and says in one line how it is.
///
/// # Errors
/// If the settings cannot be used.
pub(crate) async fn run(probe: &Probe, settings: &Settings) -> Result<ExitCode, Failure> {
    let config = settings
        .load::<BackendConfig>()
        .map_err(|error| Failure::from_error("the settings cannot be used", &error))?;
    let set = probe.page.or(config.page.map(|page| page.address()));
    let page = reachable(set.unwrap_or(PAGE));
    match why_not(page).await {
        None => {
            print(&format!("well: {page} answers\n"));
            Ok(ExitCode::SUCCESS)
        }
        Some(why) => {
            tell(&format!("glassbox: {page} {why}"));
            Ok(ExitCode::FAILURE)
        }
    }
}

/// Nobody can connect to 0.0.0.0; from here, loopback reaches it.
fn reachable(mut page: SocketAddr) -> SocketAddr {
    if page.ip().is_unspecified() {
        page.set_ip(match page.ip() {
            IpAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            IpAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        });
    }
    page
}

async fn why_not(page: SocketAddr) -> Option<String> {
    let host = match page.ip() {
        IpAddr::V4(ip) => ip.to_string(),
        IpAddr::V6(ip) => format!("[{ip}]"),
    };
    let Ok(door) = Door::find(&host, page.port(), PATIENCE).await else {
        return Some("accepts no connection".to_owned());
    };
    match door.get("/api/status").await {
        Answer::Http(answer) if answer.status == 200 => None,
        Answer::Http(answer) => Some(format!("answers with status {}", answer.status)),
        Answer::Silent => Some(format!("answers nothing within {PATIENCE:?}")),
        _ => Some("is not a backend's page".to_owned()),
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
