//! The shim: this program, executed again to become `otelcol` tied to its parent's life.
//!
//! The kernel offers a signal on the death of the parent, but only to the process that asks for
//! it, after the fork and before it becomes another program. Doing that in a forked copy of a
//! threaded process takes unsafe code; a program that is executed again, asks, and then executes
//! the collector does not.

use std::ffi::OsString;
use std::path::Path;

/// Tells the shim from every other way to start an application; the parent's process id and the
/// command follow it.
const MARK: &str = "__glassbox-otelcol-of";

/// The permission to run a collector as a child of this process.
///
/// [`arm`](Self::arm) gives it, to be called first thing in `main`; a [`Launch`](crate::Launch)
/// takes it.
#[derive(Debug, Clone)]
pub struct Shim {
    arguments: Vec<OsString>,
}

impl Shim {
    /// Becomes the collector if this process was executed for that, and never returns then;
    /// otherwise returns the permission to execute this program that way.
    ///
    /// On Linux the collector is killed when its parent ends, however it ends. Elsewhere it is
    /// started without the shim.
    ///
    /// Call it before anything else: the process that becomes the collector has no use for
    /// arguments read, threads started or files opened.
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

    /// Sets the arguments with which this program gets to [`arm`](Self::arm), for one whose `main`
    /// is not its own, such as a test harness. None by default.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments = arguments.into_iter().map(Into::into).collect();
        self
    }

    /// Returns the command that becomes `program`, to be completed by its arguments.
    #[cfg(target_os = "linux")]
    pub(crate) fn command(&self, program: &Path) -> std::process::Command {
        // The file that runs now, also when another one has taken its place meanwhile.
        let mut command = std::process::Command::new("/proc/self/exe");
        command
            .args(&self.arguments)
            .arg(MARK)
            .arg(std::process::id().to_string())
            .arg(program);
        command
    }

    /// Returns the command that starts `program`, to be completed by its arguments.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn command(&self, program: &Path) -> std::process::Command {
        std::process::Command::new(program)
    }
}

/// What the shim exits with when it does not become the collector, as a shell does.
const NOT_EXECUTED: i32 = 126;

fn become_collector(arguments: Vec<OsString>) -> ! {
    let error = tie_and_execute(arguments);
    // The parent reads this as the collector's last words; there is no log in this process.
    let words = format!("the collector was not executed: {error}\n");
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
        return Error::other("no parent and no program are named");
    };
    // Not SIGTERM: a collector that drains to a remote it cannot reach would outlive its parent,
    // and write to files that the next owner of the data folder takes.
    if let Err(error) = set_parent_process_death_signal(Some(Signal::KILL)) {
        return error.into();
    }
    // A parent that died before the line above sends nothing any more.
    if getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return Error::other("its parent has ended");
    }
    std::process::Command::new(program).args(arguments).exec()
}

#[cfg(not(target_os = "linux"))]
fn tie_and_execute(_: Vec<OsString>) -> std::io::Error {
    std::io::Error::other("there is no shim on this system")
}
