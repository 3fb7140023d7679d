//! Who is named in a message of a group: the addresses that the client put beside the text, and the text
//! itself, where each is `@` and the address without its server.
//!
//! In Evolution 2.3 the context of a text is `data.contextInfo`, in 2.4 it is gone there and only that of a
//! file's caption is left in the content; the quoted message in a context has mentions of its own, which
//! are not this message's.

use serde_json::Value;

use super::who::{HIDDEN, plain};
use crate::phone;

/// Addresses that are looked at.
const MOST: usize = 64;

/// Contents within contents that are looked into: `ephemeralMessage.message.imageMessage`.
const DEEPEST: usize = 6;

/// The addresses named beside the text, in the context beside the content or in its own.
pub(super) fn mentioned(beside: &Value, message: &Value) -> Vec<String> {
    let mut found = Vec::new();
    named_in(beside, &mut found);
    contexts(message, DEEPEST, &mut found);
    found.truncate(MOST);
    found
}

fn named_in(context: &Value, found: &mut Vec<String>) {
    let all = context["mentionedJid"].as_array().into_iter().flatten();
    found.extend(all.filter_map(Value::as_str).take(MOST).map(plain));
}

fn contexts(content: &Value, depth: usize, found: &mut Vec<String>) {
    let fields = content.as_object().into_iter().flatten();
    for (name, value) in fields.filter(|_| depth > 0) {
        match name.as_str() {
            "contextInfo" => named_in(value, found),
            "quotedMessage" => {}
            _ => contexts(value, depth - 1, found),
        }
    }
}

/// Whether an address is this number.
pub(super) fn is_number(address: &str, number: &str) -> bool {
    phone::person(address) == number
}

/// Whether an address hides the number.
pub(super) fn is_hidden(address: &str) -> bool {
    address.ends_with(HIDDEN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn mentions_are_found_wherever_the_version_puts_them_but_not_in_what_is_quoted() {
        let quoted = json!({"mentionedJid": ["9@lid"]});
        for data in [
            json!({"contextInfo": {"mentionedJid": ["5511:2@s.whatsapp.net"], "quotedMessage":
                {"extendedTextMessage": {"contextInfo": quoted}}}}),
            json!({"message": {"imageMessage": {"contextInfo": {"mentionedJid": ["5511@c.us"]}}}}),
            json!({"message": {"ephemeralMessage": {"message": {"extendedTextMessage":
                {"contextInfo": {"mentionedJid": ["5511@s.whatsapp.net"], "quotedMessage": {"contextInfo": quoted}}}}}}}),
        ] {
            let found = mentioned(&data["contextInfo"], &data["message"]);
            assert_eq!(found, ["5511@s.whatsapp.net"], "{data}");
        }
        assert!(mentioned(&Value::Null, &json!({"conversation": "hi"})).is_empty());
        let odd = json!({"mentionedJid": "5511@lid"});
        assert!(mentioned(&odd, &json!([])).is_empty());
    }
}
