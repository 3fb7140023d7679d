//! Whether a message is meant for the bot: it names it, or answers it
//! (<https://core.telegram.org/bots/api#messageentity>).

use serde_json::Value;

use super::entities::span;
use crate::{integrations::telegram::who::Author, message::text_at};

/// Whether the message names the bot or answers one of its messages. The message that made a topic counts
/// as no answer: clients name it where somebody answers nobody.
pub(in crate::integrations::telegram) fn is_addressed(message: &Value, me: &Author) -> bool {
    let reply = &message["reply_to_message"];
    let answers = is_me(&reply["from"], me) && reply.get("forum_topic_created").is_none();
    let texts = [("text", "entities"), ("caption", "caption_entities")];
    answers
        || texts.iter().any(|(text, entities)| {
            let text = text_at(message, text).unwrap_or_default();
            let entities = message[entities].as_array().into_iter().flatten();
            let mut entities = entities;
            entities.any(|entity| names(text, entity, me))
        })
}

fn is_me(user: &Value, me: &Author) -> bool {
    me.id.is_some() && user["id"].as_i64() == me.id
}

/// `@bot`, `/command@bot`, or the bot by what it is called.
fn names(text: &str, entity: &Value, me: &Author) -> bool {
    let named = || {
        let (start, end) = span(text, entity)?;
        let words = text[start..end].to_lowercase();
        let at = words.find('@')?;
        me.user_name.as_ref().map(|name| words[at..] == **name)
    };
    match entity["type"].as_str() {
        Some("mention" | "bot_command") => named() == Some(true),
        Some("text_mention") => is_me(&entity["user"], me),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn of(message: &Value) -> bool {
        let me = Author {
            id: Some(1),
            name: None,
            user_name: Some("@field_bot".to_owned()),
        };
        is_addressed(message, &me)
    }

    fn entity(kind: &str, offset: usize, length: usize) -> Value {
        json!([{"type": kind, "offset": offset, "length": length}])
    }

    #[test]
    fn the_bot_is_named_in_a_text_a_caption_or_a_command() {
        for (text, entities, addressed) in [
            ("😀 @Field_Bot?", entity("mention", 3, 10), true),
            ("@field_bot2", entity("mention", 0, 11), false),
            ("@ana", entity("mention", 0, 4), false),
            ("/new@field_bot", entity("bot_command", 0, 14), true),
            ("/new@other_bot", entity("bot_command", 0, 14), false),
            ("/new", entity("bot_command", 0, 4), false),
            ("a@field_bot", entity("email", 0, 11), false),
            ("x", entity("mention", 9, 10), false),
        ] {
            let said = json!({"text": text, "entities": entities});
            assert_eq!(of(&said), addressed, "{text}");
            let captioned = json!({"caption": text, "caption_entities": entities});
            assert_eq!(of(&captioned), addressed, "{text}");
        }
        let called = json!([{"type": "text_mention", "offset": 0, "length": 3, "user": {"id": 1}}]);
        assert!(of(&json!({"text": "Bot", "entities": called})));
    }

    #[test]
    fn an_answer_to_the_bot_is_meant_for_it_and_one_to_a_topic_is_not() {
        assert!(of(
            &json!({"text": "yes", "reply_to_message": {"from": {"id": 1}}})
        ));
        assert!(!of(
            &json!({"text": "yes", "reply_to_message": {"from": {"id": 2}}})
        ));
        let root = json!({"from": {"id": 1}, "forum_topic_created": {"name": "Cakes"}});
        assert!(!of(&json!({"text": "yes", "reply_to_message": root})));
        assert!(!of(&json!({"text": "yes"})));
    }
}
