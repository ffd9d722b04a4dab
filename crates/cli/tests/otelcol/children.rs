//! Processes, as reported by the kernel.

use crate::glassbox::until;
use std::{fs, process::Command};

/// Sends a signal to a process.
pub(crate) fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill")
        .args([format!("-{name}"), pid.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name} {pid}");
}

/// Sends a signal to every process in a group.
pub(crate) fn signal_group(group: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), "--", &format!("-{group}")])
        .status()
        .unwrap();
    assert!(sent.success(), "kill -{name} -- -{group}");
}

/// The process group of a process.
pub(crate) fn group(pid: u32) -> u32 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
    let (_, rest) = stat.rsplit_once(") ").unwrap();
    rest.split(' ').nth(2).unwrap().parse().unwrap()
}

/// Whether a process runs. A zombie does not.
pub(crate) fn runs(pid: u32) -> bool {
    // The state follows the name, which ends with the last bracket.
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = stat.rsplit_once(") ").map(|(_, rest)| &rest[..1]);
    !matches!(state, None | Some("Z" | "X"))
}

pub(crate) fn until_gone(pid: u32) {
    until("the collector to end", || (!runs(pid)).then_some(()));
}

/// The program, its arguments and its environment, as visible to other processes.
pub(crate) fn command_line(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

/// The children of a process.
pub(crate) fn of(parent: u32) -> Vec<u32> {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let rest = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
        rest.split(' ').nth(1) == Some(&parent.to_string())
    })
    .collect()
}
