//! How deeply JSON is nested that others wrote.
//!
//! `serde_json` reads up to 128 levels and writes any number. A service may send JSON in a string that
//! is read in its turn, so what was read within the limit may be written beyond it, and then no reader
//! takes it any more.

use serde_json::Value;

/// Deepest nesting that is kept. A frame, a row and a client's reader wrap a few levels around it.
pub const MAX_NESTING: usize = 100;

/// Whether arrays and objects are nested deeper than `max` in this value.
pub fn is_deeper(value: &Value, max: usize) -> bool {
    let Some(inside) = max.checked_sub(1) else {
        return value.is_array() || value.is_object();
    };
    match value {
        Value::Array(all) => all.iter().any(|one| is_deeper(one, inside)),
        Value::Object(all) => all.values().any(|one| is_deeper(one, inside)),
        _ => false,
    }
}

/// The value, or its JSON text as a string where it is nested too deeply to be kept as it is.
pub fn kept(value: Value) -> Value {
    if is_deeper(&value, MAX_NESTING) {
        Value::from(value.to_string())
    } else {
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nested(depth: usize) -> Value {
        (0..depth).fold(Value::from(1), |inner, _| Value::from(vec![inner]))
    }

    #[test]
    fn the_limit_itself_is_kept_and_more_becomes_its_text() {
        assert_eq!(kept(nested(MAX_NESTING)), nested(MAX_NESTING));
        let deeper = nested(MAX_NESTING + 1);
        assert_eq!(kept(deeper.clone()), Value::from(deeper.to_string()));
        assert!(!is_deeper(&Value::from(1), 0) && is_deeper(&nested(1), 0));
    }
}
