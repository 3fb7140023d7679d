//! What is wrong with an integration, from its form on the wire.

use serde_json::Value;

use crate::log::printable;

/// Its last error, unless that is over: what works, or is not to work, has its errors behind it.
pub(crate) fn trouble(integration: &Value) -> Option<String> {
    let is_over = matches!(integration["state"].as_str(), Some("running" | "stopped"));
    let error = integration["last_error"].as_str().filter(|_| !is_over);
    error.map(printable)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_error_that_is_over_is_not_told() {
        for (state, told) in [
            ("running", None),
            ("stopped", None),
            ("impaired", Some("the phone is off")),
            ("parked", Some("the phone is off")),
        ] {
            let one = json!({"state": state, "last_error": "the phone is off"});
            assert_eq!(trouble(&one).as_deref(), told, "{state}");
        }
        assert_eq!(trouble(&json!({"state": "impaired"})), None);
    }
}
