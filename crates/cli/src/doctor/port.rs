//! Whether somebody listens where telemetry is sent, and speaks what is spoken to them.

use super::{
    backend::Known,
    finding::{Finding, Hop},
    settings::proxies,
    target::Target,
};
use crate::knock::{Answer, Door, Page, Unreached};
use glassbox_config::Environment;
use std::{path::Path, time::Duration};

const HOP: Hop = Hop::Port;

/// What is known beside the address itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Surroundings<'a> {
    pub(super) environment: &'a Environment,
    /// A backend of ours that runs here, wherever it listens.
    pub(super) known: Option<&'a Known>,
    pub(super) patience: Duration,
}

/// Looks at one way that signals take.
pub(super) async fn look(target: &Target, around: Surroundings<'_>) -> Finding {
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
    match &answer {
        Answer::Tls if target.is_encrypted() => {
            Finding::well(HOP, format!("{shown} is open and speaks TLS"))
        }
        Answer::Http2 if !target.is_encrypted() && target.is_grpc() => Finding::well(
            HOP,
            format!("{shown} is open and speaks HTTP/2, as gRPC does"),
        ),
        Answer::Http(page) if is_plain_http(target) && is_receiver(page) => {
            Finding::well(HOP, format!("{shown} is open and takes OTLP over HTTP"))
        }
        Answer::Http(page) if is_plain_http(target) => wrong_page(target, &door, page).await,
        Answer::Silent => silent(target, around),
        _ => wrong_language(target, &door, &answer).await,
    }
}

fn is_plain_http(target: &Target) -> bool {
    !target.is_encrypted() && !target.is_grpc()
}

/// An answer as a receiver of OTLP gives it; whom it knows and whether it has room, the export shows.
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
            format!("the host {} is not known here: {error}", target.host()),
        ),
        Unreached::Refused => ("nobody_listens", format!("nobody listens at {shown}")),
        Unreached::Timeout(patience) => (
            "no_connection",
            format!("{shown} does not accept a connection within {patience:?}"),
        ),
        Unreached::Other(error) => ("no_connection", format!("{shown} is not reached: {error}")),
    };
    Finding::broken(HOP, code, what, way_there(target, around))
}

/// What to do about an address that leads nowhere.
fn way_there(target: &Target, around: Surroundings<'_>) -> String {
    let environment = around.environment;
    if target.is_loopback()
        && let Some(known) = around.known
    {
        let there = known.endpoint(target.is_grpc());
        return format!(
            "the backend that runs here receives at {there}: set OTEL_EXPORTER_OTLP_ENDPOINT to \
             {there}"
        );
    }
    if target.is_loopback() {
        let start = "start the backend with 'glassbox up'; applications that run already connect \
                     again by themselves within seconds";
        return match is_in_container(environment) {
            false => start.to_owned(),
            true => format!(
                "{start}; if it runs in another container, {} is the wrong name for it here: set \
                 OTEL_EXPORTER_OTLP_ENDPOINT to its service name, such as http://otel-collector:{}",
                target.host(),
                target.port()
            ),
        };
    }
    let proxies = proxies(environment);
    if let Some(proxy) = proxies.first() {
        return format!(
            "telemetry is sent directly and {proxy} is not followed: open the network to {}, or \
             send to a collector on this side of the proxy",
            target.shown()
        );
    }
    format!(
        "see that the collector runs, that its address is right ({}), and that no firewall is between",
        target.origin
    )
}

/// Accepted, and no word: the listener's process is there and does not work.
fn silent(target: &Target, around: Surroundings<'_>) -> Finding {
    let (what, mend) = match around.known.and_then(Known::stopped_collector) {
        Some(pid) => (
            format!("the collector, process {pid}, is stopped (SIGSTOP) and answers nothing"),
            format!("let it go on with 'kill -CONT {pid}'"),
        ),
        None => (
            format!(
                "{} accepts connections and answers nothing within {:?}",
                target.shown(),
                around.patience
            ),
            "see what the collector is busy with, and start it again".to_owned(),
        ),
    };
    Finding::broken(Hop::Collector, "collector_silent", what, mend)
}

/// HTTP is spoken, and not OTLP at this path.
async fn wrong_page(target: &Target, door: &Door, page: &Page) -> Finding {
    let (shown, path) = (target.shown(), target.path());
    if door.tls().await == Answer::Tls {
        return plaintext_to_tls(target);
    }
    if doubled(path) {
        let base = path
            .trim_end_matches('/')
            .rsplit("/v1/")
            .nth(2)
            .unwrap_or("");
        let mend = format!("set OTEL_EXPORTER_OTLP_ENDPOINT to {shown}{base}, without /v1/…");
        let what = format!(
            "{shown} has nothing at {path}: the endpoint of all signals is a base, to which /v1/… \
             is appended ({})",
            target.origin
        );
        return Finding::broken(HOP, "path_doubled", what, mend);
    }
    if target.is_own && !path.contains("/v1/") {
        let signal = target.signals[0];
        let mend = format!(
            "set {} to {shown}/v1/{}",
            signal.variable("ENDPOINT"),
            signal.as_str()
        );
        let what = format!(
            "{shown} has nothing at {path}: the endpoint of one signal is used as it is, and has no \
             path ({})",
            target.origin
        );
        return Finding::broken(HOP, "path_missing", what, mend);
    }
    if page.status == 404 && door.http2().await == Answer::Http2 && !is_for_people(page) {
        return http_to_grpc(target);
    }
    if let Some(known) = super::backend::at(&shown).await {
        let there = known.endpoint(false);
        let what = format!("{shown} is the page of the backend, which takes no OTLP");
        let mend = format!("set OTEL_EXPORTER_OTLP_ENDPOINT to {there}");
        return Finding::broken(HOP, "page_instead", what, mend);
    }
    somebody_else(target, page)
}

/// `/v1/traces/v1/traces`.
fn doubled(path: &str) -> bool {
    path.matches("/v1/").count() > 1
}

fn is_for_people(page: &Page) -> bool {
    let kind = page.content_type.as_deref();
    kind.is_some_and(|kind| kind.starts_with("text/html"))
}

/// The right address, the wrong language.
async fn wrong_language(target: &Target, door: &Door, answer: &Answer) -> Finding {
    let shown = target.shown();
    // What it did not understand, it may have answered in its own words already.
    let plain = match answer {
        Answer::Http(_) => answer.clone(),
        _ => door.post_nothing("/v1/traces").await,
    };
    let speaks_tls = *answer == Answer::Tls || door.tls().await == Answer::Tls;
    let speaks_http2 = *answer == Answer::Http2 || door.http2().await == Answer::Http2;
    match (&plain, target.is_encrypted()) {
        _ if speaks_tls && !target.is_encrypted() => plaintext_to_tls(target),
        (Answer::Http(_), true) => tls_to_plaintext(target),
        _ if speaks_http2 && target.is_encrypted() => tls_to_plaintext(target),
        _ if speaks_http2 && !target.is_grpc() => http_to_grpc(target),
        (Answer::Http(page), _) if is_receiver(page) => grpc_to_http(target),
        (Answer::Http(page), _) => somebody_else(target, page),
        (Answer::Other(words), _) => Finding::broken(
            HOP,
            "somebody_else",
            format!("something else listens at {shown}; it says \"{words}\""),
            elsewhere(target),
        ),
        _ => Finding::broken(
            HOP,
            "somebody_else",
            format!("{shown} accepts connections and ends them without a word"),
            elsewhere(target),
        ),
    }
}

fn somebody_else(target: &Target, page: &Page) -> Finding {
    let mut what = format!(
        "something else listens at {}; it answered OTLP with status {}",
        target.shown(),
        page.status
    );
    if let Some(server) = &page.server {
        what.push_str(&format!(", server {server}"));
    }
    let line = page.first_line();
    if !line.is_empty() {
        what.push_str(&format!(": {line}"));
    }
    Finding::broken(HOP, "somebody_else", what, elsewhere(target))
}

fn elsewhere(target: &Target) -> String {
    format!(
        "stop it and start the collector there, or set the endpoint to where the collector listens \
         ({})",
        target.origin
    )
}

fn http_to_grpc(target: &Target) -> Finding {
    Finding::broken(
        HOP,
        "http_to_grpc",
        format!(
            "{} speaks gRPC, and the protocol is {}",
            target.shown(),
            target.protocol
        ),
        "set OTEL_EXPORTER_OTLP_PROTOCOL to grpc, or the endpoint to the port of OTLP over HTTP, \
         which is usually 4318",
    )
}

/// Also what an export finds where a port speaks HTTP/2 and has no gRPC on it.
pub(super) fn grpc_to_http(target: &Target) -> Finding {
    Finding::broken(
        HOP,
        "grpc_to_http",
        format!(
            "{} takes OTLP over HTTP, and the protocol is grpc",
            target.shown()
        ),
        "set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, or the endpoint to the port of gRPC, \
         which is usually 4317",
    )
}

fn plaintext_to_tls(target: &Target) -> Finding {
    let what = format!("{} speaks TLS, and is spoken to without", target.shown());
    let mend = format!("write https:// in the endpoint ({})", target.origin);
    Finding::broken(HOP, "plaintext_to_tls", what, mend)
}

fn tls_to_plaintext(target: &Target) -> Finding {
    let what = format!("{} speaks no TLS, and is spoken to in it", target.shown());
    let mend = format!("write http:// in the endpoint ({})", target.origin);
    Finding::broken(HOP, "tls_to_plaintext", what, mend)
}

fn is_in_container(environment: &Environment) -> bool {
    environment.get("KUBERNETES_SERVICE_HOST").is_some() || Path::new("/.dockerenv").exists()
}
