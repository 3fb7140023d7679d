//! A moment that has passed, as people write it: a time, a day, or how long ago.

use super::{Zone, parse_at};
use crate::clock::parse_span;

/// Reads how long ago (`90d`), a day, which begins at midnight (`2026-01-31`), or a time as [`parse_at`] takes it. The
/// error says what was expected.
pub fn parse_past(text: &str, zone: &Zone, now_ms: u64) -> Result<u64, String> {
    let text = text.trim();
    if let Some(span) = parse_span(text) {
        let ago = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        return Ok(now_ms.saturating_sub(ago));
    }
    let time = if is_day(text) {
        format!("{text} 00:00")
    } else {
        text.to_owned()
    };
    let at_ms = parse_at(&time, zone)
        .map_err(|expected| format!("how long ago, as 90d, a day as 2026-01-31, or {expected}"))?;
    if at_ms > now_ms {
        return Err("a time that has passed".to_owned());
    }
    Ok(at_ms)
}

/// Whether a text may be a day alone, and no number of ms.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == "2026-01-31".len() && !text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_a_day_a_time_or_an_age() {
        let now_ms = 1_795_777_200_000;
        let at = |text: &str| parse_past(text, &Zone::named("UTC").expect("known"), now_ms);
        let day_ms = 86_400_000;
        assert_eq!(at("90d"), Ok(now_ms - 90 * day_ms));
        assert_eq!(at("1793491200000"), Ok(1_793_491_200_000));
        if cfg!(feature = "schedule") {
            assert_eq!(at("2026-11-01"), Ok(1_793_491_200_000));
            assert_eq!(at("2026-11-01 12:00"), Ok(1_793_491_200_000 + day_ms / 2));
        }
        for wrong in ["yesterday", "", "2026-13-01", "2050-01-01", "1895777200000"] {
            assert!(at(wrong).is_err(), "{wrong}");
        }
    }
}
