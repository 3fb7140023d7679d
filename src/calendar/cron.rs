//! A cron expression: minute, hour, day of the month, month, day of the week (crontab(5)), or one of the short
//! forms such as `@daily`.

use std::{fmt, str::FromStr};

use jiff::civil::Date;

use super::field::{DAY, Field, HOUR, MINUTE, MONTH, WEEKDAY};

/// Longest expression, in bytes.
const MAX_BYTES: usize = 256;

/// The short forms of crontab(5) that name a time.
const SHORT: [(&str, &str); 7] = [
    ("@hourly", "0 * * * *"),
    ("@daily", "0 0 * * *"),
    ("@midnight", "0 0 * * *"),
    ("@weekly", "0 0 * * 0"),
    ("@monthly", "0 0 1 * *"),
    ("@yearly", "0 0 1 1 *"),
    ("@annually", "0 0 1 1 *"),
];

/// The greatest day of each month, in a leap year.
const LAST_DAYS: [u8; 12] = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/// A cron expression that comes true at some time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron {
    text: String,
    minute: Field,
    hour: Field,
    day: Field,
    month: Field,
    weekday: Field,
}

impl Cron {
    /// Whether a day is one of those meant. Where both the day of the month and that of the week are restricted,
    /// either is enough, as crontab(5) has it; a field that begins with `*` does not restrict.
    pub(super) fn is_on(&self, date: Date) -> bool {
        let (day, weekday) = (
            small(date.day()),
            small(date.weekday().to_sunday_zero_offset()),
        );
        if !self.month.has(small(date.month())) {
            return false;
        }
        let (by_day, by_week) = (self.day.has(day), self.weekday.has(weekday));
        if self.day.is_star || self.weekday.is_star {
            by_day && by_week
        } else {
            by_day || by_week
        }
    }

    /// The hours and minutes of such a day, in order.
    pub(super) fn times(&self) -> impl Iterator<Item = (i8, i8)> + '_ {
        let minutes = |hour| self.minute.numbers().map(move |minute| (hour, minute));
        let times = self.hour.numbers().flat_map(minutes);
        times.map(|(hour, minute)| (hour.cast_signed(), minute.cast_signed()))
    }

    /// Whether it goes on all day, so that it means a rhythm and no times of the day.
    pub(super) fn is_rhythm(&self) -> bool {
        self.hour.is_star
    }

    /// Whether some day is meant at all: not the 30th of February.
    fn is_possible(&self) -> bool {
        let by_week = !self.weekday.is_star && !self.day.is_star;
        let months = self
            .month
            .numbers()
            .map(|month| LAST_DAYS[usize::from(month) - 1]);
        let last = months.max().unwrap_or_default();
        by_week || self.day.numbers().any(|day| day <= last)
    }
}

/// Months, days and weekdays fit into a byte.
fn small(number: i8) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

impl FromStr for Cron {
    type Err = String;

    /// The error says what is wrong with it.
    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if text.len() > MAX_BYTES {
            return Err(format!("a cron expression has at most {MAX_BYTES} bytes"));
        }
        let short = SHORT
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(text));
        let fields: Vec<&str> = short
            .map_or(text, |(_, long)| long)
            .split_whitespace()
            .collect();
        let &[minute, hour, day, month, weekday] = fields.as_slice() else {
            return Err(format!(
                "a cron expression has five fields (minute, hour, day of the month, month, day of the week), as 0 8 * * mon-fri, or is @daily; this one has {}",
                fields.len()
            ));
        };
        let cron = Self {
            text: text.to_owned(),
            minute: Field::parse(minute, &MINUTE)?,
            hour: Field::parse(hour, &HOUR)?,
            day: Field::parse(day, &DAY)?,
            month: Field::parse(month, &MONTH)?,
            weekday: Field::parse(weekday, &WEEKDAY)?.with_one_sunday(),
        };
        if !cron.is_possible() {
            return Err(format!("{text:?} never comes: no such month has that day"));
        }
        Ok(cron)
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn cron(text: &str) -> Cron {
        text.parse().expect(text)
    }

    #[test]
    fn either_day_is_enough_where_both_are_restricted() {
        let both = cron("0 0 13 * fri");
        assert!(both.is_on(date(2026, 11, 13)) && both.is_on(date(2026, 11, 20)));
        assert!(both.is_on(date(2026, 12, 13)) && !both.is_on(date(2026, 12, 14)));
        let week = cron("0 0 * * 7");
        assert!(week.is_on(date(2026, 11, 29)) && !week.is_on(date(2026, 11, 28)));
        let starred = cron("0 0 */2 * mon");
        assert!(starred.is_on(date(2026, 11, 23)) && !starred.is_on(date(2026, 11, 30)));
    }

    #[test]
    fn what_never_comes_is_refused() {
        for text in [
            "0 0 30 2 *",
            "0 0 31 4,6 *",
            "* * * *",
            "",
            "0 0 * * * *",
            "@reboot",
        ] {
            assert!(text.parse::<Cron>().is_err(), "{text}");
        }
        assert!(cron("0 0 29 2 *").is_possible());
        assert!(cron("0 0 30 2 mon").is_possible());
    }
}
