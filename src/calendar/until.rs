//! The time up to which something goes on: a whole day, or a time.

use super::{Zone, parse_at, past::is_day};

/// Reads a day, which goes on to its end there (`2026-01-31`), or a time as [`parse_at`] takes it. The error says
/// what was expected.
pub fn parse_until(text: &str, zone: &Zone) -> Result<u64, String> {
    let text = text.trim();
    let at = |time: &str| {
        let read = parse_at(time, zone);
        read.map_err(|expected| format!("a day as 2026-01-31, or {expected}"))
    };
    if !is_day(text) {
        return at(text);
    }
    // The clocks of some zones skip midnights, but never noon.
    let noon_ms = at(&format!("{text} 12:00"))?;
    Ok(zone.start_of_day_after(noon_ms) - 1)
}

#[cfg(all(test, feature = "schedule"))]
mod tests {
    use super::*;

    #[test]
    fn a_day_goes_on_to_its_end_in_the_zone() {
        let until = |text: &str, zone: &str| parse_until(text, &Zone::named(zone).expect("known"));
        for (text, zone, ms) in [
            ("2026-11-27", "UTC", 1_795_823_999_999),
            (" 2026-11-27 ", "America/Sao_Paulo", 1_795_834_799_999),
            // The clocks went from this midnight on to one in the morning.
            ("2018-11-03", "America/Sao_Paulo", 1_541_300_399_999),
            ("2018-11-04", "America/Sao_Paulo", 1_541_383_199_999),
            ("2026-11-27 08:00", "America/Sao_Paulo", 1_795_777_200_000),
            ("1795777200000", "UTC", 1_795_777_200_000),
        ] {
            assert_eq!(until(text, zone), Ok(ms), "{text} {zone}");
        }
        for wrong in ["", "tomorrow", "2026-13-01", "2026-11-31", "yesterday!"] {
            let error = until(wrong, "UTC").expect_err(wrong);
            assert!(error.contains("a day as 2026-01-31"), "{wrong}: {error}");
        }
    }
}
