//! Assertions on JSON that say which field is wrong.

use serde_json::Value;

/// Fails with the names of the wrong fields unless each field of `expected` has that value in `actual`.
/// A dot in a name goes into an object: `payload.code`. A missing field counts as `null`.
pub(crate) fn assert_fields(actual: &Value, expected: &Value) {
    let mut wrong = Vec::new();
    for (path, expected) in expected.as_object().expect("fields") {
        let found = path.split('.').fold(actual, |inner, name| &inner[name]);
        if found != expected {
            wrong.push(format!("{path} is {found}, not {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}\nin {actual}", wrong.join("\n"));
}

/// The same for one field.
pub(crate) fn assert_field(actual: &Value, field: &str, expected: impl Into<Value>) {
    let (found, expected) = (&actual[field], expected.into());
    let is_equal = *found == expected;
    assert!(is_equal, "{field} is {found}, not {expected}\nin {actual}");
}

/// Fails unless a field is a text that contains `part`.
pub(crate) fn assert_mentions(actual: &Value, field: &str, part: &str) {
    let text = actual[field].as_str().unwrap_or_default();
    let is_there = text.contains(part);
    assert!(is_there, "{field} does not mention {part:?}\nin {actual}");
}

#[test]
#[should_panic(expected = "payload.state is \"sent\", not \"failed\"")]
fn a_wrong_field_is_named() {
    let actual = serde_json::json!({"payload": {"state": "sent", "more": 1}});
    let expected = serde_json::json!({"payload.state": "failed", "payload.more": 1});
    assert_fields(&actual, &expected);
}
