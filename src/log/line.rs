//! One log line and its two written forms. Text from outside cannot start a line of its own.
//!
//! Not here: where lines are written.

use std::fmt::{Display, Write as _};

use serde_json::{Map, Value, json};

use super::level::LogLevel;
use crate::clock::Utc;

/// A key and a value behind a log message.
pub type LogField<'a> = (&'a str, &'a (dyn Display + Sync));

/// One log line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogLine {
    /// When, in ms since 1970.
    pub time_ms: u64,
    /// How serious.
    pub level: LogLevel,
    /// The part of the program that logged it: `gateway`, `store`, ….
    pub target: &'static str,
    /// A constant text that reads alone.
    pub message: String,
    /// What varies, as keys and values.
    pub fields: Vec<(String, String)>,
}

impl LogLine {
    pub(super) fn new(
        time_ms: u64,
        level: LogLevel,
        target: &'static str,
        message: &str,
        fields: &[LogField<'_>],
    ) -> Self {
        let fields = fields
            .iter()
            .map(|(key, value)| ((*key).to_owned(), value.to_string()))
            .collect();
        Self {
            time_ms,
            level,
            target,
            message: message.to_owned(),
            fields,
        }
    }

    /// `time level target message key=value`, values quoted where they need it.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{} {:<5} {} ",
            Utc(self.time_ms),
            self.level.as_str(),
            self.target
        );
        push_printable(&mut text, &self.message);
        for (key, value) in &self.fields {
            let _ = write!(text, " {key}=");
            push_value(&mut text, value);
        }
        text
    }

    /// One JSON object: `time`, `level`, `target`, `message`, and every field as a string.
    pub fn json(&self) -> String {
        let mut object = Map::new();
        object.insert("time".to_owned(), json!(Utc(self.time_ms).to_string()));
        object.insert("level".to_owned(), json!(self.level.as_str()));
        object.insert("target".to_owned(), json!(self.target));
        object.insert("message".to_owned(), json!(self.message));
        for (key, value) in &self.fields {
            object.entry(key.clone()).or_insert_with(|| json!(value));
        }
        Value::Object(object).to_string()
    }
}

fn push_value(text: &mut String, value: &str) {
    let bare = !value.is_empty()
        && value
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && c != '"');
    if bare {
        text.push_str(value);
    } else {
        text.push('"');
        push_printable(text, &value.replace('\\', "\\\\").replace('"', "\\\""));
        text.push('"');
    }
}

/// Escapes control characters: a line end would forge a second log line, an escape sequence would
/// reach the reader's terminal.
fn push_printable(text: &mut String, raw: &str) {
    for c in raw.chars() {
        if c.is_control() {
            text.extend(c.escape_default());
        } else {
            text.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_cannot_forge_a_second_line() {
        let line = LogLine::new(
            0,
            LogLevel::Warn,
            "test",
            "odd name",
            &[("name", &"a\nb \"c\" \u{1b}[31m"), ("n", &7)],
        );
        assert_eq!(
            line.text(),
            r#"1970-01-01T00:00:00.000Z warn  test odd name name="a\nb \"c\" \u{1b}[31m" n=7"#
        );
        assert_eq!(
            line.json(),
            r#"{"level":"warn","message":"odd name","n":"7","name":"a\nb \"c\" \u001b[31m","target":"test","time":"1970-01-01T00:00:00.000Z"}"#
        );
    }
}
