//! The table for the page, which gets reasons and advice from the daemon in English.

use serde_json::{Map, Value};

use super::{PORTUGUESE, entries};

/// The Portuguese table as one object of sentences and translations, made anew each time: a browser asks
/// for it once a version.
pub fn portuguese_json() -> String {
    let translated = entries(PORTUGUESE).filter(|entry| !entry.translation.is_empty());
    let members = translated.map(|entry| (entry.key, Value::from(entry.translation)));
    Value::Object(members.collect::<Map<_, _>>()).to_string()
}
