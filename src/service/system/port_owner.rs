//! Which process listens on a port. Known on Linux only, and there for processes that this user may
//! inspect.

use std::net::SocketAddr;

/// The process as `name, pid N`, where it is known.
pub fn find(address: &str) -> Option<String> {
    let address: SocketAddr = address.parse().ok()?;
    linux::find(address.port())
}

#[cfg(target_os = "linux")]
mod linux {
    use std::{fs, path::Path};

    /// `TCP_LISTEN` in `/proc/net/tcp`.
    const LISTENING: &str = "0A";

    pub(super) fn find(port: u16) -> Option<String> {
        let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
        let inode = tables.iter().find_map(|table| {
            let text = fs::read_to_string(table).ok()?;
            text.lines().find_map(|line| inode(line, port))
        })?;
        let wanted = format!("socket:[{inode}]");
        fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
            let pid: u32 = entry.file_name().to_str()?.parse().ok()?;
            if !has_file(&entry.path(), &wanted) {
                return None;
            }
            let name = fs::read_to_string(entry.path().join("comm")).ok()?;
            Some(format!("{}, pid {pid}", name.trim()))
        })
    }

    /// The inode of a listening socket: columns 2, 4 and 10 of `/proc/net/tcp`.
    fn inode(line: &str, port: u16) -> Option<String> {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let (_, hex) = columns.get(1)?.rsplit_once(':')?;
        let listens = *columns.get(3)? == LISTENING && u16::from_str_radix(hex, 16) == Ok(port);
        listens.then(|| columns.get(9).map(|&inode| inode.to_owned()))?
    }

    fn has_file(process: &Path, wanted: &str) -> bool {
        let Ok(files) = fs::read_dir(process.join("fd")) else {
            return false;
        };
        let link = |file: fs::DirEntry| fs::read_link(file.path()).ok();
        files
            .flatten()
            .filter_map(link)
            .any(|link| link.to_str() == Some(wanted))
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_listener_of_a_port_is_named() {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("bound");
            let port = listener.local_addr().expect("an address").port();
            let found = super::find(port).expect("ourselves");
            let pid = format!(", pid {}", std::process::id());
            assert!(found.ends_with(&pid), "{found}");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod linux {
    pub(super) fn find(_port: u16) -> Option<String> {
        None
    }
}
