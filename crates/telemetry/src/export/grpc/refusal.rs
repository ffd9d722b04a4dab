//! Errors of failed calls: connections and rejections.

use crate::export::{ExportError, error::brief};
use std::{error::Error, fmt, time::Duration};
use tonic::{Code, ConnectError, Status};
use tonic_types::StatusExt;

/// The error for the status of a call.
pub(super) fn refusal(status: Status) -> ExportError {
    // tonic reports a missing or broken connection as a status that it creates itself, with the cause as
    // its source. The code is not reliable: it depends on how tonic is built.
    let made_here = status.source().is_some();
    match status.code() {
        // The connection ended during the request.
        Code::Cancelled if made_here => {
            ExportError::Unreachable("the connection ended before an answer came".into())
        }
        _ if made_here => ExportError::Unreachable(Broken(status).into()),
        code => ExportError::Refused {
            // The name of the code, to search for, and its meaning.
            status: format!("{code:?} ({code})"),
            message: brief(status.message()),
            retry_after: retry_after(&status),
        },
    }
}

/// Returns the wait, by the OTLP specification. An exhausted resource is retried only if the backend
/// specifies a delay.
fn retry_after(status: &Status) -> Option<Duration> {
    let asked = status
        .get_details_retry_info()
        .and_then(|info| info.retry_delay);
    match status.code() {
        Code::Cancelled
        | Code::DeadlineExceeded
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unavailable
        | Code::DataLoss => Some(asked.unwrap_or_default()),
        Code::ResourceExhausted => asked,
        _ => None,
    }
}

/// A status that displays only its message: the rest is for debugging.
#[derive(Debug)]
struct Broken(Status);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.message())
    }
}

impl Error for Broken {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

/// Whether the failed connection had been established.
pub(super) fn was_connected(cause: &(dyn Error + 'static)) -> bool {
    let mut cause = Some(cause);
    while let Some(error) = cause {
        if error.is::<ConnectError>() {
            return false;
        }
        cause = error.source();
    }
    true
}

/// The end of an unencrypted connection, with a hint.
#[derive(Debug)]
pub(super) struct Unencrypted(pub(super) Box<dyn Error + Send + Sync>);

impl fmt::Display for Unencrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = &self.0;
        write!(
            f,
            "{ended} (a backend that expects TLS needs an endpoint that begins with https://)"
        )
    }
}

impl Error for Unencrypted {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.0.source()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exhausted_resource_is_tried_again_only_when_the_backend_says_so() {
        let bare = Status::resource_exhausted("quota");
        assert_eq!(retry_after(&bare), None);
        let mut details = tonic_types::ErrorDetails::new();
        details.set_retry_info(Some(Duration::from_secs(3)));
        let asked = Status::with_error_details(Code::ResourceExhausted, "slow down", details);
        assert_eq!(retry_after(&asked), Some(Duration::from_secs(3)));
    }

    #[test]
    fn a_broken_connection_is_told_by_its_cause_and_once() {
        let broken = std::io::Error::other("connection reset");
        let error = refusal(Status::from_error(broken.into()));
        assert!(error.is_unreachable(), "{error:?}");
        assert_eq!(
            error.line(),
            "failed to reach the backend: connection reset"
        );
    }

    #[test]
    fn a_broken_connection_is_no_refusal_whatever_code_it_is_given() {
        for code in [
            Code::Internal,
            Code::ResourceExhausted,
            Code::PermissionDenied,
            Code::Unavailable,
            Code::Cancelled,
        ] {
            let mut status = Status::new(code, "h2 protocol error");
            let is_unreachable = |status: &Status| refusal(status.clone()).is_unreachable();
            assert!(!is_unreachable(&status), "from the backend: {code:?}");
            status.set_source(std::sync::Arc::new(std::io::Error::other("go away")));
            assert!(is_unreachable(&status), "made here: {code:?}");
        }
    }

    #[test]
    fn a_refusal_is_kept_in_one_short_line() {
        let long = format!("{}\nmore", "x".repeat(1000));
        let line = refusal(Status::internal(long)).line();
        assert!(line.len() < 300 && !line.contains("more"), "{line}");
    }

    #[test]
    fn a_refusal_has_the_name_of_its_code() {
        let line = refusal(Status::unauthenticated("no token")).line();
        assert_eq!(
            line,
            "failed to export: rejected with Unauthenticated (The request does not have valid \
             authentication credentials): no token"
        );
    }

    #[test]
    fn what_can_never_succeed_is_not_tried_again() {
        for code in [
            Code::InvalidArgument,
            Code::Unauthenticated,
            Code::PermissionDenied,
            Code::Unimplemented,
            Code::Internal,
        ] {
            assert_eq!(retry_after(&Status::new(code, "")), None, "{code:?}");
        }
        assert!(retry_after(&Status::unavailable("")).is_some());
    }
}
