//! Finds the process that listens on a port, on Linux.

use std::fmt;
use std::net::SocketAddr;

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PortOwner {
    /// Its process id.
    pub pid: u32,
    /// The name of its program.
    pub program: String,
}

/// As part of a sentence: `process 4711 (redis-server)`.
impl fmt::Display for PortOwner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "process {} ({})", self.pid, self.program)
    }
}

impl PortOwner {
    /// Finds the process that prevents listening on `address`. Without root it finds only processes
    /// of the same user, and on other systems than Linux none.
    ///
    /// This looks at every process, so call it only after an error.
    pub async fn of(address: SocketAddr) -> Option<Self> {
        let found = tokio::task::spawn_blocking(move || system::owner(address)).await;
        found.ok().flatten()
    }
}

#[cfg(target_os = "linux")]
mod system {
    use std::fs;
    use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
    use std::path::Path;

    use super::PortOwner;

    /// The state of a socket that listens, in `/proc/net/tcp`.
    const LISTENING: &str = "0A";

    pub(super) fn owner(address: SocketAddr) -> Option<PortOwner> {
        let inode = inode(address)?;
        let link = format!("socket:[{inode}]");
        let processes = fs::read_dir("/proc").ok()?.flatten();
        processes
            .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
            .find(|(_, process)| holds(process, &link))
            .map(|(pid, process)| PortOwner {
                pid,
                program: program(&process),
            })
    }

    /// Returns the inode of the socket that listens on an address or on all of them.
    fn inode(address: SocketAddr) -> Option<String> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let tables = tables.map(|table| fs::read_to_string(table).unwrap_or_default());
        let mut rows = tables.iter().flat_map(|table| table.lines().skip(1));
        rows.find_map(|row| listener(row, address))
            .map(str::to_owned)
    }

    /// Returns the inode of a row, if its listener conflicts with `address`.
    pub(super) fn listener(row: &str, address: SocketAddr) -> Option<&str> {
        let mut columns = row.split_whitespace();
        let (ip, port) = columns.nth(1)?.split_once(':')?;
        let in_the_way = columns.nth(1)? == LISTENING
            && u16::from_str_radix(port, 16) == Ok(address.port())
            && meets(read_ip(ip)?, address.ip());
        in_the_way.then(|| columns.nth(5)).flatten()
    }

    /// Returns whether two listeners on one port conflict.
    fn meets(one: IpAddr, other: IpAddr) -> bool {
        one == other || one.is_unspecified() || other.is_unspecified()
    }

    /// Reads an address as the kernel prints it: words of four bytes in the machine's order.
    fn read_ip(hex: &str) -> Option<IpAddr> {
        let words = hex.as_bytes().chunks(8).map(|word| {
            let word = std::str::from_utf8(word).ok()?;
            Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
        });
        let bytes = words.collect::<Option<Vec<_>>>()?.concat();
        if let Ok(four) = <[u8; 4]>::try_from(bytes.as_slice()) {
            return Some(Ipv4Addr::from(four).into());
        }
        let sixteen = <[u8; 16]>::try_from(bytes).ok()?;
        Some(Ipv6Addr::from(sixteen).to_canonical())
    }

    fn holds(process: &Path, link: &str) -> bool {
        // The files of other users' processes are not readable.
        let Ok(files) = fs::read_dir(process.join("fd")) else {
            return false;
        };
        let mut links = files
            .flatten()
            .filter_map(|file| fs::read_link(file.path()).ok());
        links.any(|target| target.as_os_str() == link)
    }

    /// Returns the name of a process. The kernel cuts it after 15 characters, so prefer the name of the
    /// executable file if it begins with it.
    fn program(process: &Path) -> String {
        let comm = fs::read_to_string(process.join("comm")).unwrap_or_default();
        let comm = comm.trim();
        let file = fs::read_link(process.join("exe")).ok();
        let file = file.and_then(|path| Some(path.file_name()?.to_str()?.to_owned()));
        match file {
            Some(file) if file.starts_with(comm) => file,
            _ if comm.is_empty() => "unknown".to_owned(),
            _ => comm.to_owned(),
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    pub(super) fn owner(_: std::net::SocketAddr) -> Option<super::PortOwner> {
        None
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn rows_of_the_kernel_are_read() {
        let row = |local: &str, state: &str| {
            format!(
                "   0: {local} 00000000:0000 {state} 00000000:00000000 00:00000000 00000000     0        0 4711 1 0 100"
            )
        };
        let address: SocketAddr = "127.0.0.1:4317".parse().unwrap();
        for (local, state, expected) in [
            ("0100007F:10DD", "0A", Some("4711")),
            ("00000000:10DD", "0A", Some("4711")),
            ("0200007F:10DD", "0A", None),
            ("0100007F:10DE", "0A", None),
            ("0100007F:10DD", "01", None),
            ("00000000000000000000000000000000:10DD", "0A", Some("4711")),
            ("0000000000000000FFFF00000100007F:10DD", "0A", Some("4711")),
            ("00000000000000000000000001000000:10DD", "0A", None),
        ] {
            let row = row(local, state);
            assert_eq!(system::listener(&row, address), expected, "{local} {state}");
        }
    }

    #[tokio::test]
    async fn the_owner_of_a_port_is_named() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let owner = PortOwner::of(address).await.unwrap();
        assert_eq!(owner.pid, std::process::id());
        let program = std::env::current_exe().unwrap();
        assert_eq!(
            owner.program,
            program.file_name().unwrap().to_str().unwrap()
        );
        drop(listener);
        assert_eq!(PortOwner::of(address).await, None);
    }
}
