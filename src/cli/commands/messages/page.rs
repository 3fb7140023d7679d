//! What the commands that list messages or conversations ask for: one page, by their options.

use serde_json::{Value, json};

use crate::{cli::parser::ParsedArgs, error::Result};

/// The payload of an action that lists: these options under their own names, and `limit`.
pub(super) fn page(args: &ParsedArgs, names: &[&str]) -> Result<Value> {
    let mut payload = json!({});
    for name in names {
        if let Some(value) = args.text(name) {
            payload[*name] = json!(value);
        }
    }
    if let Some(limit) = args.number("limit", &(1..=1000))? {
        payload["limit"] = json!(limit);
    }
    Ok(payload)
}
