//! What is known of the last backup, in a file of the home folder, so that it is told after a restart too.

use std::path::Path;

use serde_json::{Value, json};

use crate::{error::Result, fs, message::text_at};

/// The file.
const FILE: &str = "backup.json";

/// The last backup that was made, and the last failure since.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LastBackup {
    /// When it was made, in ms since 1970; none so far.
    pub at_ms: Option<u64>,
    /// Where it is; none for one that was handed out.
    pub path: Option<String>,
    /// Its bytes.
    pub bytes: u64,
    /// Its messages.
    pub messages: u64,
    /// Why the last try failed, where one has since.
    pub error: Option<String>,
    /// When that was, in ms since 1970.
    pub failed_ms: Option<u64>,
}

impl LastBackup {
    /// Reads what is known; nothing where that cannot be read. Blocks.
    pub fn read(home: &Path) -> Self {
        let text = std::fs::read(home.join(FILE)).unwrap_or_default();
        let json: Value = serde_json::from_slice(&text).unwrap_or_default();
        let number = |name: &str| json[name].as_u64();
        let text = |name: &str| text_at(&json, name).map(str::to_owned);
        Self {
            at_ms: number("at_ms"),
            path: text("path"),
            bytes: number("bytes").unwrap_or_default(),
            messages: number("messages").unwrap_or_default(),
            error: text("error"),
            failed_ms: number("failed_ms"),
        }
    }

    /// As it is kept and told.
    pub fn json(&self) -> Value {
        let mut json = json!({"bytes": self.bytes, "messages": self.messages});
        for (name, value) in [
            ("at_ms", self.at_ms.map(Value::from)),
            ("path", self.path.clone().map(Value::from)),
            ("error", self.error.clone().map(Value::from)),
            ("failed_ms", self.failed_ms.map(Value::from)),
        ] {
            if let Some(value) = value {
                json[name] = value;
            }
        }
        json
    }
}

/// Keeps it. Blocks.
pub fn write_last(home: &Path, last: &LastBackup) -> Result<()> {
    fs::write_atomic(&home.join(FILE), format!("{}\n", last.json()).as_bytes())
}
