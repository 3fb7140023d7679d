//! Objects as the service sends them.

use serde_json::{Value, json};

use super::BOT;

/// The channel of the direct messages with a person, and what is added for each.
const DIRECT: u64 = 9_000_000_000_000_000_000;

/// A user object.
pub(crate) fn user(id: &str, name: &str) -> Value {
    json!({"id": id, "username": name.to_lowercase(), "discriminator": "0", "global_name": name, "avatar": null})
}

pub(super) fn bot_user() -> Value {
    let mut bot = user(&BOT.to_string(), "Shop");
    bot["bot"] = json!(true);
    bot
}

/// The channel of the direct messages with a person.
pub(crate) fn direct_channel(user_id: &str) -> Value {
    let id = DIRECT + user_id.bytes().map(u64::from).sum::<u64>();
    json!({"id": id.to_string(), "type": 1, "flags": 0, "recipients": [user(user_id, "Ana")]})
}

/// A message object with what it must have.
pub(crate) fn message(id: &str, channel: &str, author: &Value, content: &str) -> Value {
    json!({"id": id, "channel_id": channel, "author": author, "content": content, "type": 0,
        "mentions": [], "mention_roles": [], "mention_everyone": false, "attachments": [], "embeds": [],
        "components": [], "timestamp": "2026-11-27T19:00:00.000000+00:00", "edited_timestamp": null,
        "flags": 0, "pinned": false, "tts": false})
}
