//! Emoji on messages (<https://core.telegram.org/bots/api#reactiontype>).

use serde_json::Value;

use crate::message::text_at;

/// What somebody changed of the reactions they have on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Change {
    /// What they put there; empty where they took something back.
    pub(super) emoji: String,
    /// All they have there now, where that is not what the emoji says.
    pub(super) standing: Option<Vec<String>>,
}

/// The difference of what was there and what is. Several may be there at a time.
pub(super) fn change(old: &Value, new: &Value) -> Change {
    let (before, now) = (all(old), all(new));
    let added: Vec<String> = now
        .iter()
        .filter(|one| !before.contains(one))
        .cloned()
        .collect();
    let standing = (now != added).then_some(now);
    Change {
        emoji: added.concat(),
        standing,
    }
}

fn all(reactions: &Value) -> Vec<String> {
    reactions
        .as_array()
        .into_iter()
        .flatten()
        .map(readable)
        .collect()
}

/// An emoji, or words for one that has none.
fn readable(reaction: &Value) -> String {
    match (
        text_at(reaction, "emoji"),
        text_at(reaction, "custom_emoji_id"),
    ) {
        (Some(emoji), _) => emoji.to_owned(),
        (None, Some(id)) => format!("[custom emoji {id}]"),
        (None, None) => match text_at(reaction, "type") {
            Some("paid") => "⭐".to_owned(),
            other => format!("[{}]", other.unwrap_or("reaction")),
        },
    }
}

/// An emoji as Telegram's list has it: without the mark that it is one
/// (<https://core.telegram.org/bots/api#reactiontypeemoji>).
pub(super) fn listed(emoji: &str) -> String {
    emoji.trim().replace('\u{fe0f}', "")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_difference_says_what_was_done() {
        let (up, heart) = (
            json!({"type": "emoji", "emoji": "👍"}),
            json!({"type": "emoji", "emoji": "❤"}),
        );
        let custom = json!({"type": "custom_emoji", "custom_emoji_id": "53"});
        for (old, new, emoji, standing) in [
            (json!(null), json!([up]), "👍", None),
            (json!([up]), json!([]), "", None),
            (json!([up]), json!([heart]), "❤", None),
            (json!([up]), json!([up, heart]), "❤", Some(vec!["👍", "❤"])),
            (json!([up, heart]), json!([up]), "", Some(vec!["👍"])),
            (json!([]), json!([custom]), "[custom emoji 53]", None),
            (json!([]), json!([{"type": "paid"}]), "⭐", None),
            (json!([]), json!([{"type": "newer"}]), "[newer]", None),
        ] {
            let change = change(&old, &new);
            let told = change
                .standing
                .as_deref()
                .map(|all| all.iter().map(String::as_str).collect::<Vec<_>>());
            assert_eq!(
                (change.emoji.as_str(), told),
                (emoji, standing),
                "{old} {new}"
            );
        }
        assert_eq!(listed("❤️"), "❤");
    }
}
