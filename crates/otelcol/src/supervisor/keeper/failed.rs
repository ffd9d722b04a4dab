//! A collector that ended, or never was ready.

use std::net::SocketAddr;

use crate::launch::sentence;
use crate::port_owner::PortOwner;
use crate::process::{NotReady, Process};

/// How a collector failed.
#[derive(Debug, Default)]
pub(in crate::supervisor) struct Failed {
    pub(super) status: String,
    pub(super) last_words: String,
    /// Somebody else has a port of its.
    pub(in crate::supervisor) port_taken: bool,
    /// It did not end: it was not ready in time, and was killed.
    pub(super) late: bool,
}

impl Failed {
    /// It could not be started at all.
    pub(super) fn not_started(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            status: format!("not started: {}", sentence(error)),
            ..Self::default()
        }
    }

    /// It was started, and has ended so.
    pub(super) fn ended(process: &Process, status: String) -> Self {
        Self {
            status,
            last_words: process.journal().last_words(),
            port_taken: process.journal().signs().borrow().port_taken,
            late: false,
        }
    }

    /// It did not become ready: ends it, if it has not ended.
    pub(super) async fn not_ready(mut process: Process, reason: NotReady) -> Self {
        match reason {
            NotReady::Ended(status) => {
                let mut failed = Self::ended(&process, status);
                if let Some(address) = taken(&failed.last_words)
                    && let Some(owner) = PortOwner::of(address).await
                {
                    failed.last_words += &format!("\n{owner} has {address}");
                }
                failed
            }
            NotReady::Late(patience) => {
                process.kill().await;
                let status = format!("killed: not ready within {patience:?}");
                Self {
                    late: true,
                    ..Self::ended(&process, status)
                }
            }
        }
    }

    /// Returns the last thing that it said.
    pub(super) fn last_line(&self) -> &str {
        self.last_words.lines().last().unwrap_or_default()
    }

    /// Returns how it ended as one text.
    pub(super) fn words(&self) -> String {
        if self.last_words.is_empty() {
            return self.status.clone();
        }
        format!("{}; {}", self.status, self.last_words.replace('\n', "; "))
    }
}

/// Returns the address that a collector says somebody else has:
/// `… listen tcp 127.0.0.1:8889: bind: address already in use`.
fn taken(words: &str) -> Option<SocketAddr> {
    let (before, _) = words.split_once(": bind: address already in use")?;
    let address = before.rsplit(' ').next()?;
    match address.strip_prefix(':') {
        // All addresses.
        Some(port) => Some(([0, 0, 0, 0], port.parse().ok()?).into()),
        None => address.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_that_is_taken_is_read_from_what_a_collector_says() {
        for (words, address) in [
            (
                "Error: listen tcp 127.0.0.1:8889: bind: address already in use",
                Some("127.0.0.1:8889"),
            ),
            (
                "a\nlisten tcp :8889: bind: address already in use\nb",
                Some("0.0.0.0:8889"),
            ),
            (
                "listen tcp [::1]:9: bind: address already in use",
                Some("[::1]:9"),
            ),
            ("listen udp nowhere: bind: address already in use", None),
            ("address already in use", None),
            ("", None),
        ] {
            let expected = address.map(|address| address.parse().unwrap());
            assert_eq!(taken(words), expected, "{words}");
        }
    }
}
