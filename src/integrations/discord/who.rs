//! Who the bot is, who people are, and the session that the service tells of them in.

use std::sync::Arc;

use serde_json::{Value, json};

use super::address::id_at;
use crate::message::text_at;

/// The bot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Me {
    pub(super) id: u64,
    /// What it is called, without the sign before it.
    pub(super) name: String,
}

/// A session of the gateway.
#[derive(Debug, Clone)]
pub(super) struct Session {
    pub(super) id: String,
    /// Where it is resumed.
    pub(super) url: String,
    /// The number of the last event that is on disk.
    pub(super) sequence: u64,
    pub(super) me: Arc<Me>,
    /// Connections in a row that its address did not open.
    pub(super) unopened: u32,
}

impl Session {
    /// Reads what the service tells at its beginning.
    pub(super) fn of_ready(ready: &Value, sequence: u64) -> Option<Self> {
        let me = &ready["user"];
        Some(Self {
            id: text_at(ready, "session_id")?.to_owned(),
            url: text_at(ready, "resume_gateway_url")?.to_owned(),
            sequence,
            unopened: 0,
            me: Arc::new(Me {
                id: id_at(me, "id")?,
                name: text_at(me, "username").unwrap_or_default().to_owned(),
            }),
        })
    }
}

/// What a person is called: in the server, else everywhere, else their unique name.
pub(super) fn called(user: &Value, member: &Value) -> Option<String> {
    let nick = text_at(member, "nick");
    let name = nick.or_else(|| text_at(user, "global_name"));
    name.or_else(|| text_at(user, "username"))
        .map(str::to_owned)
}

/// People as `meta.mentions` has them.
pub(super) fn people(mentions: &Value) -> Option<Value> {
    let all = mentions.as_array()?.iter();
    let all: Vec<Value> = all
        .filter_map(|user| {
            let id = text_at(user, "id")?;
            Some(json!({"id": id, "name": called(user, &user["member"])}))
        })
        .collect();
    (!all.is_empty()).then(|| all.into())
}
