//! The calendar: days since 1970 as year, month and day, and back, for years before 1970 too.
//!
//! Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", `civil_from_days` and
//! `days_from_civil`.
//!
//! Not here: the offset of a place (`zone`).

/// Days of which a count can be dated without overflow: more than a million years to either side.
const MAX_DAYS: i64 = 400_000_000;

/// A date and a time of day at some place, which alone names no moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalTime {
    /// The year.
    pub year: i64,
    /// The month, from 1.
    pub month: i64,
    /// The day of the month, from 1.
    pub day: i64,
    /// The hour, from 0 to 23.
    pub hour: i64,
    /// The minute.
    pub minute: i64,
    /// The second.
    pub second: i64,
}

impl LocalTime {
    /// The time that a clock shows which was at 1970-01-01 00:00:00 so many seconds ago.
    pub fn from_seconds(seconds: i64) -> Self {
        let of_day = seconds.rem_euclid(86_400);
        let (year, month, day) = civil_from_days(seconds.div_euclid(86_400));
        Self {
            year,
            month,
            day,
            hour: of_day / 3600,
            minute: of_day / 60 % 60,
            second: of_day % 60,
        }
    }

    /// The inverse of [`Self::from_seconds`]. A day past the end of its month is in the next one.
    pub fn seconds(self) -> i64 {
        let days = days_from_civil(self.year, self.month, self.day);
        days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second
    }
}

/// Year, month and day of a count of days since 1970-01-01, by shifting the year to start in March
/// so that the leap day comes last.
pub(super) fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let shifted = days.clamp(-MAX_DAYS, MAX_DAYS) + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

/// The inverse of [`civil_from_days`].
pub(super) fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let shifted = year - i64::from(month <= 2);
    let (era, year_of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let march_month = (month + 9) % 12;
    let of_year = (153 * march_month + 2) / 5 + day - 1;
    let of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + of_year;
    era * 146_097 + of_era - 719_468
}

/// The day of the week of a count of days since 1970-01-01, which was a Thursday; Sunday is 0.
pub(super) fn weekday(days: i64) -> i64 {
    (days + 4).rem_euclid(7)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_before_1970_are_dated_as_well() {
        for (days, date) in [
            (0, (1970, 1, 1)),
            (-1, (1969, 12, 31)),
            (-20_454, (1914, 1, 1)),
            (19_782, (2024, 2, 29)),
        ] {
            assert_eq!(civil_from_days(days), date);
        }
        assert_eq!(weekday(0), 4);
        assert_eq!(weekday(-5), 6, "27 December 1969 was a Saturday");
    }

    proptest! {
        #[test]
        fn a_time_of_a_clock_is_the_inverse_of_its_seconds(seconds in -99_999_999_999_i64..99_999_999_999) {
            prop_assert_eq!(LocalTime::from_seconds(seconds).seconds(), seconds);
        }
    }
}
