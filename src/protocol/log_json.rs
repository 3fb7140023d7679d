//! A log line as the wire shows it: in the action `logs` and in the event `log`.

use serde_json::{Map, Value, json};

use crate::log::LogLine;

/// `{"time_ms","level","target","message","fields"}`.
pub fn line_json(line: &LogLine) -> Value {
    let fields: Map<String, Value> = line
        .fields
        .iter()
        .map(|(key, value)| (key.clone(), json!(value)))
        .collect();
    json!({"time_ms": line.time_ms, "level": line.level.as_str(), "target": line.target,
        "message": line.message, "fields": fields})
}
