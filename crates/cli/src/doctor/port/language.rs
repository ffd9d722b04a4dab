//! The right address, the wrong language: which one is spoken there instead.

use super::{
    HOP, is_receiver,
    page::{page_instead, said},
    somebody_else,
};
use crate::{
    doctor::{finding::Finding, target::Target},
    knock::{Answer, Door},
};

/// Finds out what is spoken, after what was spoken to it was not answered in kind; `None` is nothing
/// at all.
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
                None => somebody_else(target, door, said(page)).await,
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
        Answer::Other(words) => Some(format!("it says \"{words}\"")),
        _ => None,
    });
    let is_silent = answers.iter().all(|answer| *answer == Answer::Silent);
    match words {
        None if is_silent => None,
        None => {
            let said = "it accepts connections and ends them without a word".to_owned();
            Some(somebody_else(target, door, said).await)
        }
        Some(words) => Some(somebody_else(target, door, words).await),
    }
}

pub(super) fn http_to_grpc(target: &Target) -> Finding {
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
pub(in crate::doctor) fn grpc_to_http(target: &Target) -> Finding {
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

pub(super) fn plaintext_to_tls(target: &Target) -> Finding {
    let what = format!(
        "{} speaks TLS, and is spoken to without ({})",
        target.shown(),
        target.origin
    );
    let mend = target.set_to(&target.with_scheme("https"));
    Finding::broken(HOP, "plaintext_to_tls", what, mend)
}

fn tls_to_plaintext(target: &Target) -> Finding {
    let what = format!(
        "{} speaks no TLS, and is spoken to in it ({})",
        target.shown(),
        target.origin
    );
    let mend = target.set_to(&target.with_scheme("http"));
    Finding::broken(HOP, "tls_to_plaintext", what, mend)
}
