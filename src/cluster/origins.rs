//! The names by which the cluster knows a store's own messages: `NODE.STORE/m-ID`.
//!
//! A store that was made of a backup goes by a new name, and what is in the backup by that of the store it was made of: other
//! nodes have copies of these messages.

use serde_json::{Value, json};

use crate::message::{Message, MessageId, ORIGIN, text_at};

/// Digits of its store in the name of a node.
const STORE_DIGITS: usize = 6;

/// The names of one store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Origins {
    own: String,
    before: Vec<Before>,
}

/// What a store was made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before {
    /// The name of that store.
    pub(super) origin: String,
    /// The last number it had then.
    pub(super) up_to: u64,
}

/// The name of a node's store.
pub(super) fn name(node: &str, instance: &str) -> String {
    let store = instance.get(..STORE_DIGITS).unwrap_or(instance);
    format!("{node}.{store}")
}

impl Origins {
    pub(super) fn new(own: String, before: Vec<Before>) -> Self {
        Self { own, before }
    }

    /// Where a message comes from: what its copy says, or a store of ours.
    pub(super) fn of(&self, message: &Message) -> String {
        let of_ours = || {
            let id = message.id;
            let before = self.before.iter().find(|before| id.0 <= before.up_to);
            let origin = before.map_or(&self.own, |before| &before.origin);
            format!("{origin}/{id}")
        };
        told_origin(message).map_or_else(of_ours, str::to_owned)
    }

    /// The message that an origin names, where it is in this store under its own number.
    pub(super) fn ours(&self, origin: &str) -> Option<MessageId> {
        let (name, id) = origin.rsplit_once('/')?;
        let id: MessageId = id.parse().ok()?;
        let mut before = self.before.iter();
        let was_here = |before: &Before| before.origin == name && id.0 <= before.up_to;
        (name == self.own || before.any(was_here)).then_some(id)
    }
}

/// Where a copy of another node's message says that it comes from.
pub(super) fn told_origin(message: &Message) -> Option<&str> {
    text_at(message.meta.as_ref()?, ORIGIN)
}

impl Before {
    pub(super) fn json(&self) -> Value {
        json!({"origin": self.origin, "up_to": self.up_to})
    }

    pub(super) fn of(json: &Value) -> Option<Self> {
        Some(Self {
            origin: json["origin"].as_str()?.to_owned(),
            up_to: json["up_to"].as_u64()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn before(origin: &str, up_to: u64) -> Before {
        let origin = origin.to_owned();
        Before { origin, up_to }
    }

    fn origins() -> Origins {
        let before = vec![before("desk.aaaaaa", 10), before("desk.bbbbbb", 20)];
        Origins::new(name("attic", "cccccc0000000000"), before)
    }

    #[test]
    fn what_a_backup_had_keeps_its_name() {
        for (id, origin) in [
            (10, "desk.aaaaaa/m-10"),
            (11, "desk.bbbbbb/m-11"),
            (21, "attic.cccccc/m-21"),
        ] {
            let id = MessageId(id);
            let message = Message {
                id,
                ..Message::sample("telegram", "42")
            };
            assert_eq!(origins().of(&message), origin);
            assert_eq!(origins().ours(origin), Some(id));
        }
    }

    #[test]
    fn what_came_after_a_backup_is_not_ours() {
        for origin in [
            "desk.aaaaaa/m-11",
            "desk.bbbbbb/m-21",
            "attic.dddddd/m-1",
            "attic.cccccc",
            "",
        ] {
            assert_eq!(origins().ours(origin), None, "{origin}");
        }
    }

    #[test]
    fn a_copy_says_where_it_comes_from() {
        let message = Message {
            meta: Some(json!({ORIGIN: "attic.dddddd/m-3"})),
            ..Message::sample("telegram", "42")
        };
        assert_eq!(origins().of(&message), "attic.dddddd/m-3");
    }
}
