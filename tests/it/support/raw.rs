//! A connection on which a test writes every byte itself, and WebSocket frames over it.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use serde_json::{Value, json};

/// An opening handshake as in RFC 6455 §1.2, with more header lines.
pub(crate) fn upgrade_request(host: &str, more: &str) -> String {
    format!(
        "GET / HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{more}\r\n"
    )
}

/// A connection, and the bytes read from it that no caller has taken yet.
pub(crate) struct Raw<S = TcpStream> {
    pub stream: S,
    pub rest: Vec<u8>,
}

/// One frame from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Frame {
    Text(String),
    Ping,
    Pong(Vec<u8>),
    Close(u16, String),
}

impl Raw {
    /// What came so far, without waiting; `None` where nothing did.
    pub(crate) fn at_hand(&mut self) -> Option<String> {
        self.stream.set_nonblocking(true).expect("a socket");
        self.fill()
            .then(|| String::from_utf8_lossy(&self.rest).into_owned())
    }
}

impl<S: Read + Write> Raw<S> {
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

    /// The JSON body behind a head, which ends with its brace.
    pub(crate) fn body(&mut self) -> String {
        while !self.rest.trim_ascii_end().ends_with(b"}") && self.fill() {}
        String::from_utf8_lossy(&self.rest).into_owned()
    }

    /// Sends one command of the JSON dialect; its answer comes with `json`.
    pub(crate) fn command(&mut self, action: &str, payload: &Value) {
        self.text(&json!({"type": "command", "action": action, "payload": payload}).to_string());
    }

    /// Sends one command and returns the payload of the next message.
    pub(crate) fn call(&mut self, action: &str, payload: &Value) -> Value {
        self.command(action, payload);
        self.json()["payload"].take()
    }

    /// Subscribes to these topics and returns the answer's payload.
    pub(crate) fn subscribe(&mut self, topics: &[&str]) -> Value {
        self.call("subscribe", &json!({"topics": topics}))
    }

    /// Subscribes to all message events from the first on; the number of the last one stored.
    #[cfg(feature = "store")]
    pub(crate) fn replay_messages(&mut self) -> u64 {
        let answer = self.call("subscribe", &json!({"topics": ["message.*"], "since": 0}));
        answer["seq"].as_u64().expect("a sequence number")
    }

    /// Fails unless the connection answers a ping next.
    pub(crate) fn assert_alive(&mut self) {
        self.text("ping");
        let answer = self.frame();
        assert_eq!(answer, Some(Frame::Text("pong".to_owned())), "pong");
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
