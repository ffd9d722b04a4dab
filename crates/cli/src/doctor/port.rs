//! Checks that a server listens at the endpoint and uses the configured protocol.

mod language;
mod page;
mod path;

pub(super) use language::grpc_to_http;
pub(super) use path::wrong_by_itself;

use super::{
    backend::Known,
    finding::{Finding, Hop},
    settings::proxies,
    target::Target,
};
use crate::knock::{Answer, Door, Page, Unreached};
use glassbox_collector::PortOwner;
use glassbox_config::Environment;
use std::{path::Path, time::Duration};

const HOP: Hop = Hop::Port;
/// The code for a server that accepts connections but does not answer.
pub(super) const SILENT: &str = "collector_silent";

/// The context of the check.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment,
    /// A backend on this machine, at any address.
    pub(super) known: Option<&'a Known>,
    pub(super) patience: Duration,
}

/// Checks one target.
pub(super) async fn look(target: &Target, around: Surroundings<'_>) -> Finding {
    if let Some(finding) = path::of_another_signal(target) {
        return finding;
    }
    let door = match Door::find(target.host(), target.port(), around.patience).await {
        Ok(door) => door,
        Err(unreached) => return away(target, &unreached, around),
    };
    let answer = match (target.is_encrypted(), target.is_grpc()) {
        (true, _) => door.tls().await,
        (false, true) => door.http2().await,
        (false, false) => door.post_nothing(target.path()).await,
    };
    let shown = target.shown();
    match answer {
        Answer::Tls if target.is_encrypted() => {
            Finding::well(HOP, format!("{shown} is open and speaks TLS"))
        }
        Answer::Http2 if !target.is_encrypted() && target.is_grpc() => {
            let what = format!("{shown} is open and speaks HTTP/2, which gRPC uses");
            let page = page::page_instead(target, &door.hurried()).await;
            page.unwrap_or_else(|| Finding::well(HOP, what))
        }
        Answer::Http(page) if is_plain_http(target) && is_receiver(&page) => {
            Finding::well(HOP, format!("{shown} is open and accepts OTLP over HTTP"))
        }
        Answer::Http(page) if is_plain_http(target) => {
            path::wrong_page(target, &door.hurried(), &page).await
        }
        answer => match language::wrong(target, &door.hurried(), answer).await {
            Some(finding) => finding,
            None => silent(target, &door, around).await,
        },
    }
}

fn is_plain_http(target: &Target) -> bool {
    !target.is_encrypted() && !target.is_grpc()
}

/// Whether an OTLP receiver could have sent this response. Authorization and capacity are checked by the
/// export.
fn is_receiver(page: &Page) -> bool {
    let of_otlp = page.content_type.as_deref().is_some_and(|kind| {
        kind.starts_with("application/x-protobuf") || kind.starts_with("application/json")
    });
    match page.status {
        401 | 403 | 407 | 429 | 502..=504 => true,
        200..300 => of_otlp || page.body.is_empty(),
        _ => false,
    }
}

fn away(target: &Target, unreached: &Unreached, around: Surroundings<'_>) -> Finding {
    let shown = target.shown();
    let (code, what) = match unreached {
        Unreached::Name(error) => (
            "name_unknown",
            format!(
                "the host name {} cannot be resolved: {error}",
                target.host()
            ),
        ),
        Unreached::Refused => ("not_listening", format!("nothing listens at {shown}")),
        Unreached::Timeout(patience) => (
            "no_connection",
            format!("{shown} does not accept a connection within {patience:?}"),
        ),
        Unreached::Other(error) => ("no_connection", format!("{shown} is unreachable: {error}")),
    };
    Finding::broken(HOP, code, what, way_there(target, around))
}

/// The fix for an unreachable address.
fn way_there(target: &Target, around: Surroundings<'_>) -> String {
    let environment = around.environment;
    if target.is_loopback()
        && let Some(known) = around.known
    {
        let there = known.endpoint(target.is_grpc());
        return match known.receives(target) {
            true => "the backend lists this address as its own: see the collector below, or \
                     restart the backend"
                .to_owned(),
            false => format!(
                "the backend receives at {there}: set OTEL_EXPORTER_OTLP_ENDPOINT \
                 to {there}"
            ),
        };
    }
    if target.is_loopback() {
        let start = "start the backend with 'glassbox up'; running applications reconnect within \
                     seconds";
        return match is_in_container(environment) {
            false => start.to_owned(),
            true => format!(
                "{start}. Inside a container, {} is the container itself: if the backend is elsewhere, \
                 set OTEL_EXPORTER_OTLP_ENDPOINT to its address, such as http://otel-collector:{}",
                target.host(),
                target.port()
            ),
        };
    }
    let proxies = proxies(environment);
    if let Some(proxy) = proxies.first() {
        return format!(
            "telemetry is sent directly and {proxy} is not used: allow connections to {}, or send \
             to a collector on this side of the proxy",
            target.shown()
        );
    }
    format!(
        "check that the collector is running, that the address is right ({}), and that no firewall blocks it",
        target.origin
    )
}

/// The finding for a server that accepts connections but does not answer.
async fn silent(target: &Target, door: &Door, around: Surroundings<'_>) -> Finding {
    let shown = target.shown();
    let owner = owner(target, door).await;
    let of_backend = around.known.filter(|known| known.receives(target));
    let pid = owner
        .as_ref()
        .map(|owner| owner.pid)
        .or_else(|| of_backend.and_then(Known::collector_pid));
    let who = owner.map_or_else(String::new, |owner| format!(", {owner},"));
    let (what, fix) = match pid.filter(|pid| is_stopped(*pid)) {
        Some(pid) => (
            format!(
                "{shown}{who} accepts connections but is stopped (SIGSTOP) and does not answer"
            ),
            format!("continue it with 'kill -CONT {pid}'"),
        ),
        None => (
            format!(
                "{shown}{who} accepts connections but does not answer in any protocol within {} ms",
                around.patience.as_millis()
            ),
            "check whether that is the collector and why it hangs, and restart it".to_owned(),
        ),
    };
    Finding::broken(Hop::Collector, SILENT, what, fix)
}

/// The process that listens there, if the address is local and the system reports it.
async fn owner(target: &Target, door: &Door) -> Option<PortOwner> {
    if target.is_loopback() {
        PortOwner::of(door.address()).await
    } else {
        None
    }
}

/// Whether a process is stopped by a signal.
fn is_stopped(pid: u32) -> bool {
    let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else {
        return false;
    };
    let state = status.lines().find_map(|line| line.strip_prefix("State:"));
    state.is_some_and(|state| state.trim_start().starts_with('T'))
}

async fn another_program(target: &Target, door: &Door, said: String) -> Finding {
    let shown = target.shown();
    let who = owner(target, door)
        .await
        .map_or_else(|| "another program".to_owned(), |owner| owner.to_string());
    let what = format!("{who} listens at {shown} and is not an OTLP receiver: {said}");
    let fix = format!(
        "set the endpoint to the address of the collector ({}), or stop that program and start \
         the collector there",
        target.origin
    );
    Finding::broken(HOP, "not_otlp", what, fix)
}

fn is_in_container(environment: &Environment) -> bool {
    environment.get("KUBERNETES_SERVICE_HOST").is_some() || Path::new("/.dockerenv").exists()
}
