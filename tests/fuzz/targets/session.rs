//! The bytes of a WebSocket connection behind its upgrade: nothing panics, and the same bytes mean the
//! same however the network cut them.

#![no_main]

use cleudocodebot::protocol::websocket::{End, Flow, PeerMessage, ServerSocket, SharedContext};
use libfuzzer_sys::fuzz_target;

const MAX_MESSAGE: usize = 1 << 16;

/// What a connection said, what was answered, and how it ended.
#[derive(Debug, Default, PartialEq)]
struct Heard {
    messages: Vec<Vec<u8>>,
    output: Vec<u8>,
    end: Option<End>,
}

fn hear<'b>(chunks: impl Iterator<Item = &'b [u8]>, pauses: bool) -> Heard {
    let mut heard = Heard::default();
    let (mut socket, mut shared) = (ServerSocket::default(), SharedContext::default());
    for chunk in chunks {
        let mut chunk = &mut chunk.to_vec()[..];
        // A pause hands the rest of the chunk back, and may hold a message: once more for that.
        let mut idle = 0;
        while idle < 2 && heard.end.is_none() {
            let messages = &mut heard.messages;
            let before = messages.len();
            let read = socket.read(
                &mut shared,
                MAX_MESSAGE,
                chunk,
                &mut heard.output,
                |message, _| {
                    messages.push(match message {
                        PeerMessage::Text(text) => [b"t", text.as_bytes()].concat(),
                        PeerMessage::Binary(bytes) => [b"b", bytes].concat(),
                        PeerMessage::Control => b"c".to_vec(),
                    });
                    if pauses { Flow::Pause } else { Flow::Continue }
                },
            );
            match read {
                Ok(taken) => {
                    assert!(taken <= chunk.len());
                    let still = taken == 0 && heard.messages.len() == before;
                    idle += usize::from(still);
                    chunk = &mut chunk[taken..];
                }
                Err(end) => {
                    if let End::Violation(code, reason) = &end {
                        socket.close(&mut shared, *code, reason, &mut heard.output);
                    }
                    heard.end = Some(end);
                }
            }
        }
    }
    heard
}

fuzz_target!(|input: (u8, &[u8])| {
    let (size, bytes) = input;
    let whole = hear(std::iter::once(bytes), false);
    let cut = hear(bytes.chunks(usize::from(size).max(1)), false);
    assert_eq!(whole, cut, "the same bytes in chunks of {size}");
    let paused = hear(bytes.chunks(usize::from(size).max(1)), true);
    assert_eq!(whole.messages, paused.messages, "with pauses");
});
