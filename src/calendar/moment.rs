//! One time, as people and programs write it.

use jiff::{Timestamp, civil::DateTime};

use super::zone::{Fall, Zone};

/// Reads RFC 3339 with an offset, a civil time of the zone (`2026-11-27 08:00`), or ms since 1970. The error
/// says what was expected.
pub fn parse_at(text: &str, zone: &Zone) -> Result<u64, String> {
    let text = text.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        let ms = text
            .parse::<u64>()
            .ok()
            .filter(|ms| i64::try_from(*ms).is_ok());
        return ms.ok_or_else(expected);
    }
    let at = match text.parse::<Timestamp>() {
        Ok(at) => at,
        Err(_) => civil(text, zone)?,
    };
    let ms = u64::try_from(at.as_millisecond());
    ms.map_err(|_| expected())
}

fn expected() -> String {
    "a time as 2026-11-27 08:00, 2026-11-27T08:00:00-03:00, or ms since 1970".to_owned()
}

/// A time without an offset. One that comes twice is the first; one that is skipped is nobody's wish.
fn civil(text: &str, zone: &Zone) -> Result<Timestamp, String> {
    // A suffix such as Z or [Europe/Berlin] would be read over.
    let is_plain = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || b"-:T .".contains(&byte));
    let civil = text
        .parse::<DateTime>()
        .ok()
        .filter(|_| is_plain && text.contains(':'));
    match zone.fall(civil.ok_or_else(expected)?) {
        Some(Fall::Once(at) | Fall::Twice(at, _)) => Ok(at),
        Some(Fall::Skipped(_)) => Err(format!(
            "another time: the clocks of {zone} skip {text} that day"
        )),
        None => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str, zone: &str) -> Result<u64, String> {
        parse_at(text, &Zone::named(zone).expect(zone))
    }

    #[test]
    fn every_way_to_write_a_time_means_the_same_instant() {
        let expected = Ok(1_795_777_200_000);
        for (text, zone) in [
            ("2026-11-27 08:00", "America/Sao_Paulo"),
            ("2026-11-27T08:00", "America/Sao_Paulo"),
            ("2026-11-27 08:00:00", "America/Sao_Paulo"),
            ("2026-11-27T08:00:00-03:00", "UTC"),
            ("2026-11-27T11:00:00Z", "Europe/Berlin"),
            (" 1795777200000 ", "UTC"),
        ] {
            assert_eq!(ms(text, zone), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_an_example() {
        for text in [
            "",
            "tomorrow",
            "2026-11-27",
            "2026-13-01 08:00",
            "08:00",
            "-5",
            "99999999999999999999",
            "2026-11-27 08:00[UTC]",
        ] {
            let error = ms(text, "UTC").expect_err(text);
            assert!(error.contains("2026-11-27 08:00"), "{text}: {error}");
        }
        let skipped = ms("2026-03-29 02:30", "Europe/Berlin").expect_err("skipped");
        assert!(skipped.contains("Europe/Berlin skip"), "{skipped}");
        assert!(ms("2026-10-25 02:30", "Europe/Berlin").is_ok());
    }
}
