//! The protocol documents itself: one table of actions and events. `payload` checks what clients
//! send against it, `mismatch` what the gateway writes, and the `describe` action shows it, so the
//! three cannot differ.

mod actions;
mod asyncapi;
mod events;
mod fields;
mod mismatch;
mod shape;

use serde_json::{Value, json};

use super::role::Least;

pub use self::{
    actions::{ACTIONS, Action, ActionId, action},
    asyncapi::asyncapi,
    events::{EVENTS, EventName, event},
    mismatch::{event_mismatch, response_mismatch},
    shape::{ActionSpec, EventSpec, FieldKind, FieldSpec, MAX_NAME, MAX_NAMES, MAX_TARGETS},
};

/// The roles beside the ladder that may as well.
fn roles_json(least: Least) -> Value {
    least.also.iter().map(|role| role.as_str()).collect()
}

fn fields_json(fields: &[FieldSpec]) -> Value {
    fields
        .iter()
        .map(|field| {
            json!({"name": field.name, "type": field.kind.expectation(), "required": field.required, "summary": field.summary})
        })
        .collect()
}

/// The response of `describe` to whom these tests let see an action and an event.
pub fn describe(may_do: impl Fn(&Action) -> bool, may_hear: impl Fn(&EventSpec) -> bool) -> Value {
    let actions = ACTIONS
        .iter()
        .filter(|action| may_do(action))
        .map(|action| {
            json!({"name": action.name, "aliases": action.aliases, "summary": action.summary,
            "role": action.least.role.as_str(), "also": roles_json(action.least),
            "request": fields_json(action.request), "response": fields_json(action.response)})
        });
    let events = EVENTS.iter().filter(|event| may_hear(event)).map(|event| {
        json!({"name": event.name, "summary": event.summary,
            "role": event.least.role.as_str(), "also": roles_json(event.least),
            "payload": fields_json(event.payload)})
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
        let description = describe(|_| true, |_| true);
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
