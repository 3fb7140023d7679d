//! One log line as the daemon's own text format shows it, from its form on the wire.

use std::fmt::Write as _;

use serde_json::Value;

use super::times::Times;
use crate::log::{LogLevel, printable, push_value};

/// `time level target message key=value`.
pub(crate) fn log_line(line: &Value, times: &Times) -> String {
    let text = |name: &str| printable(line[name].as_str().unwrap_or_default());
    let time = times.of_log_line(logged(line));
    let mut shown = format!(
        "{time} {:<5} {} {}",
        text("level"),
        text("target"),
        text("message")
    );
    for (key, value) in line["fields"].as_object().into_iter().flatten() {
        let value = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        let _ = write!(shown, " {}=", printable(key));
        push_value(&mut shown, &value);
    }
    shown
}

/// When a line was logged, in milliseconds since 1970.
pub(crate) fn logged(line: &Value) -> u64 {
    line["time_ms"].as_u64().unwrap_or(0)
}

/// The level of a line of the log file, in either of its formats. `None` for other text, such as
/// the middle of a panic's message.
pub(crate) fn level_of(line: &str) -> Option<LogLevel> {
    if line.starts_with('{') {
        let line: Value = serde_json::from_str(line).ok()?;
        return line["level"].as_str()?.parse().ok();
    }
    line.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn lines_look_as_in_the_log_file() {
        let line = json!({"time_ms": 0, "level": "warn", "target": "store", "message": "slow",
            "fields": {"ms": "7", "path": "a b"}});
        let text = "1970-01-01 00:00:00 warn  store slow ms=7 path=\"a b\"";
        let times = Times::new(Some("UTC"), false, false);
        assert_eq!(log_line(&line, &times), text);
        let text = "1970-01-01T00:00:00.000Z warn  store slow ms=7 path=\"a b\"";
        assert_eq!(level_of(text), Some(LogLevel::Warn));
    }

    #[test]
    fn the_level_of_a_json_line_is_found_and_of_other_text_not() {
        assert_eq!(level_of(r#"{"level":"error"}"#), Some(LogLevel::Error));
        assert_eq!(level_of("{oops"), None);
        assert_eq!(level_of("thread panicked"), None);
    }
}
