//! The envelope of everything that goes over the gateway
//! (<https://docs.discord.com/developers/events/gateway-events#payload-structure>). What is inside stays text until
//! somebody wants it: most of it nobody does.

use std::collections::BTreeMap;

use serde_json::{Value, json, value::RawValue};

/// The session is limited to what is asked for here
/// (<https://docs.discord.com/developers/events/gateway#list-of-intents>): servers and threads, messages with their
/// content, reactions, votes, and typing in direct messages.
pub(in super::super) const INTENTS: u64 = GUILDS
    | GUILD_MESSAGES
    | GUILD_MESSAGE_REACTIONS
    | DIRECT_MESSAGES
    | DIRECT_MESSAGE_REACTIONS
    | DIRECT_MESSAGE_TYPING
    | MESSAGE_CONTENT
    | GUILD_MESSAGE_POLLS
    | DIRECT_MESSAGE_POLLS;

const GUILDS: u64 = 1;
const GUILD_MESSAGES: u64 = 1 << 9;
const GUILD_MESSAGE_REACTIONS: u64 = 1 << 10;
const DIRECT_MESSAGES: u64 = 1 << 12;
const DIRECT_MESSAGE_REACTIONS: u64 = 1 << 13;
const DIRECT_MESSAGE_TYPING: u64 = 1 << 14;
const MESSAGE_CONTENT: u64 = 1 << 15;
const GUILD_MESSAGE_POLLS: u64 = 1 << 24;
const DIRECT_MESSAGE_POLLS: u64 = 1 << 25;

/// One payload of the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Payload<'a> {
    /// An event: its number, its name, its data.
    Dispatch(u64, &'a str, &'a str),
    /// A heartbeat is wanted at once.
    Beat,
    /// The connection is to be made anew.
    Reconnect,
    /// The session is none; whether it can be resumed all the same.
    Invalid(bool),
    /// The first word: how often it wants a heartbeat, in ms.
    Hello(u64),
    /// A heartbeat came.
    Ack,
    /// Something newer.
    Other,
}

impl<'a> Payload<'a> {
    /// Reads a payload; `None` where it is none.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let fields: BTreeMap<&str, &RawValue> = serde_json::from_str(text).ok()?;
        let field = |name: &str| fields.get(name).map(|value| value.get());
        let data = field("d").unwrap_or("null");
        Some(match field("op")?.parse().ok()? {
            0 => {
                let name = field("t")?.trim_matches('"');
                Self::Dispatch(field("s")?.parse().ok()?, name, data)
            }
            1 => Self::Beat,
            7 => Self::Reconnect,
            9 => Self::Invalid(data == "true"),
            10 => {
                let hello: Value = serde_json::from_str(data).ok()?;
                Self::Hello(hello["heartbeat_interval"].as_u64()?)
            }
            11 => Self::Ack,
            _ => Self::Other,
        })
    }
}

/// <https://docs.discord.com/developers/events/gateway-events#heartbeat>
pub(super) fn heartbeat(sequence: Option<u64>) -> String {
    json!({"op": 1, "d": sequence}).to_string()
}

/// <https://docs.discord.com/developers/events/gateway-events#identify>
pub(super) fn identify(token: &str) -> String {
    let name = "cleudocodebot";
    let properties = json!({"os": std::env::consts::OS, "browser": name, "device": name});
    json!({"op": 2, "d": {"token": token, "intents": INTENTS, "properties": properties}})
        .to_string()
}

/// <https://docs.discord.com/developers/events/gateway-events#resume>
pub(super) fn resume(token: &str, session: &str, sequence: u64) -> String {
    json!({"op": 6, "d": {"token": token, "session_id": session, "seq": sequence}}).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_are_read_and_their_data_stays_text() {
        for (text, payload) in [
            (
                r#"{"t":"MESSAGE_CREATE","s":42,"op":0,"d":{"id":"1"}}"#,
                Payload::Dispatch(42, "MESSAGE_CREATE", r#"{"id":"1"}"#),
            ),
            (
                r#"{"t":null,"s":null,"op":10,"d":{"heartbeat_interval":41250,"_trace":["x"]}}"#,
                Payload::Hello(41250),
            ),
            (r#"{"op":11}"#, Payload::Ack),
            (r#"{"op":1,"d":null}"#, Payload::Beat),
            (r#"{"op":7,"d":null}"#, Payload::Reconnect),
            (r#"{"op":9,"d":false}"#, Payload::Invalid(false)),
            (r#"{"op":9,"d":true}"#, Payload::Invalid(true)),
            (r#"{"op":99,"d":[]}"#, Payload::Other),
        ] {
            assert_eq!(Payload::read(text), Some(payload), "{text}");
        }
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"op":0,"d":{}}"#,
            r#"{"op":10,"d":{}}"#,
            r#"{"op":"#,
        ] {
            assert_eq!(Payload::read(wrong), None, "{wrong}");
        }
    }
}
