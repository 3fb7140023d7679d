//! The action `typing`: we write to a peer, or a peer of a channel that clients hand in for writes.

use serde_json::json;

use super::{answer::Outcome, messages::expect_hand_in, routed};
use crate::{
    gateway::{Gateway, typing::tell},
    integrations::Typing,
    message::Direction,
    phone,
    protocol::payload::{Payload, bad_field},
};

pub(super) fn typing(gateway: &Gateway, payload: &Payload) -> Outcome {
    let channel = payload.text("channel");
    let text = payload.optional_text("text");
    let bus = &gateway.listeners.bus;
    let shown = match (payload.optional_text("to"), payload.optional_text("peer")) {
        (Some(to), None) => {
            routed(gateway, channel)?;
            let to = phone::peer(channel, to);
            tell(bus, &about(channel, &to), Direction::Out, text);
            gateway.control.typing(channel, &to)
        }
        (None, Some(peer)) => {
            expect_hand_in(gateway, channel)?;
            tell(bus, &about(channel, peer), Direction::In, text) > 0
        }
        (to, _) => {
            let came = if to.is_some() { "both" } else { "neither" };
            return Err(bad_field("to", "given, or else peer", came));
        }
    };
    Ok(json!({"shown": shown}).to_string())
}

fn about<'a>(channel: &'a str, peer: &'a str) -> Typing<'a> {
    Typing {
        channel,
        peer,
        sender: None,
        goes_on: true,
    }
}
