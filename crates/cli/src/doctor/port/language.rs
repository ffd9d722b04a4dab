//! Detects the actual protocol if it is not the configured one.

use super::{
    HOP, another_program, is_receiver,
    page::{page_instead, said},
};
use crate::{
    doctor::{finding::Finding, target::Target},
    knock::{Answer, Door},
};

/// Detects the protocol if the configured one got no response. `None` if there is no response at all.
pub(super) async fn wrong(target: &Target, door: &Door, answer: Answer) -> Option<Finding> {
    if answer == Answer::Tls {
        return Some(plaintext_to_tls(target));
    }
    let plain = door.post_nothing("/v1/traces").await;
    if let Answer::Http(page) = &plain {
        return Some(match page {
            _ if target.is_encrypted() => tls_to_plaintext(target),
            page if is_receiver(page) => grpc_to_http(target),
            page if page.status == 400 && door.tls().await == Answer::Tls => {
                plaintext_to_tls(target)
            }
            page => match page_instead(target, door).await {
                Some(finding) => finding,
                None => another_program(target, door, said(page)).await,
            },
        });
    }
    let (http2, tls) = tokio::join!(door.http2(), door.tls());
    if tls == Answer::Tls && !target.is_encrypted() {
        return Some(plaintext_to_tls(target));
    }
    if http2 == Answer::Http2 || plain == Answer::Http2 {
        return Some(match target.is_encrypted() {
            true => tls_to_plaintext(target),
            false => http_to_grpc(target),
        });
    }
    let answers = [answer, plain, http2, tls];
    let words = answers.iter().find_map(|answer| match answer {
        Answer::Other(words) => Some(format!("it answers \"{words}\"")),
        _ => None,
    });
    let is_silent = answers.iter().all(|answer| *answer == Answer::Silent);
    match words {
        None if is_silent => None,
        None => {
            let said = "it accepts connections and closes them without an answer".to_owned();
            Some(another_program(target, door, said).await)
        }
        Some(words) => Some(another_program(target, door, words).await),
    }
}

pub(super) fn http_to_grpc(target: &Target) -> Finding {
    Finding::broken(
        HOP,
        "http_to_grpc",
        format!(
            "{} speaks gRPC, but the protocol is {}",
            target.shown(),
            target.protocol
        ),
        "set OTEL_EXPORTER_OTLP_PROTOCOL to grpc, or use the port of OTLP over HTTP, usually 4318",
    )
}

/// Also used for an export to a port that supports HTTP/2 without gRPC.
pub(in crate::doctor) fn grpc_to_http(target: &Target) -> Finding {
    Finding::broken(
        HOP,
        "grpc_to_http",
        format!(
            "{} accepts OTLP over HTTP, but the protocol is grpc",
            target.shown()
        ),
        "set OTEL_EXPORTER_OTLP_PROTOCOL to http/protobuf, or use the port of gRPC, usually 4317",
    )
}

pub(super) fn plaintext_to_tls(target: &Target) -> Finding {
    let what = format!(
        "{} speaks TLS, but the endpoint does not use it ({})",
        target.shown(),
        target.origin
    );
    let fix = target.set_to(&target.with_scheme("https"));
    Finding::broken(HOP, "plaintext_to_tls", what, fix)
}

fn tls_to_plaintext(target: &Target) -> Finding {
    let what = format!(
        "{} does not speak TLS, but the endpoint uses it ({})",
        target.shown(),
        target.origin
    );
    let fix = target.set_to(&target.with_scheme("http"));
    Finding::broken(HOP, "tls_to_plaintext", what, fix)
}
