//! What others say of a failure, as it may be shown and logged.

use super::Turn;
use crate::{cut, log::printable, redact::without_text};

/// Most of it, in bytes.
const MAX_QUOTE: usize = 300;

/// The words of a service or a program, short, on one line, and without what the user wrote or said.
pub(super) fn quoted(said: &str, turn: &Turn) -> String {
    let said = without_text(said, &turn.message);
    let said = without_text(&said, turn.transcript.as_deref().unwrap_or_default());
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    cut::marked(printable(&said), MAX_QUOTE)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_quote_is_short_and_has_nothing_of_what_was_written_or_said() {
        let turn = json!({"turn_id": "t-1", "session": "a", "message": "my secret plan",
            "transcript": "call me at noon"});
        let turn = Turn::parse(turn).expect("a turn");
        let said = "bad\n input \"my secret plan\", heard \"call me at noon\"";
        assert_eq!(quoted(said, &turn), "bad input \"…\", heard \"…\"");
        assert!(quoted(&"a".repeat(1000), &turn).len() <= MAX_QUOTE);
    }
}
