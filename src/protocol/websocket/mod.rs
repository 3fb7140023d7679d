//! RFC 6455 over memory: bytes in, messages out, frames appended to a buffer. No sockets, no waiting.
//!
//! tungstenite's `WebSocketContext` implements the protocol. One context serves every connection of a
//! thread: a connection keeps one of its own only while it is inside a message, so an idle
//! connection holds no buffer at all and a large message frees its memory when it ends. Whole text
//! messages, which is what nearly all are, do not need a context (`whole`).

mod boundary;
mod whole;

use std::io::{self, Read, Write};

use tungstenite::{
    Error as WsError, Message,
    protocol::{CloseFrame, Role, WebSocketConfig, WebSocketContext},
};

use self::{boundary::Boundary, whole::WholeText};
use super::error_code::close;
use crate::cut;

/// Bytes the context reads at a time. It zeroes as much before each read, so a larger step makes small
/// frames slower.
const STEP: usize = 4096;

/// Memory in place of a socket: reads until `input` is empty, writes never fail.
#[derive(Debug)]
pub struct MemoryStream<'i, 'o> {
    /// What is left to read.
    pub input: &'i [u8],
    /// Where written bytes go.
    pub output: &'o mut Vec<u8>,
}

impl Read for MemoryStream<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        self.input.read(buffer)
    }
}

impl Write for MemoryStream<'_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A fresh context for one side, with messages up to `max_message` bytes.
pub fn context(role: Role, max_message: usize) -> WebSocketContext {
    let config = WebSocketConfig::default()
        .read_buffer_size(STEP)
        .write_buffer_size(STEP)
        .max_write_buffer_size(STEP + max_message.max(STEP))
        .max_message_size(Some(max_message))
        .max_frame_size(Some(max_message));
    WebSocketContext::new(role, Some(config))
}

/// The context that connections between messages share.
#[derive(Debug)]
pub struct SharedContext(WebSocketContext);

impl Default for SharedContext {
    fn default() -> Self {
        Self(context(Role::Server, STEP))
    }
}

/// One thing the peer sent.
#[derive(Debug, PartialEq, Eq)]
pub enum PeerMessage<'a> {
    /// A whole text message.
    Text(&'a str),
    /// A whole binary message, which this protocol has no use for.
    Binary(&'a [u8]),
    /// A ping (its pong is already written) or a pong.
    Control,
}

/// Whether to go on with the bytes at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Next message.
    Continue,
    /// No more for now: too much waits to be written, or the connection ends.
    Pause,
}

/// Why no more can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// The closing handshake is complete, or the peer broke it off.
    Closed,
    /// The peer broke the protocol; close with this code and reason.
    Violation(u16, String),
}

/// The server's side of one connection.
#[derive(Debug, Default)]
pub struct ServerSocket {
    boundary: Boundary,
    own: Option<Box<WebSocketContext>>,
    broken: bool,
}

impl ServerSocket {
    /// Reads messages from `input` and hands each to `on_message`, which may append frames to the
    /// same output that pongs and close replies go to. Returns how many bytes of `input` it took:
    /// all of them, unless `on_message` paused it.
    ///
    /// What was taken before a pause comes out at the next call, which may have an empty `input`. The
    /// bytes that were taken are changed: they are unmasked in place.
    pub fn read(
        &mut self,
        shared: &mut SharedContext,
        max_message: usize,
        input: &mut [u8],
        output: &mut Vec<u8>,
        mut on_message: impl FnMut(PeerMessage<'_>, &mut Vec<u8>) -> Flow,
    ) -> Result<usize, End> {
        if self.broken {
            return Ok(input.len());
        }
        let (taken, flow) = self.read_whole(max_message, input, output, &mut on_message);
        if flow == Flow::Pause || (taken > 0 && taken == input.len()) {
            return Ok(taken);
        }
        let rest = &input[taken..];
        let more = self.read_any(shared, max_message, rest, output, on_message)?;
        Ok(taken + more)
    }

    /// The whole text messages that `input` begins with, up to the first that must be read by a
    /// context. How many bytes they are, and whether to go on behind them.
    fn read_whole(
        &self,
        max_message: usize,
        input: &mut [u8],
        output: &mut Vec<u8>,
        on_message: &mut impl FnMut(PeerMessage<'_>, &mut Vec<u8>) -> Flow,
    ) -> (usize, Flow) {
        let mut taken = 0;
        if self.own.is_some() || !self.boundary.is_between_messages() {
            return (taken, Flow::Continue);
        }
        while let Some(whole) = WholeText::find(&input[taken..], max_message) {
            let Ok(text) = whole.decode(&mut input[taken..]) else {
                whole.restore(&mut input[taken..]);
                break;
            };
            let flow = on_message(PeerMessage::Text(text), output);
            taken += whole.length();
            if flow == Flow::Pause {
                return (taken, Flow::Pause);
            }
        }
        (taken, Flow::Continue)
    }

    /// Reads messages of any kind with a context.
    fn read_any(
        &mut self,
        shared: &mut SharedContext,
        max_message: usize,
        input: &[u8],
        output: &mut Vec<u8>,
        mut on_message: impl FnMut(PeerMessage<'_>, &mut Vec<u8>) -> Flow,
    ) -> Result<usize, End> {
        let context = self.own.as_deref_mut().unwrap_or(&mut shared.0);
        if context.get_config().max_message_size != Some(max_message) {
            context.set_config(|config| {
                config.max_message_size = Some(max_message);
                config.max_frame_size = Some(max_message);
            });
        }
        let mut left = input;
        // One message per step: the context returns `WouldBlock` once the input is used up, and a pause
        // leaves the rest of the input to the next call.
        let outcome = loop {
            let mut stream = MemoryStream {
                input: left,
                output: &mut *output,
            };
            let message = context.read(&mut stream);
            left = stream.input;
            let flow = match message {
                Ok(Message::Text(text)) => on_message(PeerMessage::Text(text.as_str()), output),
                Ok(Message::Binary(bytes)) => on_message(PeerMessage::Binary(&bytes), output),
                Ok(_) => on_message(PeerMessage::Control, output),
                Err(WsError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                    break Ok(Flow::Continue);
                }
                Err(error) => break Err(error),
            };
            if flow == Flow::Pause {
                break Ok(Flow::Pause);
            }
        };
        let taken = input.len() - left.len();
        self.boundary.advance(&input[..taken]);
        match outcome {
            Ok(flow) => self.settle(shared, flow == Flow::Continue),
            Err(error) => {
                self.keep_context(shared);
                return Err(self.end(&error));
            }
        }
        Ok(taken)
    }

    /// Bytes of an unfinished message that are held.
    pub fn held_bytes(&self) -> usize {
        if self.broken {
            return 0;
        }
        self.boundary.unfinished()
    }

    /// Closes without waiting for the rest of an unfinished message: what is held of it is freed, and
    /// what still comes is dropped unread.
    pub fn abandon(
        &mut self,
        shared: &mut SharedContext,
        code: u16,
        reason: &str,
        output: &mut Vec<u8>,
    ) {
        self.broken = true;
        self.close(shared, code, reason, output);
    }

    /// Whether bytes of an unfinished message are held.
    #[cfg(test)]
    pub(crate) fn is_inside_message(&self) -> bool {
        self.own.is_some()
    }

    /// Whether the peer broke the protocol: nothing of it is read any more.
    pub fn is_broken(&self) -> bool {
        self.broken
    }

    /// Begins the closing handshake, or, after a violation, only sends the reason: from then on whatever
    /// the peer sends is dropped unread.
    pub fn close(
        &mut self,
        shared: &mut SharedContext,
        code: u16,
        reason: &str,
        output: &mut Vec<u8>,
    ) {
        let reason = truncated(reason, MAX_REASON);
        if self.broken {
            push_header(output, CLOSE, 2 + reason.len());
            output.extend_from_slice(&code.to_be_bytes());
            output.extend_from_slice(reason.as_bytes());
            self.own = None;
            return;
        }
        self.keep_context(shared);
        if let Some(context) = &mut self.own {
            let frame = CloseFrame {
                code: code.into(),
                reason: reason.into(),
            };
            let _ = context.close(&mut MemoryStream { input: &[], output }, Some(frame));
        }
    }

    /// Leaves the shared context to the next connection where it holds nothing of this one; otherwise
    /// keeps it until the message is complete.
    fn settle(&mut self, shared: &mut SharedContext, drained: bool) {
        let clean = drained && self.boundary.is_between_messages();
        match &self.own {
            Some(own) if clean && own.can_write() => self.own = None,
            None if !clean => self.keep_context(shared),
            _ => {}
        }
    }

    fn keep_context(&mut self, shared: &mut SharedContext) {
        if self.own.is_none() {
            self.own = Some(Box::new(std::mem::take(shared).0));
        }
    }

    fn end(&mut self, error: &WsError) -> End {
        let end = match error {
            WsError::Capacity(error) => End::Violation(close::TOO_LARGE, error.to_string()),
            WsError::Utf8(_) => {
                End::Violation(close::NOT_UTF8, "text that is not UTF-8".to_owned())
            }
            WsError::Protocol(error) => End::Violation(close::PROTOCOL, error.to_string()),
            _ => End::Closed,
        };
        self.broken |= end != End::Closed;
        end
    }
}

/// A close reason has at most 123 bytes (RFC 6455 §5.5).
const MAX_REASON: usize = 123;

fn truncated(text: &str, max: usize) -> &str {
    &text[..cut::floor(text, max)]
}

/// Appends one whole, unmasked text message: the server's way to write.
pub fn push_text(output: &mut Vec<u8>, text: &str) {
    push_header(output, TEXT, text.len());
    output.extend_from_slice(text.as_bytes());
}

/// Appends one whole, unmasked binary message. Only the echo of the conformance tests sends any.
#[cfg(conformance_echo)]
pub fn push_binary(output: &mut Vec<u8>, bytes: &[u8]) {
    push_header(output, BINARY, bytes.len());
    output.extend_from_slice(bytes);
}

/// Appends an unmasked, empty ping.
pub fn push_ping(output: &mut Vec<u8>) {
    push_header(output, PING, 0);
}

/// Opcodes (§5.2).
const TEXT: u8 = 1;
#[cfg(conformance_echo)]
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;

/// The header of a final frame without a mask: its length in as few bytes as it takes (§5.2).
fn push_header(output: &mut Vec<u8>, opcode: u8, length: usize) {
    const FINAL: u8 = 0x80;
    let first = FINAL | opcode;
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(short @ 0..=125), _) => output.extend_from_slice(&[first, short]),
        (_, Ok(medium)) => {
            let [high, low] = medium.to_be_bytes();
            output.extend_from_slice(&[first, 126, high, low]);
        }
        _ => {
            output.extend_from_slice(&[first, 127]);
            output.extend_from_slice(&(length as u64).to_be_bytes());
        }
    }
}

#[cfg(test)]
mod tests;
