//! How conversations are kept, as words: what the command line calls each change, what it says once that is
//! done, and the words for it in a row.

use serde_json::{Value, json};

use crate::language::Translator;

/// A change: its word, the field of the action, what it becomes, and what is said then.
#[derive(Debug, PartialEq)]
pub(crate) struct Change {
    word: &'static str,
    field: &'static str,
    becomes: bool,
    said: &'static str,
}

const fn change(
    word: &'static str,
    field: &'static str,
    becomes: bool,
    said: &'static str,
) -> Change {
    Change {
        word,
        field,
        becomes,
        said,
    }
}

const CHANGES: [Change; 7] = [
    change("pin", "pinned", true, "pinned: it is shown first"),
    change("unpin", "pinned", false, "no longer pinned"),
    change(
        "archive",
        "archived",
        true,
        "archived until its next message; see them: conversations --archived",
    ),
    change("unarchive", "archived", false, "back among the others"),
    change(
        "mute",
        "muted",
        true,
        "muted: nobody is notified of its messages",
    ),
    change(
        "unmute",
        "muted",
        false,
        "no longer muted: its messages are notified again",
    ),
    change(
        "unread",
        "unread",
        true,
        "marked as unread, until it is read",
    ),
];

/// What is said instead where it is also muted.
const ARCHIVED_FOR_GOOD: &str =
    "archived, and muted: new messages do not bring it back; see them: conversations --archived";

impl Change {
    /// The one that goes by this word.
    pub(super) fn of(word: &str) -> Option<&'static Self> {
        CHANGES.iter().find(|change| change.word == word)
    }

    /// Puts it into a payload that names a conversation.
    pub(super) fn ask(&self, payload: &mut Value) {
        payload[self.field] = json!(self.becomes);
    }

    /// What is said once it is done, by the answer.
    pub(super) fn said(&self, answer: &Value) -> &'static str {
        let is_archived = self.field == "archived" && self.becomes;
        if is_archived && answer["muted"] == true {
            return ARCHIVED_FOR_GOOD;
        }
        self.said
    }
}

/// How a conversation is kept, in words; empty where it is as any other.
pub(super) fn kept(one: &Value, translator: Translator) -> String {
    let names = [
        ("pinned", "pinned"),
        ("archived", "archived"),
        ("muted", "muted"),
        ("unread_mark", "marked"),
    ];
    let set = names.iter().filter(|(field, _)| one[field] == true);
    let words: Vec<_> = set.map(|(_, word)| translator.word(word)).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::describe::action;

    #[test]
    fn every_change_is_a_field_of_the_action() {
        let action = action("conversation.set").expect("an action");
        for change in &CHANGES {
            let fields = action.request;
            assert!(fields.iter().any(|field| field.name == change.field));
            assert_eq!(Change::of(change.word), Some(change));
        }
        assert_eq!(Change::of("burn"), None);
    }

    #[test]
    fn what_is_said_of_the_archive_says_when_it_comes_back() {
        let archive = Change::of("archive").expect("there");
        assert!(archive.said(&json!({"muted": false})).contains("until"));
        assert!(archive.said(&json!({"muted": true})).contains("do not"));
    }

    #[test]
    fn only_what_is_set_is_named() {
        let translator = Translator::default();
        let one = json!({"pinned": true, "muted": true, "archived": false});
        assert_eq!(kept(&one, translator), "pinned, muted");
        assert_eq!(kept(&json!({}), translator), "");
    }
}
