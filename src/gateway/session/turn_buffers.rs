//! The buffers and the WebSocket context that the sessions of a thread share: one session has them for
//! one turn, so that an idle one costs no memory for them.

use std::cell::Cell;

use crate::protocol::websocket::SharedContext;

/// Bytes read from a socket at a time.
const READ_BYTES: usize = 64 * 1024;

/// A buffer that grew beyond this is not kept for the next session.
const KEEP_BYTES: usize = 1 << 20;

/// What a session works with during its turn.
pub(super) struct TurnBuffers {
    /// Where bytes arrive.
    pub(super) input: Box<[u8]>,
    /// Where frames gather until they are written; empty between turns.
    pub(super) output: Vec<u8>,
    /// Where the text of an answer is written.
    pub(super) text: String,
    /// The WebSocket context of sessions that are between two messages.
    pub(super) context: SharedContext,
}

thread_local! {
    static SHARED: Cell<Option<Box<TurnBuffers>>> = const { Cell::new(None) };
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

    /// Runs one turn with the buffers of this thread. A turn that panics drops them, since they may
    /// hold half a frame, and the next one makes new ones.
    pub(super) fn with<T>(turn: impl FnOnce(&mut Self) -> T) -> T {
        SHARED.with(|cell| {
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
