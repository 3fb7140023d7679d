//! Numbers and enums inside a message. The same field comes as a number, as a text, or as the halves of
//! a `Long`, depending on the version; an enum by its name or by its number (`whatsapp.baileys.service.ts`,
//! `prepareMessage` and `deserializeMessageBuffers`, of Evolution 2.2 to 2.4).

use serde_json::Value;

/// A whole number in any of its spellings.
pub(in super::super) fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64().or_else(|| decimal(value).and_then(rounded)),
        Value::String(text) => text.trim().parse().ok(),
        Value::Object(_) => {
            let (low, high) = (value["low"].as_i64()?, value["high"].as_i64()?);
            Some((high << 32) | (low & 0xffff_ffff))
        }
        _ => None,
    }
}

/// A number that may have a fraction, in any of its spellings.
pub(super) fn decimal(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number: &f64| number.is_finite()),
        _ => whole(value).map(|number| number as f64),
    }
}

/// A count: a whole number that is not negative.
pub(super) fn count(value: &Value) -> Option<u64> {
    whole(value)?.try_into().ok()
}

/// An amount in thousandths, as money is counted.
pub(super) fn thousandths(value: &Value) -> Option<f64> {
    whole(value).map(|amount| amount as f64 / 1000.0)
}

/// The name of an enum's value; `names` has those of 0, 1, ….
pub(super) fn name_of<'a>(value: &'a Value, names: &[&'a str]) -> Option<&'a str> {
    if let Some(text) = value.as_str().filter(|text| text.parse::<u8>().is_err()) {
        return Some(text).filter(|text| !text.is_empty());
    }
    names.get(usize::try_from(whole(value)?).ok()?).copied()
}

#[allow(clippy::cast_possible_truncation, reason = "checked to fit")]
fn rounded(number: f64) -> Option<i64> {
    (number.abs() < 9e15).then_some(number as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_number_is_read_in_every_spelling() {
        let long = json!({"low": 1_753_614_857, "high": 0, "unsigned": true});
        for value in [
            json!(1_753_614_857),
            json!("1753614857"),
            json!(1_753_614_857.0),
            long,
        ] {
            assert_eq!(whole(&value), Some(1_753_614_857), "{value}");
        }
        let big = json!({"low": -1, "high": 1, "unsigned": false});
        assert_eq!(whole(&big), Some(0x1_ffff_ffff));
        for none in [
            json!(null),
            json!("x"),
            json!({}),
            json!(true),
            json!({"low": 1}),
        ] {
            assert_eq!(whole(&none), None, "{none}");
        }
        assert_eq!(decimal(&json!("-23.5")), Some(-23.5));
        assert_eq!(decimal(&json!("NaN")), None);
        assert_eq!(count(&json!(-1)), None);
        assert_eq!(thousandths(&json!("9500")), Some(9.5));
    }

    #[test]
    fn an_enum_is_read_by_name_and_by_number() {
        let names = ["NONE", "ONE"];
        for value in [json!(1), json!("1"), json!("ONE")] {
            assert_eq!(name_of(&value, &names), Some("ONE"));
        }
        for none in [json!(2), json!(-1), json!(null), json!("")] {
            assert_eq!(name_of(&none, &names), None, "{none}");
        }
    }
}
