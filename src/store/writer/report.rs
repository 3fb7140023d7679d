//! The report that a chat gets on a message it asked for: to which address, when, and its text.
//!
//! Not here: queueing it, in the transaction that changes the message (`transaction`).

use serde_json::{Value, json};

use crate::{
    language::{Language, translated},
    message::{Message, State},
    store::{request::Draft, rows::keys::MAX_NAME},
};

/// The key of the address in a message's `meta`.
const KEY: &str = "report_to";

/// The `meta` of a message whose outcome is reported to this peer, in this language.
pub fn report_to(channel: &str, peer: &str, language: Language) -> Value {
    json!({KEY: {"channel": channel, "peer": peer, "language": language.tag()}})
}

/// The report on a change, if one was asked for and the change is worth one: the service accepted the
/// message, or it failed, before or after it was accepted.
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
    let language = to.get("language").and_then(Value::as_str);
    let language = language.and_then(Language::of_tag).unwrap_or_default();
    let text = sentences(language, &text);
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

/// The report and the reason behind it, each a sentence of its own.
fn sentences(language: Language, text: &str) -> String {
    match text.split_once(": ") {
        Some((what, why)) => {
            let (what, why) = (translated(language, what), translated(language, why));
            format!("{what}: {why}")
        }
        None => translated(language, text).into_owned(),
    }
}

/// Clients may set any `meta`: what cannot be an address is ignored.
fn name(to: &Value, part: &str) -> Option<String> {
    let name = to.get(part)?.as_str()?;
    let usable = !name.is_empty() && name.len() <= MAX_NAME;
    usable.then(|| name.to_owned())
}
