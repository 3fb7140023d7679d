//! What all sessions of a thread share while one of them works: buffers and the WebSocket context.
//! Between two turns a session owns none of it.

use std::cell::Cell;

use crate::protocol::websocket::SharedContext;

/// Bytes read from a socket at a time.
const READ_BYTES: usize = 64 * 1024;

/// A buffer that grew beyond this is not kept for the next session.
const KEEP_BYTES: usize = 1 << 20;

/// The shared things.
pub(super) struct TurnBuffers {
    /// Where bytes arrive.
    pub(super) input: Box<[u8]>,
    /// Where frames gather until they are written; empty between turns.
    pub(super) output: Vec<u8>,
    /// Where an answer's text is made.
    pub(super) text: String,
    /// The WebSocket context of whoever is between messages.
    pub(super) context: SharedContext,
}

thread_local! {
    static BENCH: Cell<Option<Box<TurnBuffers>>> = const { Cell::new(None) };
}

impl TurnBuffers {
    fn new() -> Self {
        Self {
            input: vec![0; READ_BYTES].into_boxed_slice(),
            output: Vec::new(),
            text: String::new(),
            context: SharedContext::default(),
        }
    }

    /// Lends the bench to one session for one turn. A turn that panics takes it down with it, and
    /// the next one finds a new bench.
    pub(super) fn with<T>(turn: impl FnOnce(&mut Self) -> T) -> T {
        BENCH.with(|cell| {
            let mut buffers = cell.take().unwrap_or_else(|| Box::new(Self::new()));
            let result = turn(&mut buffers);
            buffers.tidy();
            cell.set(Some(buffers));
            result
        })
    }

    fn tidy(&mut self) {
        self.output.clear();
        if self.text.capacity() > KEEP_BYTES {
            self.text = String::new();
        }
        if self.output.capacity() > KEEP_BYTES {
            self.output = Vec::new();
        }
    }
}
