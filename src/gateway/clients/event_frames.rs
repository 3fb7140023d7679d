//! One event as whole WebSocket frames: written once for each dialect that needs it, then shared.

use super::mailbox::Frame;
use crate::protocol::{describe::EventName, dialect::Dialect, reply, websocket};

/// An event's frames, each dialect's made when the first client needs it.
pub(super) struct EventFrames<'a> {
    name: EventName<'a>,
    write: &'a dyn Fn(&mut String),
    triple: Option<Frame>,
    jsonrpc: Option<Frame>,
}

impl<'a> EventFrames<'a> {
    pub(super) fn new(name: EventName<'a>, write: &'a dyn Fn(&mut String)) -> Self {
        Self {
            name,
            write,
            triple: None,
            jsonrpc: None,
        }
    }

    /// The frame for clients of this dialect.
    pub(super) fn of(&mut self, dialect: Dialect) -> &Frame {
        let slot = match dialect {
            Dialect::Triple => &mut self.triple,
            Dialect::JsonRpc => &mut self.jsonrpc,
        };
        match slot {
            Some(frame) => frame,
            missing => missing.insert(event_frame(dialect, self.name, self.write)),
        }
    }
}

/// Room for the text of most events, so that writing one does not grow it again and again.
const USUAL_TEXT: usize = 256;

/// One event as a whole WebSocket frame.
#[inline(never)]
pub(in crate::gateway) fn event_frame(
    dialect: Dialect,
    name: EventName<'_>,
    write: impl FnOnce(&mut String),
) -> Frame {
    let mut text = String::with_capacity(USUAL_TEXT);
    reply::event(&mut text, dialect, name, write);
    let mut frame = Vec::with_capacity(text.len() + 10);
    websocket::push_text(&mut frame, &text);
    frame.into()
}
