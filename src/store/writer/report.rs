//! What a chat is told of a message it asked for: where it is told, when, and in which words.
//!
//! Not here: who queues it, in the transaction that changes the message (`write`).

use serde_json::{Value, json};

use crate::message::{Message, State};

use crate::store::{request::Draft, rows::keys::MAX_NAME};

/// Where the address is in a message's `meta`.
const KEY: &str = "report_to";

/// The `meta` of a message whose end is told to this peer.
pub fn report_to(channel: &str, peer: &str) -> Value {
    json!({KEY: {"channel": channel, "peer": peer}})
}

/// The message that tells of a change, where one asked for it and it is what one waits for: that the
/// service took the message, or that it failed, also after it was taken.
pub(in crate::store) fn of(before: State, message: &Message) -> Option<Draft> {
    let to = message.meta.as_ref()?.get(KEY)?;
    let left = !before.has_left_the_outbox();
    let peer = &message.peer;
    let text = match (message.state, left) {
        (State::Sent | State::Delivered | State::Read, true) => format!("Sent to {peer}."),
        (State::Failed, true) => because(format!("Not sent to {peer}"), message),
        (State::Failed, false) => because(format!("Not delivered to {peer}"), message),
        _ => return None,
    };
    Some(Draft {
        channel: name(to, "channel")?,
        peer: name(to, "peer")?,
        text,
        ..Draft::default()
    })
}

fn because(mut what: String, message: &Message) -> String {
    if let Some(why) = &message.error {
        what.push_str(": ");
        what.push_str(why);
    }
    what
}

/// Clients may write what they like there: what cannot be an address is none.
fn name(to: &Value, part: &str) -> Option<String> {
    let name = to.get(part)?.as_str()?;
    let usable = !name.is_empty() && name.len() <= MAX_NAME;
    usable.then(|| name.to_owned())
}
