//! Wall time as the program stores and shows it: milliseconds since 1970, and RFC 3339 text in UTC.
//!
//! The wall clock may jump at any time, by years, and back. It is for showing only:
//! - Waits, deadlines and intervals within one run go by the monotonic clock (`Instant`).
//! - What must survive a restart goes by the store's time (`store::time`): retention, the life of keys,
//!   when a message is due and when it is too old, the life of pairing codes.
//!
//! `span` reads how long something takes, `civil` is the calendar, `zone` the time of day at a place and how it is written for people.
//!
//! Not here: either of the two last clocks.

mod civil;
mod span;
mod zone;

use self::civil::{civil_from_days, days_from_civil};
pub use self::{
    civil::LocalTime,
    span::parse_span,
    zone::{Occurrence, Zone},
};
use std::{
    fmt,
    ops::Range,
    time::{SystemTime, UNIX_EPOCH},
};

/// The years in which a clock can be right: 2024 to 2099. Before, it was never set; later dates are
/// what broken ones show.
pub const PLAUSIBLE_MS: Range<u64> = 1_704_067_200_000..4_102_444_800_000;

/// Milliseconds since 1970-01-01T00:00:00Z. A clock set before 1970 reads as 0.
pub fn now_ms() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |elapsed| {
            u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
        })
}

/// Milliseconds since 1970, displayed as RFC 3339 in UTC: `2026-11-22T22:37:33.123Z`.
#[derive(Debug, Clone, Copy)]
pub struct Utc(pub u64);

impl fmt::Display for Utc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (seconds, millis) = (self.0 / 1000, self.0 % 1000);
        let days = i64::try_from(seconds / 86_400).unwrap_or(i64::MAX);
        let (year, month, day) = civil_from_days(days);
        let of_day = seconds % 86_400;
        write!(
            f,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{millis:03}Z",
            of_day / 3600,
            of_day / 60 % 60,
            of_day % 60
        )
    }
}

/// A date and time of day in UTC as milliseconds since 1970; `None` before that, or where there is no such time.
pub fn utc_ms([year, month, day, hour, minute, second]: [u64; 6]) -> Option<u64> {
    let fits = (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60
        && (1970..=9999).contains(&year);
    let days = fits.then(|| {
        let [year, month, day] = [year, month, day].map(|n| i64::try_from(n).unwrap_or(0));
        days_from_civil(year, month, day)
    })?;
    let days = u64::try_from(days).ok()?;
    Some((days * 86_400 + hour * 3600 + minute * 60 + second) * 1000)
}

#[cfg(test)]
mod tests {
    use super::{Utc, utc_ms};

    #[test]
    fn a_date_is_read_as_it_is_shown() {
        for (date, ms) in [
            ([1970, 1, 1, 0, 0, 0], 0),
            ([2024, 2, 29, 12, 30, 15], 1_709_209_815_000),
            ([2050, 1, 1, 0, 0, 0], 2_524_608_000_000),
        ] {
            assert_eq!(utc_ms(date), Some(ms));
            let [year, month, day, hour, minute, second] = date;
            let shown =
                format!("{year}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.000Z");
            assert_eq!(Utc(ms).to_string(), shown);
        }
        for wrong in [
            [1969, 1, 1, 0, 0, 0],
            [2024, 13, 1, 0, 0, 0],
            [2024, 1, 1, 24, 0, 0],
        ] {
            assert_eq!(utc_ms(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn known_moments_are_shown_as_rfc_3339() {
        assert_eq!(Utc(0).to_string(), "1970-01-01T00:00:00.000Z");
        assert_eq!(Utc(951_782_400_000).to_string(), "2000-02-29T00:00:00.000Z");
        assert_eq!(
            Utc(1_795_387_053_123).to_string(),
            "2026-11-22T22:37:33.123Z"
        );
    }
}
