//! A single wait, as the user writes it: `1.5s`, `30m`, or `0` for none.

use std::time::Duration;

use super::expected::Expected;
use crate::clock::parse_span;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Parses a wait.
pub(in crate::config) fn wait(text: &str) -> Result<Duration, Expected> {
    let expected = || "0, or a wait up to 168h such as 500ms, 1.5s, 2m or 1h".to_owned();
    parse_span(text)
        .filter(|wait| *wait <= LONGEST)
        .ok_or_else(expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_span_of_a_week_at_most() {
        for (text, ms) in [
            ("0", 0),
            ("1.5s", 1500),
            ("168h", 604_800_000),
            ("7d", 604_800_000),
        ] {
            assert_eq!(wait(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in ["", "1", "169h", "-1s"] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }
}
