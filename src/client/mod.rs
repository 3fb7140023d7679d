//! A small client of the protocol, used by the command line, the tests and the benches: the WebSocket
//! here, files over HTTP in `files`.

pub mod files;

use std::{collections::VecDeque, io, time::Duration};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};
use tungstenite::{
    Error as WsError, Message,
    handshake::{client::generate_key, derive_accept_key},
    protocol::{CloseFrame, Role, WebSocketContext},
};

use crate::{
    error::{Error, Result},
    log::printable,
    percent,
    protocol::websocket::{self, MemoryStream},
};

/// Longest message accepted from a gateway, in bytes.
const MAX_MESSAGE: usize = 64 << 20;

/// Longest answer to the upgrade request, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// Time for the connection and the upgrade.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The address of a gateway and the token for it.
#[derive(Clone)]
pub struct Endpoint {
    /// A host name or an address without brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Sent as `Authorization: Bearer` on the upgrade, if set.
    pub token: Option<String>,
}

/// A connection to a gateway.
#[derive(Debug)]
pub struct Client {
    stream: TcpStream,
    context: WebSocketContext,
    input: Vec<u8>,
    output: Vec<u8>,
    events: VecDeque<Event>,
    next_id: u64,
}

/// An event that the gateway sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// Its name.
    pub action: String,
    /// Its payload.
    pub payload: Value,
}

/// One message of the gateway.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerMessage {
    /// A text message.
    Text(String),
    /// The gateway closed the connection with this code and reason (1005 if it gave none).
    Closed(u16, String),
}

impl Endpoint {
    /// `host:port`, an IPv6 address in brackets.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }
}

/// The URL of the gateway's page. The token is in the fragment, which browsers never send; the page
/// removes it from the address bar at once.
pub fn page_link(authority: &str, token: Option<&str>) -> String {
    let fragment = token.map(|token| format!("#token={}", percent::encode(token, b"")));
    format!("http://{authority}/{}", fragment.unwrap_or_default())
}

impl Client {
    /// Connects and upgrades. Fails with `Error::NotRunning` if nothing listens there, and with
    /// `Error::Refused` for a wrong token.
    pub async fn connect(endpoint: &Endpoint) -> Result<Self> {
        match timeout(CONNECT_TIMEOUT, Self::open(endpoint)).await {
            Ok(opened) => opened,
            Err(_) => Err(Error::Failed(format!(
                "{} did not answer within 10 s",
                endpoint.authority()
            ))),
        }
    }

    async fn open(endpoint: &Endpoint) -> Result<Self> {
        let address = (endpoint.host.as_str(), endpoint.port);
        let stream = TcpStream::connect(address).await;
        let mut stream = stream.map_err(|error| not_running(endpoint, &error))?;
        let _ = stream.set_nodelay(true);
        let key = generate_key();
        stream
            .write_all(request(endpoint, &key).as_bytes())
            .await
            .map_err(broken)?;
        let (head, rest) = read_head(&mut stream).await?;
        check_head(&head, &rest, &key)?;
        let context = websocket::context(Role::Client, MAX_MESSAGE);
        Ok(Self {
            stream,
            context,
            input: rest,
            output: Vec::new(),
            events: VecDeque::new(),
            next_id: 1,
        })
    }

    /// Sends one command and waits for its answer; events received meanwhile are kept for `event`.
    pub async fn call(&mut self, action: &str, payload: &Value) -> Result<Value> {
        let id = self.next_id;
        self.next_id += 1;
        let command = json!({"type": "command", "action": action, "id": id, "payload": payload});
        self.send_text(&command.to_string()).await?;
        loop {
            let mut frame = self.next_frame().await?;
            if frame["id"] != json!(id) {
                self.keep_event(frame);
                continue;
            }
            return match frame["type"].as_str() {
                Some("response") => Ok(frame["payload"].take()),
                _ => Err(refused(&frame["payload"])),
            };
        }
    }

    /// The next event, or `None` once the gateway has closed the connection normally.
    pub async fn event(&mut self) -> Result<Option<Event>> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(Some(event));
            }
            match self.receive().await? {
                ServerMessage::Text(text) => self.keep_event(parse(&text)?),
                ServerMessage::Closed(1000 | 1001 | 1005, _) => return Ok(None),
                ServerMessage::Closed(code, reason) => return Err(closed(code, &reason)),
            }
        }
    }

    /// Sends one text message.
    pub async fn send_text(&mut self, text: &str) -> Result<()> {
        self.queue_text(text)?;
        self.flush().await
    }

    /// Takes one text message to send, which goes out while the next are received. The caller bounds how
    /// many there are.
    pub fn queue_text(&mut self, text: &str) -> Result<()> {
        let mut stream = MemoryStream {
            input: &[],
            output: &mut self.output,
        };
        self.context
            .write(&mut stream, Message::text(text))
            .and_then(|()| self.context.flush(&mut stream))
            .map_err(broken)
    }

    /// The next message, unparsed. Cancel-safe: there is no await between reading a message out of the
    /// buffer and returning it. Meanwhile what is queued goes out: a gateway that waits until we read takes
    /// nothing before.
    pub async fn receive(&mut self) -> Result<ServerMessage> {
        loop {
            let mut stream = MemoryStream {
                input: &self.input,
                output: &mut self.output,
            };
            let read = self.context.read(&mut stream);
            let taken = self.input.len() - stream.input.len();
            self.input.drain(..taken);
            match read {
                Ok(Message::Text(text)) => {
                    return Ok(ServerMessage::Text(text.as_str().to_owned()));
                }
                Ok(Message::Close(frame)) => return Ok(closing(frame)),
                Ok(_) => {}
                Err(WsError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.move_bytes().await?;
                }
                Err(error) => return Err(broken(error)),
            }
        }
    }

    /// Sends a close frame and waits for the answer, for at most a second.
    pub async fn close(mut self) {
        let mut stream = MemoryStream {
            input: &[],
            output: &mut self.output,
        };
        let _ = self.context.close(&mut stream, None);
        if self.flush().await.is_ok() {
            let goodbye = async {
                while !matches!(self.receive().await, Ok(ServerMessage::Closed(..)) | Err(_)) {}
            };
            let _ = timeout(Duration::from_secs(1), goodbye).await;
        }
    }

    async fn next_frame(&mut self) -> Result<Value> {
        match self.receive().await? {
            ServerMessage::Text(text) => parse(&text),
            ServerMessage::Closed(code, reason) => Err(closed(code, &reason)),
        }
    }

    fn keep_event(&mut self, mut frame: Value) {
        if frame["type"] == "event" {
            let action = frame["action"].as_str().unwrap_or_default().to_owned();
            self.events.push_back(Event {
                action,
                payload: frame["payload"].take(),
            });
        }
    }

    /// Bytes are removed from `output` only once the socket has taken them, so a cancelled call loses
    /// none.
    async fn flush(&mut self) -> Result<()> {
        while !self.output.is_empty() {
            let written = self.stream.write(&self.output).await.map_err(broken)?;
            self.output.drain(..written);
        }
        Ok(())
    }

    /// Waits until something was read, or some of what is queued written. Neither is lost where this is
    /// cancelled.
    async fn move_bytes(&mut self) -> Result<()> {
        let (mut reader, mut writer) = self.stream.split();
        let read = tokio::select! {
            read = reader.read_buf(&mut self.input) => read.map_err(broken)?,
            written = writer.write(&self.output), if !self.output.is_empty() => {
                self.output.drain(..written.map_err(broken)?);
                return Ok(());
            }
        };
        if read == 0 {
            return Err(Error::Failed(
                "the gateway closed the connection without a reason".to_owned(),
            ));
        }
        Ok(())
    }
}

fn not_running(endpoint: &Endpoint, error: &io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => Error::NotRunning {
            endpoint: endpoint.authority(),
        },
        _ => Error::Failed(format!("cannot reach {}: {error}", endpoint.authority())),
    }
}

fn request(endpoint: &Endpoint, key: &str) -> String {
    let authorization = endpoint.token.as_deref().map_or_else(String::new, |token| {
        format!("Authorization: Bearer {token}\r\n")
    });
    format!(
        "GET / HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n{authorization}\r\n",
        endpoint.authority()
    )
}

/// The head of the HTTP answer, and the bytes already read after it.
async fn read_head(stream: &mut TcpStream) -> Result<(String, Vec<u8>)> {
    let mut bytes = Vec::with_capacity(1024);
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            let rest = bytes.split_off(end + 4);
            return Ok((String::from_utf8_lossy(&bytes).into_owned(), rest));
        }
        if bytes.len() > MAX_HEAD || stream.read_buf(&mut bytes).await.map_err(broken)? == 0 {
            return Err(Error::Failed(
                "the program on this port is not a cleudocodebot gateway".to_owned(),
            ));
        }
    }
}

fn check_head(head: &str, rest: &[u8], key: &str) -> Result<()> {
    let status = head.split(' ').nth(1).unwrap_or_default();
    if status == "101" {
        let accept = derive_accept_key(key.as_bytes());
        let agrees = head.lines().any(|line| {
            line.split_once(':').is_some_and(|(name, value)| {
                name.eq_ignore_ascii_case("sec-websocket-accept") && value.trim() == accept
            })
        });
        return if agrees {
            Ok(())
        } else {
            Err(Error::Failed(
                "the answer to the upgrade does not match its key".to_owned(),
            ))
        };
    }
    let refusal: Value = serde_json::from_slice(rest).unwrap_or_default();
    if refusal["code"].is_string() {
        return Err(refused(&refusal));
    }
    Err(Error::Failed(format!(
        "the upgrade was answered with status {status}: is another program on this port?"
    )))
}

/// Errors are printed as they are, so that neither code nor text may begin a line of its own.
fn refused(payload: &Value) -> Error {
    let text = |name: &str| printable(payload[name].as_str().unwrap_or_default());
    Error::Refused {
        code: text("code"),
        message: text("message"),
    }
}

fn parse(text: &str) -> Result<Value> {
    serde_json::from_str(text)
        .map_err(|error| Error::Failed(format!("the gateway sent invalid JSON: {error}")))
}

fn closing(frame: Option<CloseFrame>) -> ServerMessage {
    frame.map_or(ServerMessage::Closed(1005, String::new()), |frame| {
        ServerMessage::Closed(frame.code.into(), frame.reason.as_str().to_owned())
    })
}

/// The code of RFC 6455 §7.4.1 for a message that is too long.
const TOO_LONG: u16 = 1009;

/// The sizes in the reason that the gateway gives for it: `Message too long: 2000098 > 1048576`.
fn too_long(reason: &str) -> String {
    let sizes = reason.rsplit_once(": ").map(|(_, sizes)| sizes);
    match sizes.and_then(|sizes| sizes.split_once(" > ")) {
        Some((has, most)) => format!("{has} bytes, of at most {most}"),
        None => reason.to_owned(),
    }
}

fn closed(code: u16, reason: &str) -> Error {
    if code == TOO_LONG {
        return Error::Failed(format!(
            "what was sent is too long for the gateway ({}); send a long text as a file (--file), \
             or raise CLEUDOCODEBOT_MAX_MESSAGE_BYTES where the gateway runs",
            too_long(reason)
        ));
    }
    Error::Failed(format!(
        "the gateway closed the connection: {reason} ({code})"
    ))
}

fn broken(error: impl std::fmt::Display) -> Error {
    Error::Failed(format!("the connection to the gateway broke: {error}"))
}
