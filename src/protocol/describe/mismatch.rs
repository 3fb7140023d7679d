//! Holds what the gateway writes to its description: every required field is there, each is of its
//! kind, and there are no others.
//!
//! Debug builds ask on every response and event. A payload that fits is read without an allocation
//! wherever its fields are numbers, switches or free values, so that measuring a ping stays possible.

use serde_core::de::{Deserializer as _, Error as _, MapAccess, Visitor};
use serde_json::{Value, value::RawValue};

use super::{
    actions::action,
    events::{EVENTS, EventName},
    shape::FieldSpec,
};

/// What is wrong with the payload of a response, or `None` where it is as described.
pub fn response_mismatch(action_name: &str, payload: &str) -> Option<String> {
    match action(action_name) {
        Some(action) => mismatch(action.response, payload),
        None => Some("no such action is described".to_owned()),
    }
}

/// What is wrong with the payload of an event, or `None` where it is as described. What clients
/// publish is theirs to shape.
pub fn event_mismatch(name: EventName<'_>, payload: &str) -> Option<String> {
    let described = EVENTS.iter().find(|event| event.name == name.as_str())?;
    mismatch(described.payload, payload)
}

/// What is wrong with an object that should hold these fields.
fn mismatch(fields: &[FieldSpec], payload: &str) -> Option<String> {
    let mut deserializer = serde_json::Deserializer::from_str(payload);
    let read = deserializer.deserialize_map(FieldsVisitor { fields });
    read.err().map(|error| format!("{error} in {payload}"))
}

struct FieldsVisitor<'f> {
    fields: &'f [FieldSpec],
}

impl<'de> Visitor<'de> for FieldsVisitor<'_> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut seen = 0_u64;
        while let Some(key) = map.next_key::<&str>()? {
            let Some(at) = self.fields.iter().position(|field| field.name == key) else {
                return Err(A::Error::custom(format!("{key} is not described")));
            };
            let raw = map.next_value::<&RawValue>()?;
            if seen & (1 << at) != 0 {
                return Err(A::Error::custom(format!("{key} is there twice")));
            }
            seen |= 1 << at;
            if !fits(&self.fields[at], raw) {
                let expected = self.fields[at].kind.expectation();
                return Err(A::Error::custom(format!("{key} is not {expected}")));
            }
        }
        let missing = |(at, field): &(usize, &FieldSpec)| field.required && seen & (1 << at) == 0;
        match self.fields.iter().enumerate().find(missing) {
            Some((_, field)) => Err(A::Error::custom(format!("{} is missing", field.name))),
            None => Ok(()),
        }
    }
}

fn fits(field: &FieldSpec, raw: &RawValue) -> bool {
    field.kind == super::FieldKind::Any
        || serde_json::from_str::<Value>(raw.get()).is_ok_and(|value| field.kind.fits(&value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::describe::event;

    #[test]
    fn a_payload_as_described_passes_and_each_fault_is_named() {
        let wrong = |payload: &str| response_mismatch("ping", payload).unwrap_or_default();
        assert_eq!(wrong(r#"{"pong":true,"time_ms":1,"echo":null}"#), "");
        for (payload, fault) in [
            (r#"{"pong":true}"#, "time_ms is missing"),
            (r#"{"pong":1,"time_ms":1}"#, "pong is not true or false"),
            (r#"{"pong":true,"time_ms":1,"x":1}"#, "x is not described"),
            (
                r#"{"pong":true,"pong":true,"time_ms":1}"#,
                "pong is there twice",
            ),
            ("[]", "expected an object"),
        ] {
            assert!(
                wrong(payload).contains(fault),
                "{payload}: {}",
                wrong(payload)
            );
        }
        assert!(response_mismatch("nothing", "{}").is_some());
    }

    #[test]
    fn events_are_held_to_the_table_but_for_those_of_clients() {
        let name = EventName::app("app.x").expect("a topic of clients");
        assert_eq!(event_mismatch(name, "1"), None);
        assert!(event_mismatch(event::LAGGED, "{}").is_some());
    }
}
