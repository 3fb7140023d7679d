//! Messages of type `system`: what became of a person's number, user id or keys
//! (<https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/messages/system/>).
//! Pure.

use serde_json::{Map, Value, json};

use super::who::is_user_id;
use crate::{
    message::{Content, text_at},
    phone,
};

/// A person goes by other names now.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Moved {
    /// What they were known by, a number first.
    pub(super) before: Vec<String>,
    /// What they are known by now: a number, where one is told.
    pub(super) now: String,
    /// Further names they have now.
    pub(super) besides: Vec<String>,
    event: &'static str,
    words: Option<String>,
}

impl Moved {
    /// What is kept of it.
    pub(super) fn content(&self) -> Content {
        let details = [
            ("from", json!(self.before.first())),
            ("to", json!(self.now)),
        ];
        let words = self.event.replace('_', " ");
        Content::System {
            event: self.event.to_owned(),
            words: self.words.clone().unwrap_or(words),
            details: details
                .map(|(key, value)| (key.to_owned(), value))
                .into_iter()
                .collect(),
        }
    }
}

/// The change of a number or a user id that a message tells of. The new number is `wa_id` since version
/// 12 of the API and was `new_wa_id` before, the old one is `from`, or was `customer`; a change of number
/// brings a new user id with it.
pub(super) fn moved(message: &Value) -> Option<Moved> {
    let system = &message["system"];
    let kind = text_at(system, "type")?;
    let is_number = match kind {
        "user_changed_number" | "customer_changed_number" => true,
        "user_changed_user_id" => false,
        _ => return None,
    };
    let new_number = ["new_wa_id", "wa_id"].map(|key| name_at(system, key));
    let now = [
        new_number.into_iter().flatten().find(|_| is_number),
        name_at(system, "user_id"),
        name_at(system, "parent_user_id"),
    ];
    let mut besides = distinct(now, &[]);
    let before = [
        name_at(message, "from"),
        name_at(system, "customer"),
        name_at(system, "previous_user_id"),
        name_at(message, "from_user_id"),
        name_at(system, "previous_parent_user_id"),
    ];
    let before = distinct(before, &besides);
    if besides.is_empty() || before.is_empty() {
        return None;
    }
    Some(Moved {
        before,
        now: besides.remove(0),
        besides,
        event: if is_number {
            "number_changed"
        } else {
            "user_id_changed"
        },
        words: text_at(system, "body").map(str::to_owned),
    })
}

/// A number, which may come as one, or a user id.
fn name_at(json: &Value, key: &str) -> Option<String> {
    let number = || json.get(key)?.as_u64().map(|number| number.to_string());
    let name = text_at(json, key).map(str::to_owned).or_else(number)?;
    Some(if is_user_id(&name) {
        name
    } else {
        phone::person(&name)
    })
}

fn distinct<const N: usize>(names: [Option<String>; N], others: &[String]) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names.into_iter().flatten() {
        if !all.contains(&name) && !others.contains(&name) {
            all.push(name);
        }
    }
    all
}

/// Any other message of the system, in Meta's words.
pub(super) fn told(system: &Value) -> Content {
    let kind = text_at(system, "type").unwrap_or("unknown");
    let (name, words) = match kind {
        "customer_identity_changed" | "user_identity_changed" => {
            ("identity_changed", "the security code changed")
        }
        other => (other, ""),
    };
    match text_at(system, "body") {
        Some(body) => event(name, body),
        None if words.is_empty() => event(name, &name.replace('_', " ")),
        None => event(name, words),
    }
}

/// Something that happened, in words.
pub(super) fn event(name: &str, words: &str) -> Content {
    Content::System {
        event: name.to_owned(),
        words: words.to_owned(),
        details: Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(message: &Value) -> (Vec<String>, Vec<String>) {
        let moved = moved(message).expect("a change");
        let now = std::iter::once(moved.now).chain(moved.besides);
        (moved.before, now.collect())
    }

    #[test]
    fn a_change_of_number_is_read_in_every_version() {
        let of = |system: Value| names(&json!({"from": "5511", "system": system}));
        let expected = (vec!["5511".to_owned()], vec!["5522".to_owned()]);
        for system in [
            json!({"type": "user_changed_number", "wa_id": "5522"}),
            json!({"type": "customer_changed_number", "customer": "5511", "wa_id": "5511", "new_wa_id": 5522}),
        ] {
            assert_eq!(of(system), expected);
        }
        let (before, now) = of(json!({"type": "user_changed_number", "wa_id": "5522",
            "user_id": "BR.2", "previous_user_id": "BR.1"}));
        assert_eq!(
            (before, now),
            (
                vec!["5511".to_owned(), "BR.1".to_owned()],
                vec!["5522".to_owned(), "BR.2".to_owned()],
            )
        );
    }

    #[test]
    fn a_change_of_user_id_needs_no_number() {
        let (before, now) = names(&json!({"from_user_id": "BR.1",
            "system": {"type": "user_changed_user_id", "user_id": "BR.2"}}));
        assert_eq!(
            (before, now),
            (vec!["BR.1".to_owned()], vec!["BR.2".to_owned()])
        );
        let same =
            json!({"from": "5511", "system": {"type": "user_changed_number", "wa_id": "5511"}});
        assert_eq!(moved(&same), None);
        let other = json!({"from": "5511", "system": {"type": "customer_identity_changed"}});
        assert_eq!(moved(&other), None);
        assert_eq!(
            told(&other["system"]).text(),
            "[system] the security code changed"
        );
    }
}
