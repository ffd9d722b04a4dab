//! A collector that exited or did not become ready.

use std::net::SocketAddr;

use crate::launch::sentence;
use crate::port_owner::PortOwner;
use crate::process::{NotReady, Process};

/// How a collector failed.
#[derive(Debug, Default)]
pub(in crate::supervisor) struct Failed {
    pub(super) status: String,
    pub(super) last_words: String,
    /// Another process uses one of its ports.
    pub(in crate::supervisor) port_taken: bool,
    /// It was killed because it was not ready in time.
    pub(super) late: bool,
}

impl Failed {
    /// It could not be started.
    pub(super) fn not_started(error: &(dyn std::error::Error + 'static)) -> Self {
        Self {
            status: format!("not started: {}", sentence(error)),
            ..Self::default()
        }
    }

    /// It exited with this status.
    pub(super) fn ended(process: &Process, status: String) -> Self {
        Self {
            status,
            last_words: process.journal().last_words(),
            port_taken: process.journal().signs().borrow().port_taken,
            late: false,
        }
    }

    /// It did not become ready; kills it if it is still running.
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

    /// Returns the last line of its log.
    pub(super) fn last_line(&self) -> &str {
        self.last_words.lines().last().unwrap_or_default()
    }

    /// Returns how it exited and the end of its log as one line.
    pub(super) fn words(&self) -> String {
        if self.last_words.is_empty() {
            return self.status.clone();
        }
        format!("{}; {}", self.status, self.last_words.replace('\n', "; "))
    }
}

/// Returns the address in use from a collector's error:
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
