//! SIGHUP, which means two things: the terminal is gone, or somebody wants a reload.

use rustix::{io::Errno, termios::tcgetattr};
use std::io::{IsTerminal, stderr, stdin, stdout};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Hears SIGHUP from when it is made.
#[derive(Debug)]
pub(super) struct Hangup {
    /// None where it cannot be heard: then it ends the process by itself.
    signals: Option<Signal>,
    /// Whether there was a terminal to lose.
    on_terminal: bool,
}

/// What a SIGHUP asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The terminal was closed: nobody is there to see this run.
    Leave,
    /// Somebody sent it.
    Reload,
}

impl Hangup {
    /// Begins to hear it.
    pub(super) fn heed() -> Self {
        Self {
            signals: signal(SignalKind::hangup()).ok(),
            on_terminal: stdin().is_terminal() || stdout().is_terminal() || stderr().is_terminal(),
        }
    }

    /// Waits for the next one, and tells what it asks for.
    pub(super) async fn next(&mut self) -> Meaning {
        let heard = match &mut self.signals {
            Some(signals) => signals.recv().await,
            None => None,
        };
        match heard {
            Some(()) if self.on_terminal && terminal_is_gone() => Meaning::Leave,
            Some(()) => Meaning::Reload,
            None => std::future::pending().await,
        }
    }
}

/// Of a terminal that was closed every question fails with an input/output error.
fn terminal_is_gone() -> bool {
    let gone = |asked: rustix::io::Result<_>| matches!(asked, Err(Errno::IO));
    gone(tcgetattr(stdin())) || gone(tcgetattr(stdout())) || gone(tcgetattr(stderr()))
}
