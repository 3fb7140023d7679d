//! What the event `typing` carries: who writes to whom, how far the text has grown, and until when that
//! holds.

use serde_json::json;

use crate::{clock, integrations::Typing, message::Direction};

/// How long it holds unless it is repeated, in ms.
const LAPSES_MS: u64 = 10_000;

/// The payload of the event.
pub(super) fn payload(typing: &Typing<'_>, direction: Direction, text: Option<&str>) -> String {
    let wait = if typing.goes_on { LAPSES_MS } else { 0 };
    let mut event = json!({"channel": typing.channel, "peer": typing.peer,
        "direction": direction.as_str(), "until_ms": clock::now_ms() + wait});
    for (name, text) in [("sender", typing.sender), ("text", text)] {
        if let Some(text) = text {
            event[name] = json!(text);
        }
    }
    event.to_string()
}
