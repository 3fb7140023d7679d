//! A single wait, as the user writes it: `1.5s`, `30m`, or `0` for none.

use std::time::Duration;

use super::expected::Expected;

/// The longest wait.
const LONGEST_MS: u64 = 7 * 24 * 3_600_000;

/// Digits behind the point that count; a wait has no parts of a millisecond.
const MAX_DECIMALS: usize = 3;

/// Parses a wait.
pub(in crate::config) fn wait(text: &str) -> Result<Duration, Expected> {
    let expected = || "0, or a wait up to 168h such as 500ms, 1.5s, 2m or 1h".to_owned();
    milliseconds(text)
        .filter(|ms| *ms <= LONGEST_MS)
        .map(Duration::from_millis)
        .ok_or_else(expected)
}

fn milliseconds(text: &str) -> Option<u64> {
    if text == "0" {
        return Some(0);
    }
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if decimals.is_empty() || decimals.len() > MAX_DECIMALS {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(decimals.len()).ok()?);
    let decimals: u64 = decimals.parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    whole
        .checked_mul(unit_ms)?
        .checked_add(decimals.checked_mul(unit_ms)? / scale)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_has_a_unit_and_may_have_a_fraction() {
        for (text, ms) in [
            ("0", 0),
            ("0s", 0),
            ("1.5s", 1500),
            ("250ms", 250),
            ("30m", 1_800_000),
            ("0.5h", 1_800_000),
            ("168h", LONGEST_MS),
        ] {
            assert_eq!(wait(text), Ok(Duration::from_millis(ms)), "{text}");
        }
        for wrong in [
            "",
            "1",
            "s",
            "1.s",
            ".5s",
            "1.2345s",
            "-1s",
            "1 s",
            "1d",
            "169h",
            "1.5.5s",
            "99999999999999999999s",
        ] {
            assert!(wait(wrong).is_err(), "{wrong}");
        }
    }
}
