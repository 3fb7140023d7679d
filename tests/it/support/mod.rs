//! A daemon to test against, and ways to speak to it: the house's own client, and raw bytes.

#[cfg(feature = "store")]
pub(crate) mod dice;
pub(crate) mod fake;
pub(crate) mod log_watch;
pub(crate) mod poster;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::Receiver,
    thread,
    time::{Duration, Instant},
};

use cleudocodebot::{
    client::{Client, Endpoint, Event},
    error::Error,
    random,
};
use serde_json::{Value, json};

use self::log_watch::LogWatch;

/// Longer than anything here may take on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A folder that goes away with its test.
#[derive(Debug)]
pub(crate) struct Scratch(pub PathBuf);

impl Scratch {
    pub(crate) fn new() -> Self {
        let path =
            std::env::temp_dir().join(format!("cleudocodebot-it-{}", &random::token()[..16]));
        cleudocodebot::fs::create_private_dir(&path).expect("a scratch folder");
        Self(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running daemon, killed when dropped.
pub(crate) struct Daemon {
    pub child: Child,
    pub address: SocketAddr,
    pub token: String,
    pub log_watch: LogWatch,
    log: Receiver<String>,
}

/// The program with none of our own settings in its environment.
pub(crate) fn program(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cleudocodebot"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("CLEUDOCODEBOT_")) {
        command.env_remove(name);
    }
    command
        .env_remove("NOTIFY_SOCKET")
        .args(arguments)
        .env("CLEUDOCODEBOT_HOME", home);
    command.stdin(Stdio::null());
    command
}

/// The command that runs the daemon in this home on a free port.
pub(crate) fn daemon_command(home: &Path) -> Command {
    let mut command = program(home, &["daemon"]);
    command
        .env("CLEUDOCODEBOT_PORT", "0")
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

impl Daemon {
    /// Starts one and waits until it says that it is ready.
    pub(crate) fn start(home: &Path) -> Self {
        Self::start_with(home, &[])
    }

    /// The same with settings in its environment, named without their prefix.
    pub(crate) fn start_with(home: &Path, settings: &[(&str, &str)]) -> Self {
        let mut command = daemon_command(home);
        for (key, value) in settings {
            command.env(format!("CLEUDOCODEBOT_{key}"), value);
        }
        Self::from_command(command, home)
    }

    pub(crate) fn from_command(mut command: Command, home: &Path) -> Self {
        let mut child = command.spawn().expect("the daemon starts");
        let stderr = child.stderr.take().expect("piped");
        let (log_watch, log) = LogWatch::listen(stderr, &command, home);
        let mut seen = Vec::new();
        let address = loop {
            let line = log
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("never ready: {seen:#?}"));
            if let Some((_, rest)) = line.split_once("daemon ready address=") {
                break rest
                    .split(' ')
                    .next()
                    .and_then(|text| text.parse().ok())
                    .expect("an address");
            }
            seen.push(line);
        };
        let token = token_of(home);
        Self {
            child,
            address,
            token,
            log_watch,
            log,
        }
    }

    pub(crate) fn endpoint(&self) -> Endpoint {
        let (host, port) = (self.address.ip().to_string(), self.address.port());
        Endpoint {
            host,
            port,
            token: Some(self.token.clone()),
        }
    }

    pub(crate) async fn client(&self) -> Client {
        Client::connect(&self.endpoint())
            .await
            .expect("a connection")
    }

    /// A client that hears these topics.
    pub(crate) async fn listener(&self, topics: &[&str]) -> Client {
        let mut client = self.client().await;
        client
            .call("subscribe", &json!({"topics": topics}))
            .await
            .expect("subscribed");
        client
    }

    pub(crate) fn raw(&self) -> Raw {
        let stream = TcpStream::connect(self.address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("set");
        Raw {
            stream,
            rest: Vec::new(),
        }
    }

    /// A raw WebSocket connection, authenticated by the header or not at all.
    pub(crate) fn raw_websocket(&self, authenticated: bool) -> Raw {
        let authorization = authenticated.then(|| self.authorization());
        self.raw_upgraded(&authorization.unwrap_or_default())
    }

    /// A raw WebSocket connection that speaks JSON-RPC, authenticated.
    pub(crate) fn raw_json_rpc(&self) -> Raw {
        let more = self.authorization() + "Sec-WebSocket-Protocol: jsonrpc\r\n";
        self.raw_upgraded(&more)
    }

    fn raw_upgraded(&self, more: &str) -> Raw {
        let mut raw = self.raw();
        raw.send(upgrade_request(&self.address.to_string(), more).as_bytes());
        let (status, head) = raw.head();
        assert_eq!(status, 101, "{head}");
        raw
    }

    /// The header that carries the token.
    pub(crate) fn authorization(&self) -> String {
        format!("Authorization: Bearer {}\r\n", self.token)
    }

    /// One HTTP request; status, head and body.
    pub(crate) fn http(&self, request: &str) -> (u16, String, String) {
        let mut raw = self.raw();
        raw.send(request.as_bytes());
        let (status, head) = raw.head();
        let mut body = std::mem::take(&mut raw.rest);
        let _ = raw.stream.read_to_end(&mut body);
        (status, head, String::from_utf8_lossy(&body).into_owned())
    }

    /// A request without a body whose connection closes behind the answer.
    pub(crate) fn get(&self, method: &str, path: &str, more: &str) -> (u16, String, String) {
        self.http(&format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{more}\r\n",
            self.address
        ))
    }

    /// `POST /rpc` with the token.
    pub(crate) fn rpc(&self, body: &str) -> (u16, Value) {
        let more = format!("{}Content-Length: {}\r\n", self.authorization(), body.len());
        let host = self.address;
        let (status, _, body) = self.http(&format!(
            "POST /rpc HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n{more}\r\n{body}"
        ));
        (status, serde_json::from_str(&body).unwrap_or_default())
    }

    pub(crate) fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([format!("-{name}"), self.child.id().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()));
    }

    /// Ends it as a power cut would, as far as a process can tell.
    pub(crate) fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Waits for its end.
    pub(crate) fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("a child of ours") {
                return status;
            }
            assert!(Instant::now() < deadline, "it never ended");
            thread::yield_now();
        }
    }

    /// The next log line that contains `text`.
    pub(crate) fn logs(&self, text: &str) -> String {
        loop {
            let line = self
                .log
                .recv_timeout(PATIENCE)
                .unwrap_or_else(|_| panic!("never logged: {text}"));
            if line.contains(text) {
                return line;
            }
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        self.kill();
        if !thread::panicking() {
            self.log_watch.check(&self.log);
        }
    }
}

/// Runs a command to its end: exit code, stdout and stderr.
pub(crate) fn run(mut command: Command) -> (i32, String, String) {
    let output = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .output()
        .expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().unwrap_or(-1),
        text(&output.stdout),
        text(&output.stderr),
    )
}

/// The token in a home's `.env`.
pub(crate) fn token_of(home: &Path) -> String {
    let text = fs::read_to_string(home.join(".env")).expect("a .env");
    let line = text
        .lines()
        .find_map(|line| line.strip_prefix("CLEUDOCODEBOT_TOKEN="));
    line.expect("a token").trim_matches('"').to_owned()
}

/// An opening handshake as RFC 6455 §1.2 shows it.
pub(crate) fn upgrade_request(host: &str, more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// A TCP connection on which everything is written by hand.
pub(crate) struct Raw {
    pub stream: TcpStream,
    pub rest: Vec<u8>,
}

/// One frame that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    Close(u16, String),
}

impl Raw {
    pub(crate) fn send(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).expect("sent");
    }

    /// Sends one masked text message.
    pub(crate) fn text(&mut self, text: &str) {
        self.send(&frame(0x81, text.as_bytes()));
    }

    fn fill(&mut self) -> bool {
        let mut buffer = [0; 16 * 1024];
        let read = self.stream.read(&mut buffer).unwrap_or(0);
        self.rest.extend_from_slice(&buffer[..read]);
        read > 0
    }

    fn take(&mut self, count: usize) -> Option<Vec<u8>> {
        while self.rest.len() < count {
            if !self.fill() {
                return None;
            }
        }
        Some(self.rest.drain(..count).collect())
    }

    /// Status and head (in lower case) of an HTTP answer; what follows it stays in `rest`.
    pub(crate) fn head(&mut self) -> (u16, String) {
        loop {
            if let Some(end) = self
                .rest
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                let head: Vec<u8> = self.rest.drain(..end + 4).collect();
                let head = String::from_utf8(head).expect("a head in ASCII");
                let status = head
                    .split(' ')
                    .nth(1)
                    .and_then(|status| status.parse().ok())
                    .expect("a status");
                return (status, head.to_ascii_lowercase());
            }
            assert!(
                self.fill(),
                "the connection ended before its head: {:?}",
                String::from_utf8_lossy(&self.rest)
            );
        }
    }

    /// The next frame, or `None` at the end of the connection.
    pub(crate) fn frame(&mut self) -> Option<Frame> {
        let head = self.take(2)?;
        let length = match head[1] & 0x7F {
            126 => u64::from(u16::from_be_bytes(
                self.take(2)?.try_into().expect("two bytes"),
            )),
            127 => u64::from_be_bytes(self.take(8)?.try_into().expect("eight bytes")),
            short => u64::from(short),
        };
        let payload = self.take(usize::try_from(length).expect("small"))?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Some(match head[0] {
            0x81 => Frame::Text(text(&payload)),
            0x88 if payload.len() >= 2 => Frame::Close(
                u16::from_be_bytes([payload[0], payload[1]]),
                text(&payload[2..]),
            ),
            0x88 => Frame::Close(1005, String::new()),
            0x89 => Frame::Ping,
            0x8A => Frame::Pong(payload),
            other => panic!("a frame that begins with {other:#x}"),
        })
    }

    /// The next text message as JSON.
    pub(crate) fn json(&mut self) -> Value {
        loop {
            match self.frame() {
                Some(Frame::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
                Some(Frame::Ping | Frame::Pong(_)) => {}
                other => panic!("no text but {other:?}"),
            }
        }
    }

    /// Reads until the connection closes; the code it closed with, 1006 where there was none.
    pub(crate) fn close_code(&mut self) -> u16 {
        loop {
            match self.frame() {
                Some(Frame::Close(code, _)) => return code,
                Some(_) => {}
                None => return 1006,
            }
        }
    }
}

/// One whole frame as a client sends it: masked (RFC 6455 §5.3).
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mask = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = vec![first];
    if payload.len() < 126 {
        bytes.push(0x80 | u8::try_from(payload.len()).expect("short"));
    } else if let Ok(medium) = u16::try_from(payload.len()) {
        bytes.push(0x80 | 0x7E);
        bytes.extend(medium.to_be_bytes());
    } else {
        bytes.push(0x80 | 0x7F);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    bytes.extend(mask);
    bytes.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, key)| byte ^ key),
    );
    bytes
}

/// The next event of this client, which must come.
pub(crate) async fn next_event(client: &mut Client) -> Event {
    tokio::time::timeout(PATIENCE, client.event())
        .await
        .expect("in time")
        .expect("a connection")
        .expect("an event")
}

/// The code of the error that a command is answered with.
pub(crate) async fn refusal(client: &mut Client, action: &str, payload: Value) -> String {
    match client.call(action, &payload).await {
        Err(Error::Refused { code, .. }) => code,
        other => panic!("{action} {payload} was answered with {other:?}"),
    }
}
