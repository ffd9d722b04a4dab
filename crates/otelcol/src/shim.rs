//! The shim: this program executes itself, asks to be killed with its parent, and becomes `otelcol`.
//!
//! The kernel sends a signal on the death of the parent only to a process that has asked for it,
//! between fork and exec. Doing that in a forked copy of a threaded process needs unsafe code. A
//! program that is executed again, asks, and then executes the collector does not.

use std::ffi::OsString;
use std::path::Path;

/// Marks the arguments of the shim; the parent's process id and the command follow.
const MARK: &str = "__glassbox-otelcol-of";

/// The permission to run a collector as a child of this process.
///
/// `main` gets it from [`arm`](Self::arm); a [`Launch`](crate::Launch) needs it.
#[derive(Debug, Clone)]
pub struct Shim {
    arguments: Vec<OsString>,
}

impl Shim {
    /// Returns the permission; if this process was executed as the shim, becomes the collector
    /// instead and does not return.
    ///
    /// On Linux the collector is killed when its parent ends, for whatever reason. Elsewhere it is
    /// started without the shim.
    ///
    /// Call this first in `main`, before parsing arguments, starting threads or opening files.
    #[must_use]
    pub fn arm() -> Self {
        let mut arguments = std::env::args_os().skip_while(|argument| argument != MARK);
        if arguments.next().is_some() {
            become_collector(arguments.collect());
        }
        Self {
            arguments: Vec::new(),
        }
    }

    /// Sets the arguments with which this program reaches [`arm`](Self::arm), for programs whose
    /// `main` is generated, such as tests. Default none.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the command that becomes `program`; its arguments are still to be added.
    #[cfg(target_os = "linux")]
    pub(crate) fn command(&self, program: &Path) -> std::process::Command {
        // The running file, even if it was replaced on disk.
        let mut command = std::process::Command::new("/proc/self/exe");
        command
            .args(&self.arguments)
            .arg(MARK)
            .arg(std::process::id().to_string())
            .arg(program);
        command
    }

    /// Returns the command that starts `program`; its arguments are still to be added.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn command(&self, program: &Path) -> std::process::Command {
        std::process::Command::new(program)
    }
}

/// The shim's exit status if it cannot execute the collector, as in shells.
const NOT_EXECUTED: i32 = 126;

fn become_collector(arguments: Vec<OsString>) -> ! {
    let error = tie_and_execute(arguments);
    // The parent reads this from the collector's log; this process has no log.
    let words = format!("the collector could not be executed: {error}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
    std::process::exit(NOT_EXECUTED)
}

#[cfg(target_os = "linux")]
fn tie_and_execute(arguments: Vec<OsString>) -> std::io::Error {
    use rustix::process::{Signal, getppid, set_parent_process_death_signal};
    use std::io::Error;
    use std::os::unix::process::CommandExt;

    let mut arguments = arguments.into_iter();
    let parent = arguments.next().and_then(|pid| pid.to_str()?.parse().ok());
    let (Some(parent), Some(program)) = (parent, arguments.next()) else {
        return Error::other("the parent or the program is missing");
    };
    // Not SIGTERM: a collector that drains to an unreachable remote would outlive its parent, and
    // write to files that the next owner of the data folder uses.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // The parent may have died before the line above.
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return Error::other("its parent has ended");
    }
    std::process::Command::new(program).args(arguments).exec()
}

#[cfg(not(target_os = "linux"))]
fn tie_and_execute(_: Vec<OsString>) -> std::io::Error {
    std::io::Error::other("the shim is not supported on this system")
}
