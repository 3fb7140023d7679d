//! One log line and its two written forms. Text from outside cannot start a line of its own.
//!
//! Not here: where lines are written.

use std::fmt::{Display, Write as _};

use serde_json::{Map, Value, json};

use super::{
    level::LogLevel,
    printable::{is_steering, printable, printable_json},
};
use crate::clock::Utc;

/// Longest value of a field, in bytes. What services answer may be as long as they like, and the ring
/// keeps every line.
const MAX_VALUE_BYTES: usize = 2048;

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
        fields: Vec<(String, String)>,
    ) -> Self {
        let cut = |(key, value)| (key, cut(value, MAX_VALUE_BYTES));
        let fields = fields.into_iter().map(cut).collect();
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
        text.push_str(&printable(&self.message));
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
        printable_json(&Value::Object(object).to_string()).into_owned()
    }
}

/// Fields as a line keeps them.
pub(super) fn owned(fields: &[LogField<'_>]) -> Vec<(String, String)> {
    let fields = fields.iter();
    fields
        .map(|(key, value)| ((*key).to_owned(), value.to_string()))
        .collect()
}

/// The text, or as much of its beginning as fits and `…`.
pub(super) fn cut(mut text: String, max_bytes: usize) -> String {
    if text.len() > max_bytes {
        text.truncate(crate::cut::floor(&text, max_bytes));
        text.push('…');
    }
    text
}

/// A value on its own where it reads as one word, else quoted.
pub(crate) fn push_value(text: &mut String, value: &str) {
    let bare = !value.is_empty()
        && value
            .chars()
            .all(|c| !c.is_whitespace() && !is_steering(c) && c != '"');
    if bare {
        text.push_str(value);
    } else {
        text.push('"');
        let quoted = value.replace('\\', "\\\\").replace('"', "\\\"");
        text.push_str(&printable(&quoted));
        text.push('"');
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
            owned(&[("name", &"a\nb \"c\" \u{1b}[31m"), ("n", &7)]),
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

    #[test]
    fn what_a_terminal_would_obey_is_escaped_in_both_forms() {
        let fields = owned(&[("peer", &"\u{9b}2J"), ("text", &"a\u{202e}b\u{2028}c")]);
        let line = LogLine::new(0, LogLevel::Warn, "test", "odd\u{85}", fields);
        assert_eq!(
            line.text(),
            r#"1970-01-01T00:00:00.000Z warn  test odd\u{85} peer="\u{9b}2J" text="a\u{202e}b\u{2028}c""#
        );
        let json = line.json();
        assert!(!json.contains(is_steering), "{json}");
        let back: Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(back["peer"], "\u{9b}2J");
    }

    #[test]
    fn a_long_value_is_cut_between_two_characters() {
        let text = "ä".repeat(MAX_VALUE_BYTES);
        let line = LogLine::new(0, LogLevel::Warn, "test", "long", owned(&[("text", &text)]));
        assert_eq!(line.fields[0].1, format!("{}…", &text[..MAX_VALUE_BYTES]));
        assert_eq!(cut("äb".to_owned(), 1), "…");
    }
}
