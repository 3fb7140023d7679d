//! One connection of the load: the opening handshake, then frames in a closed loop.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Result, Target, frames, latency::Latencies};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;

/// A connection and the bytes it has read but not used.
pub(crate) struct Connection {
    stream: TcpStream,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    /// Connects and, where the server knows it, upgrades with the token.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let mut connection = Self {
            stream,
            input: Vec::new(),
            output: Vec::new(),
        };
        if target.speaks_websocket {
            connection.upgrade(target).await?;
        }
        Ok(connection)
    }

    async fn upgrade(&mut self, target: &Target) -> Result<()> {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer {}\r\n\r\n",
            target.address, target.token
        );
        self.stream.write_all(request.as_bytes()).await?;
        let end = loop {
            let end = self.input.windows(4).position(|four| four == b"\r\n\r\n");
            match end {
                Some(end) => break end + 4,
                None => self.fill().await?,
            }
        };
        if !self.input.starts_with(b"HTTP/1.1 101 ") {
            let head = String::from_utf8_lossy(&self.input[..end]);
            return Err(format!("{} refused the upgrade: {head}", target.name).into());
        }
        self.input.drain(..end);
        Ok(())
    }

    async fn fill(&mut self) -> Result<()> {
        self.input.reserve(READ_BYTES);
        match self.stream.read_buf(&mut self.input).await? {
            0 => Err("the server closed the connection".into()),
            _ => Ok(()),
        }
    }

    /// Queues one text message for the next `flush`.
    pub(crate) fn push(&mut self, text: &str) {
        frames::push_text(&mut self.output, text);
    }

    /// Writes all that is queued, with one call where the socket takes it.
    pub(crate) async fn flush(&mut self) -> Result<()> {
        self.stream.write_all(&self.output).await?;
        self.output.clear();
        Ok(())
    }

    /// Reads once and hands on each text message that is whole; how many there were.
    pub(crate) async fn read(&mut self, mut on_text: impl FnMut(&[u8])) -> Result<usize> {
        self.fill().await?;
        let (mut at, mut count) = (0, 0);
        while let Some(frame) = frames::first(&self.input[at..]) {
            match frame.opcode {
                0x1 => {
                    on_text(frame.payload);
                    count += 1;
                }
                0x8 => return Err("the server closed the session".into()),
                0x9 => frames::push_pong(&mut self.output, frame.payload),
                _ => {}
            }
            at += frame.length;
        }
        self.input.drain(..at);
        if self.input.is_empty() {
            // A connection that waits holds nothing, so that thousands of them fit.
            self.input = Vec::new();
        }
        Ok(count)
    }

    /// Reads what still comes to the end; the code of the close frame, where there was one.
    pub(crate) async fn parting(mut self) -> Option<u16> {
        loop {
            while let Some(frame) = frames::first(&self.input) {
                if frame.opcode == 0x8 {
                    return frame
                        .payload
                        .first_chunk()
                        .map(|code| u16::from_be_bytes(*code));
                }
                let length = frame.length;
                self.input.drain(..length);
            }
            self.fill().await.ok()?;
        }
    }

    /// One message and its answer.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<()> {
        self.push(text);
        self.flush().await?;
        while self.read(|_| {}).await? == 0 {}
        Ok(())
    }

    /// Keeps `in_flight` messages on their way until `until`, then takes the answers that are due.
    pub(crate) async fn closed_loop(
        &mut self,
        in_flight: usize,
        until: Instant,
        mut next: impl FnMut() -> String,
        mut answered: impl FnMut(Duration, &[u8]),
    ) -> Result<()> {
        let mut sent = VecDeque::with_capacity(in_flight);
        loop {
            let now = Instant::now();
            while sent.len() < in_flight && now < until {
                self.push(&next());
                sent.push_back(now);
            }
            if sent.is_empty() {
                return Ok(());
            }
            self.flush().await?;
            self.read(|text| {
                let waited = sent.pop_front().map_or(Duration::ZERO, |at| at.elapsed());
                answered(waited, text);
            })
            .await?;
        }
    }

    /// Ends it at once: no port is kept waiting, so that connections can be opened for minutes.
    pub(crate) fn abort(self) -> Result<()> {
        self.stream.set_zero_linger()?;
        Ok(())
    }
}

/// Waiting times that all tasks of the one thread share.
pub(crate) type Shared = std::rc::Rc<std::cell::RefCell<Latencies>>;
