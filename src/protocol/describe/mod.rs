//! The protocol documents itself: one table of actions and events. `payload` checks what clients
//! send against it, the `describe` action shows it, so the two cannot differ.

mod actions;
mod events;
mod fields;

use serde_json::{Value, json};

pub use self::{actions::ACTIONS, events::EVENTS};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any string.
    Text,
    /// A string of 1 to 256 bytes without control characters.
    Name,
    /// A whole number in this range.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array of strings, each as `Name`, 1 to 64 of them.
    Names,
    /// An array of objects.
    Objects,
    /// Any JSON value.
    Any,
}

/// One field of a payload.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// False where it may be left out.
    pub required: bool,
    /// One line of text.
    pub summary: &'static str,
}

/// One action and the shape of both its payloads.
#[derive(Debug)]
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// Older names that stay accepted.
    pub aliases: &'static [&'static str],
    /// One line of text.
    pub summary: &'static str,
    /// What the client sends.
    pub request: &'static [Field],
    /// What the gateway answers.
    pub response: &'static [Field],
}

/// One event and the shape of its payload.
#[derive(Debug)]
pub struct Event {
    /// Its name; `*` stands for what the publisher chose.
    pub name: &'static str,
    /// One line of text.
    pub summary: &'static str,
    /// What it carries.
    pub payload: &'static [Field],
}

/// The action of this name or alias.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.name == name || action.aliases.contains(&name))
}

impl Kind {
    /// What a field must be, with its article.
    pub fn expectation(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Name => "a string of 1 to 256 bytes without control characters".to_owned(),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Object => "an object".to_owned(),
            Self::Names => "an array of 1 to 64 strings".to_owned(),
            Self::Objects => "an array of objects".to_owned(),
            Self::Any => "any JSON value".to_owned(),
        }
    }
}

fn fields_json(fields: &[Field]) -> Value {
    fields
        .iter()
        .map(|field| {
            json!({"name": field.name, "type": field.kind.expectation(), "required": field.required, "summary": field.summary})
        })
        .collect()
}

/// The response of `describe`.
pub fn describe() -> Value {
    let actions = ACTIONS.iter().map(|action| {
        json!({"name": action.name, "aliases": action.aliases, "summary": action.summary,
            "request": fields_json(action.request), "response": fields_json(action.response)})
    });
    let events = EVENTS.iter().map(|event| {
        json!({"name": event.name, "summary": event.summary, "payload": fields_json(event.payload)})
    });
    let errors = crate::protocol::error_code::ROWS.iter().map(|row| {
        json!({"code": row.name, "jsonrpc": row.number, "http": row.http, "meaning": row.meaning})
    });
    json!({"protocol": crate::protocol::VERSION, "actions": actions.collect::<Value>(),
        "events": events.collect::<Value>(), "errors": errors.collect::<Value>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_found_and_unique() {
        let mut names: Vec<&str> = ACTIONS
            .iter()
            .flat_map(|a| std::iter::once(a.name).chain(a.aliases.iter().copied()))
            .collect();
        assert!(names.iter().all(|name| action(name).is_some()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn describe_lists_every_action_event_and_error() {
        let description = describe();
        assert_eq!(
            description["actions"].as_array().map(Vec::len),
            Some(ACTIONS.len())
        );
        assert_eq!(
            description["events"].as_array().map(Vec::len),
            Some(EVENTS.len())
        );
        assert!(
            description["errors"]
                .as_array()
                .is_some_and(|rows| !rows.is_empty())
        );
    }
}
