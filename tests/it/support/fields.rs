//! Assertions on JSON that say which field is wrong.

use serde_json::Value;

/// Fails with the names of the wrong fields unless each field of `expected` has that value in `actual`.
pub(crate) fn assert_fields(actual: &Value, expected: &Value) {
    let wrong = wrong_fields(actual, expected);
    assert!(wrong.is_empty(), "{}\nin {actual}", wrong.join("\n"));
}

/// What is wrong with each field of `expected` that does not have that value in `actual`. A dot in a name
/// goes into an object or, with a number, into a list: `payload.codes.0`. `~` behind it asks for a text
/// that contains the value. A missing field counts as `null`.
pub(crate) fn wrong_fields(actual: &Value, expected: &Value) -> Vec<String> {
    let expected = expected.as_object().expect("fields");
    let checked = expected.iter().filter_map(|(path, expected)| {
        let (path, part) = match path.strip_suffix('~') {
            Some(path) => (path, expected.as_str()),
            None => (path.as_str(), None),
        };
        let found = path.split('.').fold(actual, inner);
        let is_right = part.map_or(found == expected, |part| {
            found.as_str().is_some_and(|text| text.contains(part))
        });
        let not = if part.is_some() { "without" } else { "not" };
        (!is_right).then(|| format!("{path} is {found}, {not} {expected}"))
    });
    checked.collect()
}

fn inner<'v>(value: &'v Value, name: &str) -> &'v Value {
    match name.parse::<usize>() {
        Ok(place) if value.is_array() => &value[place],
        _ => &value[name],
    }
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
