//! Posts to a webhook as a service does: over one connection that stays open, telling apart an answer and
//! none.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use super::PATIENCE;

/// A connection to one daemon.
pub(crate) struct Poster {
    address: SocketAddr,
    stream: Option<BufReader<TcpStream>>,
}

impl Poster {
    pub(crate) fn to(address: SocketAddr) -> Self {
        Self {
            address,
            stream: None,
        }
    }

    /// The status of the answer; `None` if none came.
    pub(crate) fn post(&mut self, path: &str, header: &str, body: &str) -> Option<u16> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\n{header}\r\nContent-Length: {}\r\n\r\n{body}",
            self.address,
            body.len()
        );
        let mut stream = match self.stream.take() {
            Some(open) => open,
            None => BufReader::new(self.connect()?),
        };
        stream.get_mut().write_all(request.as_bytes()).ok()?;
        let status = answer(&mut stream)?;
        self.stream = Some(stream);
        Some(status)
    }

    fn connect(&self) -> Option<TcpStream> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(stream)
    }
}

fn answer(stream: &mut BufReader<TcpStream>) -> Option<u16> {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if stream.read_line(&mut head).ok()? == 0 {
            return None;
        }
    }
    let length = head
        .to_ascii_lowercase()
        .lines()
        .find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
    let mut body = vec![0; length.unwrap_or(0)];
    stream.read_exact(&mut body).ok()?;
    head.split(' ').nth(1)?.parse().ok()
}
