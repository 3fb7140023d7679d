//! The options that say when something is sent.

use serde_json::{Value, json};

use crate::cli::parser::{OptionSpec, ParsedArgs, Takes, option};

/// `--at`.
pub(super) const AT: OptionSpec = option(
    "at",
    Takes::Text("TIME"),
    "Send it then, as \"2026-11-27 08:00\"",
);

/// `--in`.
pub(super) const IN: OptionSpec = option("in", Takes::Text("SPAN"), "Send it after 10m, 2h, 3d");

/// `--grace`.
pub(super) const GRACE: OptionSpec = option(
    "grace",
    Takes::Text("SPAN"),
    "How late it may be after a downtime (1h)",
);

/// Puts what these say into a payload.
pub(super) fn put_times(args: &ParsedArgs, payload: &mut Value) {
    for name in ["at", "in", "grace"] {
        if let Some(value) = args.text(name) {
            payload[name] = json!(value);
        }
    }
}
