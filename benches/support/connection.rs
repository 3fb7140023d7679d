//! One connection of the load: the opening handshake, then frames in a closed loop.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::{Result, Target, frames, latency::Latencies, stream::Stream};

/// Bytes read at a time.
const READ_BYTES: usize = 16 * 1024;

/// Handshakes under way at a time while many connections are opened.
const OPENING: usize = 64;

/// A connection and the bytes it has read but not used.
pub(crate) struct Connection {
    stream: Stream,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl Connection {
    /// Connects and, where the server speaks WebSocket, upgrades with the token.
    pub(crate) async fn open(target: &Target) -> Result<Self> {
        let stream = TcpStream::connect(target.address).await?;
        stream.set_nodelay(true)?;
        let stream = match &target.tls {
            None => Stream::Plain(stream),
            Some(tls) => tls.connect(stream).await?,
        };
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

    /// `count` connections that are all open.
    pub(crate) async fn open_many(target: &Target, count: usize) -> Result<Vec<Self>> {
        let mut open = Vec::with_capacity(count);
        while open.len() < count {
            let batch = OPENING.min(count - open.len());
            let opening = (0..batch).map(|_| Self::open(target));
            for connection in futures_util::future::join_all(opening).await {
                open.push(connection?);
            }
        }
        Ok(open)
    }

    async fn upgrade(&mut self, target: &Target) -> Result<()> {
        let request = format!(
            "GET / HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             Authorization: Bearer {}\r\n\r\n",
            target.address, target.token
        );
        self.stream.write_all(request.as_bytes()).await?;
        self.stream.flush().await?;
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
        self.stream.flush().await?;
        self.output.clear();
        Ok(())
    }

    /// Reads once and passes on each complete text message; returns how many there were.
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
            // Idle connections keep no buffer, so that thousands of them fit in memory.
            self.input = Vec::new();
        }
        Ok(count)
    }

    /// Reads to the end of the connection; returns the code of the close frame, if there was one.
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

    /// Sends one message and waits for its answer.
    pub(crate) async fn ask(&mut self, text: &str) -> Result<()> {
        self.push(text);
        self.flush().await?;
        while self.read(|_| {}).await? == 0 {}
        Ok(())
    }

    /// Keeps `in_flight` messages under way until `until`, then waits for the answers still due.
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

    /// Resets the connection: no port is left in `TIME_WAIT`, so the bench never runs out of ports.
    pub(crate) fn abort(self) -> Result<()> {
        self.stream.tcp().set_zero_linger()?;
        Ok(())
    }
}

/// Latencies that all tasks of the one thread add to.
pub(crate) type SharedLatencies = std::rc::Rc<std::cell::RefCell<Latencies>>;
