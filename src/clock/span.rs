//! Spans of time as people write them: `500ms`, `1.5s`, `30m`, `2h`, `3d`, or `0`.

use std::time::Duration;

/// Digits behind the point that count; a span has no parts of a millisecond.
const MAX_DECIMALS: usize = 3;

/// Reads a span; `None` where it is none.
pub fn parse_span(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let unit = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(unit);
    let unit_ms: u64 = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    let (whole, decimals) = number.split_once('.').unwrap_or((number, "0"));
    if decimals.is_empty() || decimals.len() > MAX_DECIMALS {
        return None;
    }
    let scale = 10_u64.pow(u32::try_from(decimals.len()).ok()?);
    let decimals: u64 = decimals.parse().ok()?;
    let whole: u64 = whole.parse().ok()?;
    let ms = whole
        .checked_mul(unit_ms)?
        .checked_add(decimals.checked_mul(unit_ms)? / scale)?;
    Some(Duration::from_millis(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_has_a_unit_and_may_have_a_fraction() {
        for (text, ms) in [
            ("0", 0),
            ("0s", 0),
            ("1.5s", 1500),
            ("250ms", 250),
            ("30m", 1_800_000),
            ("0.5h", 1_800_000),
            ("3d", 259_200_000),
        ] {
            assert_eq!(parse_span(text), Some(Duration::from_millis(ms)), "{text}");
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
            "1w",
            "1.5.5s",
            "99999999999999999999s",
        ] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }
}
