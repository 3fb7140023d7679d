//! A command's payload, checked against the table of `describe` and read by name.

use serde_json::{Map, Value};

use super::{
    describe::{Action, FieldSpec},
    error_code::{ErrorCode, Fault},
};
use crate::message::nesting::{MAX_NESTING, is_deeper};

/// The fields of a payload that passed the check. Getters of required fields cannot fail.
#[derive(Debug, Default, Clone)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// Parses and checks a payload: every field of the table present where required and of its kind.
    /// A field that is null counts as left out; fields outside the table are ignored.
    pub fn check(action: &Action, json: Option<&str>) -> Result<Self, Fault> {
        let mut map = match json {
            None => Map::new(),
            Some(json) => serde_json::from_str(json)
                .map_err(|error| Fault::new(ErrorCode::BadPayload, format!("payload: {error}")))?,
        };
        // Text in a string may have been read as JSON too (`serde_json`'s key of a raw value), beyond the
        // depth that the frame was checked for.
        if map.values().any(|value| is_deeper(value, MAX_NESTING)) {
            let text = format!("payload: nested deeper than {MAX_NESTING} levels");
            return Err(Fault::new(ErrorCode::BadPayload, text));
        }
        map.retain(|_, value| !value.is_null());
        for field in action.request {
            check_field(field, map.get(field.name))?;
        }
        Ok(Self(map))
    }

    /// Fails where there is a field that the table has not: a limit that is misspelt would be none.
    pub fn expect_no_others(&self, action: &Action) -> Result<(), Fault> {
        let is_known = |name: &str| action.request.iter().any(|field| field.name == name);
        let Some(other) = self.0.keys().find(|name| !is_known(name)) else {
            return Ok(());
        };
        let names: Vec<_> = action.request.iter().map(|field| field.name).collect();
        Err(needless_field(
            other,
            &format!("left out; the fields are {}", names.join(", ")),
        ))
    }

    /// A string field, or `""` where it was left out.
    pub fn text(&self, name: &str) -> &str {
        self.0.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A string field that may be left out.
    pub fn optional_text(&self, name: &str) -> Option<&str> {
        self.0.get(name).and_then(Value::as_str)
    }

    /// A string field taken out whole.
    pub fn take_text(&mut self, name: &str) -> Option<String> {
        match self.0.remove(name) {
            Some(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    /// Any value that may be left out.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.0.get(name)
    }

    /// The same, to be changed.
    pub fn value_mut(&mut self, name: &str) -> Option<&mut Value> {
        self.0.get_mut(name)
    }

    /// A value taken out whole.
    pub fn take(&mut self, name: &str) -> Option<Value> {
        self.0.remove(name)
    }

    /// Puts a field in place of what was there.
    pub fn put(&mut self, name: &str, value: Value) {
        self.0.insert(name.to_owned(), value);
    }

    /// A number that may be left out.
    pub fn integer(&self, name: &str) -> Option<u64> {
        self.0.get(name).and_then(Value::as_u64)
    }

    /// A switch; off where it was left out.
    pub fn flag(&self, name: &str) -> bool {
        self.0
            .get(name)
            .and_then(Value::as_bool)
            .unwrap_or_default()
    }

    /// A switch that may be left out.
    pub fn optional_flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }

    /// The strings of an array.
    pub fn names(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0
            .get(name)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
    }
}

/// The fault of one field: which, what was expected, what came.
pub fn bad_field(name: &str, expected: &str, came: &str) -> Fault {
    Fault::new(
        ErrorCode::BadPayload,
        format!("the field \"{name}\" must be {expected}, not {came}"),
    )
    .with_details(serde_json::json!({"field": name, "expected": expected, "came": came}))
}

/// The fault of one field that has no place there, and where it has none.
pub fn needless_field(name: &str, expected: &str) -> Fault {
    let text = format!("the field \"{name}\" must be {expected}, not there");
    Fault::new(ErrorCode::BadPayload, text)
        .with_details(serde_json::json!({"field": name, "expected": expected, "came": "there"}))
}

/// The fault of one field that says itself what is wrong with it.
pub fn faulty_field(name: &str, why: &str, came: &str) -> Fault {
    Fault::new(
        ErrorCode::BadPayload,
        format!("the field \"{name}\": {why}"),
    )
    .with_details(serde_json::json!({"field": name, "expected": why, "came": came}))
}

/// Fails where a value is not as its field must be; `None` is one that was left out.
pub fn check_field(field: &FieldSpec, value: Option<&Value>) -> Result<(), Fault> {
    match value {
        None if field.required => Err(bad_field(field.name, &field.kind.expectation(), "left out")),
        Some(value) if !field.kind.fits(value) => Err(bad_field(
            field.name,
            &field.kind.expectation(),
            &describe_value(value),
        )),
        _ => Ok(()),
    }
}

/// What came, short enough for an error line and without the sender's text.
fn describe_value(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(b) => b.to_string(),
        Value::Number(n) => n.to_string(),
        Value::String(text) => format!("a string of {} bytes", text.len()),
        Value::Array(all) => format!("an array of {}", all.len()),
        Value::Object(_) => "an object".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::describe::action;

    fn check(name: &str, payload: &str) -> Result<Payload, Fault> {
        Payload::check(action(name).expect("an action"), Some(payload))
    }

    #[test]
    fn a_fault_names_the_field_the_expectation_and_what_came() {
        for (payload, text) in [
            (
                r#"{"to":"a"}"#,
                "the field \"channel\" must be a string of 1 to 256 bytes without control characters, not left out",
            ),
            (r#"{"channel":7,"to":"a"}"#, "not 7"),
            (r#"{"channel":"","to":"a"}"#, "not a string of 0 bytes"),
            (r#"{"channel":"a\nb","to":"a"}"#, "not a string of 3 bytes"),
            (
                r#"{"channel":"a","to":"b","wait":"yes"}"#,
                "the field \"wait\" must be true or false",
            ),
            (
                r#"{"channel":"a","to":"b","media":[]}"#,
                "an object or an array of 1 to 10 objects, not an array of 0",
            ),
        ] {
            let fault = check("send", payload).expect_err(payload);
            assert_eq!(fault.code, ErrorCode::BadPayload);
            assert!(fault.message.contains(text), "{payload}: {}", fault.message);
        }
        let fault = check("history", r#"{"limit":-1}"#).expect_err("negative");
        assert!(
            fault
                .message
                .contains("a whole number from 1 to 1000, not -1"),
            "{}",
            fault.message
        );
    }

    #[test]
    fn json_in_a_string_cannot_nest_deeper_than_a_frame_may() {
        let deep = format!("{}{}", "[".repeat(127), "]".repeat(127));
        let raw = format!(r#"{{"$serde_json::private::RawValue":"{deep}"}}"#);
        let payload = format!(r#"{{"channel":"a","peer":"b","text":"c","meta":{{"x":{raw}}}}}"#);
        let fault = check("receive", &payload).expect_err("too deep");
        assert_eq!(fault.code, ErrorCode::BadPayload);
    }

    #[test]
    fn null_is_left_out_and_unknown_fields_are_ignored() {
        let payload = check(
            "send",
            r#"{"channel":"a","to":"b","text":"c","media":null,"x":1}"#,
        )
        .expect("fine");
        assert_eq!((payload.text("text"), payload.flag("wait")), ("c", false));
    }
}
