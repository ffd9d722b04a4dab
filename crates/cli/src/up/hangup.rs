//! SIGHUP, which has two meanings: the terminal was closed, or a reload was requested.

use rustix::{io::Errno, termios::tcgetattr};
use std::io::{IsTerminal, stderr, stdin, stdout};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Receives SIGHUP.
#[derive(Debug)]
pub(super) struct Hangup {
    /// `None` if no handler could be installed: then the signal terminates the process.
    signals: Option<Signal>,
    /// Whether the process started on a terminal.
    on_terminal: bool,
}

/// What a SIGHUP requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The terminal was closed.
    Leave,
    /// A process sent the signal.
    Reload,
}

impl Hangup {
    /// Installs the handler.
    pub(super) fn listen() -> Self {
        Self {
            signals: signal(SignalKind::hangup()).ok(),
            on_terminal: stdin().is_terminal() || stdout().is_terminal() || stderr().is_terminal(),
        }
    }

    /// Waits for the next signal and returns its meaning.
    pub(super) async fn next(&mut self) -> Meaning {
        let received = match &mut self.signals {
            Some(signals) => signals.recv().await,
            None => None,
        };
        match received {
            Some(()) if self.on_terminal && terminal_is_gone() => Meaning::Leave,
            Some(()) => Meaning::Reload,
            None => std::future::pending().await,
        }
    }
}

/// Every query of a closed terminal fails with an input/output error.
fn terminal_is_gone() -> bool {
    let gone = |result: rustix::io::Result<_>| matches!(result, Err(Errno::IO));
    gone(tcgetattr(stdin())) || gone(tcgetattr(stdout())) || gone(tcgetattr(stderr()))
}
