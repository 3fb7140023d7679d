//! Who people and chats are: their ids, what they are called, and by which names an allow-list may
//! hold them.

use serde_json::Value;

use crate::message::text_at;

/// Users that stand for many: the anonymous administrators of all groups, Telegram itself where it
/// passes on the posts of a linked channel, whoever writes in the name of a channel. The server fills
/// them into `from` "for backward compatibility"; who it was says `sender_chat`
/// (<https://core.telegram.org/bots/api#message>, `create_message` in the server's `Client.cpp`).
const SHARED: [i64; 3] = [1_087_968_824, 777_000, 136_817_688];

/// Whoever wrote, tapped, voted or reacted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Author {
    pub(super) id: Option<i64>,
    pub(super) name: Option<String>,
    /// As on an allow-list: `@name`, in small letters.
    pub(super) user_name: Option<String>,
}

/// Whether a user stands for many.
pub(super) fn is_shared(user: &Value) -> bool {
    user["id"].as_i64().is_some_and(|id| SHARED.contains(&id))
}

impl Author {
    /// Whoever wrote a message of `chat`.
    pub(super) fn of_message(message: &Value) -> Self {
        Self::of(&message["from"], &message["sender_chat"], &message["chat"])
    }

    /// The chat in whose name it was done, else the user, else, where that is one of many, the chat it
    /// was done in.
    pub(super) fn of(user: &Value, in_the_name_of: &Value, chat: &Value) -> Self {
        let who = if in_the_name_of.is_object() {
            in_the_name_of
        } else if is_shared(user) {
            chat
        } else {
            user
        };
        Self {
            id: who["id"].as_i64(),
            name: called(who),
            user_name: user_name(who),
        }
    }
}

/// The user name of a person or chat as an allow-list has it. Telegram does not tell cases apart.
pub(super) fn user_name(who: &Value) -> Option<String> {
    text_at(who, "username").map(|name| format!("@{}", name.to_lowercase()))
}

/// First and last name.
pub(super) fn full_name(person: &Value) -> Option<String> {
    let names = ["first_name", "last_name"].map(|name| text_at(person, name));
    let names: Vec<&str> = names.into_iter().flatten().collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// What a chat or a person is called.
pub(super) fn called(who: &Value) -> Option<String> {
    let title = text_at(who, "title").map(str::to_owned);
    let user_name = || text_at(who, "username").map(|name| format!("@{name}"));
    title.or_else(|| full_name(who)).or_else(user_name)
}

/// The same, with the id where there is no name.
pub(super) fn named(who: &Value) -> String {
    let id = || who["id"].as_i64().or(who["user_id"].as_i64());
    let id = || id().map_or_else(|| "someone".to_owned(), |id| id.to_string());
    called(who).unwrap_or_else(id)
}

/// Several of them.
pub(super) fn all_named(people: &Value) -> String {
    let people = people.as_array().into_iter().flatten();
    let people: Vec<String> = people.map(named).collect();
    people.join(", ")
}

/// From whom a message was forwarded. Servers before 7.0 of the API have it in fields of their own.
pub(super) fn forwarded_from(message: &Value) -> Option<String> {
    let origin = &message["forward_origin"];
    let hidden = [
        (origin, "sender_user_name"),
        (message, "forward_sender_name"),
    ];
    let hidden = hidden.iter().find_map(|(from, key)| text_at(from, key));
    let known = [
        &origin["sender_user"],
        &origin["sender_chat"],
        &origin["chat"],
        &message["forward_from_chat"],
        &message["forward_from"],
    ];
    let known = known.into_iter().find(|who| who.is_object()).map(named);
    let from = known
        .or(hidden.map(str::to_owned))
        .or_else(|| origin.is_object().then(|| named(origin)))?;
    Some(match text_at(origin, "author_signature") {
        Some(signature) => format!("{from} ({signature})"),
        None => from,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn whoever_writes_in_the_name_of_a_chat_is_that_chat() {
        let choir = json!({"id": -100, "title": "Choir", "username": "ChoirClub"});
        for shared in SHARED {
            for in_the_name_of in [&choir, &Value::Null] {
                let who = Author::of(
                    &json!({"id": shared, "username": "x"}),
                    in_the_name_of,
                    &choir,
                );
                assert_eq!(who.id, Some(-100), "{shared}");
                assert_eq!(who.name.as_deref(), Some("Choir"));
                assert_eq!(who.user_name.as_deref(), Some("@choirclub"));
            }
        }
        let ana = json!({"id": 9, "first_name": "Ana", "last_name": "", "username": "AnaLima"});
        let who = Author::of(&ana, &Value::Null, &choir);
        assert_eq!((who.id, who.name.as_deref()), (Some(9), Some("Ana")));
        assert_eq!(who.user_name.as_deref(), Some("@analima"));
        assert_eq!(
            Author::of(&Value::Null, &Value::Null, &choir),
            Author::default()
        );
    }

    #[test]
    fn forwards_say_from_whom() {
        for (origin, from) in [
            (
                json!({"type": "user", "sender_user": {"id": 9, "first_name": "Ana"}}),
                "Ana",
            ),
            (
                json!({"type": "hidden_user", "sender_user_name": "A. L."}),
                "A. L.",
            ),
            (
                json!({"type": "chat", "sender_chat": {"id": -1, "title": "Choir"}, "author_signature": "boss"}),
                "Choir (boss)",
            ),
            (
                json!({"type": "channel", "chat": {"id": -1, "title": "Alerts"}, "message_id": 4}),
                "Alerts",
            ),
            (json!({"type": "newer"}), "someone"),
        ] {
            let message = json!({"forward_origin": origin});
            assert_eq!(forwarded_from(&message).as_deref(), Some(from));
        }
        let old = json!({"forward_from": {"id": 7}});
        assert_eq!(forwarded_from(&old).as_deref(), Some("7"));
        let hidden = json!({"forward_sender_name": "A. L."});
        assert_eq!(forwarded_from(&hidden).as_deref(), Some("A. L."));
        assert_eq!(forwarded_from(&json!({})), None);
    }
}
