//! A WebSocket to a service, for what it tells of its own accord: over TLS where its address says so, with a
//! limit on each message. The frames themselves are in `protocol::websocket`.
//!
//! Not here: what is said on it (`integrations`), and the client of our own gateway (`client`).

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    time::{Duration, Instant, timeout, timeout_at},
};
use tungstenite::{
    Error as WsError, Message, Utf8Bytes,
    handshake::{client::generate_key, derive_accept_key},
    protocol::{CloseFrame, Role, WebSocketContext},
};

use super::{
    Http, HttpError, HttpLimits, address,
    connection::{dial, slow},
    no_answer, not_sent,
    request::AGENT,
};
use crate::{
    config::BaseUrl,
    protocol::websocket::{self, MemoryStream},
};

/// Longest answer to the upgrade request, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// What is read at a time.
const STEP: usize = 16 * 1024;

/// How long a closing frame may take to leave.
const CLOSING: Duration = Duration::from_secs(1);

/// A connection, with TLS or without.
trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// An open WebSocket. Dropping it breaks the connection off without a closing frame.
pub struct ServiceSocket {
    host: BaseUrl,
    stream: Box<dyn Stream>,
    context: WebSocketContext,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// What a service said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SocketMessage {
    /// A text.
    Text(Utf8Bytes),
    /// It closed the connection, with this code where it gave one, and a reason.
    Closed(Option<u16>, String),
}

impl Http {
    /// Opens a WebSocket at an address that the service named, whose messages have at most so many bytes. The
    /// same hosts may be named as for files: see [`download_from`](Self::download_from).
    pub async fn websocket(
        &self,
        url: &str,
        limits: HttpLimits,
    ) -> Result<ServiceSocket, HttpError> {
        let forbidden = |why: &str| {
            let base = self.base.authority();
            HttpError::NotSent(format!(
                "{base} named an address for a WebSocket that {why}"
            ))
        };
        let as_http = url.strip_prefix("ws").map(|rest| format!("http{rest}"));
        let as_http = as_http.ok_or_else(|| forbidden("is none"))?;
        let parsed = address::parsed(&as_http);
        let (host, target) = parsed.ok_or_else(|| forbidden("is none"))?;
        let deadline = Instant::now() + limits.connect;
        let addresses = self.may_lead(&host, deadline).await?.map_err(forbidden)?;
        let tcp = dial(&host, addresses.as_deref(), deadline).await;
        let tcp = tcp.map_err(|why| not_sent(&host, &why))?;
        let stream: Box<dyn Stream> = if host.is_https() {
            let wrapped = timeout_at(deadline, self.tls.wrap(host.host(), tcp)).await;
            let wrapped = wrapped.map_err(slow).flatten();
            Box::new(wrapped.map_err(|why| not_sent(&host, &why))?)
        } else {
            Box::new(tcp)
        };
        let upgraded = timeout_at(deadline, upgrade(stream, &host, target)).await;
        let slow = |_| no_answer(&host, "did not answer the upgrade in time");
        let (stream, input) = upgraded.map_err(slow)??;
        Ok(ServiceSocket {
            stream,
            context: websocket::context(Role::Client, limits.max_bytes),
            input,
            output: Vec::new(),
            host,
        })
    }
}

impl ServiceSocket {
    /// The next message. May be cancelled: nothing is lost. Meanwhile what was queued goes out.
    pub async fn next(&mut self) -> Result<SocketMessage, HttpError> {
        loop {
            let mut stream = MemoryStream {
                input: &self.input,
                output: &mut self.output,
            };
            let read = self.context.read(&mut stream);
            let taken = self.input.len() - stream.input.len();
            self.input.drain(..taken);
            match read {
                Ok(Message::Text(text)) => return Ok(SocketMessage::Text(text)),
                Ok(Message::Close(frame)) => return Ok(closed(frame)),
                Ok(_) => {}
                Err(WsError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.move_bytes().await?;
                }
                Err(error) => return Err(self.broken(&error)),
            }
        }
    }

    /// Sends a text.
    pub async fn send(&mut self, text: String) -> Result<(), HttpError> {
        let mut stream = MemoryStream {
            input: &[],
            output: &mut self.output,
        };
        let written = self.context.write(&mut stream, Message::text(text));
        let written = written.and_then(|()| self.context.flush(&mut stream));
        written.map_err(|error| self.broken(&error))?;
        self.flush().await
    }

    /// Closes with a code, without waiting for the answer.
    pub async fn close(mut self, code: u16) {
        let mut stream = MemoryStream {
            input: &[],
            output: &mut self.output,
        };
        let frame = CloseFrame {
            code: code.into(),
            reason: Utf8Bytes::default(),
        };
        let _ = self.context.close(&mut stream, Some(frame));
        let _ = timeout(CLOSING, self.flush()).await;
    }

    /// Bytes leave `output` only once the socket has taken them, so a cancelled call loses none.
    async fn flush(&mut self) -> Result<(), HttpError> {
        while !self.output.is_empty() {
            let written = self.stream.write(&self.output).await;
            let written = written.map_err(|error| self.broken(&error))?;
            self.output.drain(..written);
        }
        // A TLS stream keeps what it encrypted until it is told.
        let flushed = self.stream.flush().await;
        flushed.map_err(|error| self.broken(&error))
    }

    async fn move_bytes(&mut self) -> Result<(), HttpError> {
        self.flush().await?;
        self.input.reserve(STEP);
        let read = self.stream.read_buf(&mut self.input).await;
        match read {
            Ok(0) => Err(no_answer(
                &self.host,
                "closed the connection without a word",
            )),
            Ok(_) => Ok(()),
            Err(error) => Err(self.broken(&error)),
        }
    }

    fn broken(&self, error: &dyn std::fmt::Display) -> HttpError {
        HttpError::NoAnswer(format!(
            "the connection to {} broke: {error}",
            self.host.authority()
        ))
    }
}

fn closed(frame: Option<CloseFrame>) -> SocketMessage {
    frame.map_or(SocketMessage::Closed(None, String::new()), |frame| {
        SocketMessage::Closed(Some(frame.code.into()), frame.reason.as_str().to_owned())
    })
}

/// Asks for the upgrade (RFC 6455 §4.1); the stream, and what came behind the answer.
async fn upgrade(
    mut stream: Box<dyn Stream>,
    host: &BaseUrl,
    target: &str,
) -> Result<(Box<dyn Stream>, Vec<u8>), HttpError> {
    let key = generate_key();
    let request = format!(
        "GET {target} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\nUser-Agent: {AGENT}\r\n\r\n",
        host.authority()
    );
    let broken = |_| no_answer(host, "broke the connection off at the upgrade");
    stream.write_all(request.as_bytes()).await.map_err(broken)?;
    stream.flush().await.map_err(broken)?;
    let mut bytes = Vec::with_capacity(1024);
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if bytes.len() > MAX_HEAD || stream.read_buf(&mut bytes).await.map_err(broken)? == 0 {
            return Err(no_answer(host, "did not answer the upgrade"));
        }
    };
    let rest = bytes.split_off(end);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    if !head.starts_with("HTTP/1.1 101") {
        let status = head.split(' ').nth(1).unwrap_or_default();
        let why = format!("answered the upgrade with status {status}");
        return Err(no_answer(host, &why));
    }
    let accept = derive_accept_key(key.as_bytes());
    let agrees = head.lines().any(|line| {
        line.split_once(':').is_some_and(|(name, value)| {
            name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == accept
        })
    });
    if !agrees {
        return Err(no_answer(host, "answered the upgrade for somebody else"));
    }
    Ok((stream, rest))
}
