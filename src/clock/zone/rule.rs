//! The rule of a zone for all years to come, as the variable `TZ` and the last line of a file of the
//! database write it: `CET-1CEST,M3.5.0,M10.5.0/3`.
//!
//! Source: POSIX.1-2017, Base Definitions §8.3, `TZ`; with the wider hours of RFC 8536 §3.3.1.
//!
//! Not here: the files themselves (`tzif`).

use crate::clock::civil::{LocalTime, days_from_civil, weekday};

/// What holds where a rule names a summer time and no days of change: those of the United States, as
/// every system does.
const DEFAULT_DAYS: &str = "M3.2.0,M11.1.0";

/// The offset of a place, and its summer time where it has one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rule {
    /// Seconds east of UTC.
    standard: i64,
    summer: Option<Summer>,
}

/// The part of the year with another offset.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Summer {
    offset: i64,
    /// By the clock before the change.
    begin: Change,
    end: Change,
}

/// When in a year a clock is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Change {
    day: Day,
    /// Seconds after midnight of that day; may be negative or more than a day.
    second: i64,
}

/// A day of any year.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Day {
    /// The n-th day, from 1, where 29 February never counts.
    LeapIgnored(i64),
    /// The n-th day, from 0.
    Counted(i64),
    /// The n-th such weekday of a month; 5 is the last.
    Weekday { month: i64, week: i64, day: i64 },
}

impl Rule {
    /// Reads the whole text; `None` where it is no rule.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut cursor = Cursor(text);
        cursor.name()?;
        let standard = -cursor.time()?;
        if cursor.0.is_empty() {
            let summer = None;
            return Some(Self { standard, summer });
        }
        cursor.name()?;
        let offset = if cursor.0.is_empty() || cursor.0.starts_with(',') {
            standard + 3600
        } else {
            -cursor.time()?
        };
        if cursor.0.is_empty() {
            cursor = Cursor(DEFAULT_DAYS);
        } else {
            cursor.expect(',')?;
        }
        let begin = cursor.change()?;
        cursor.expect(',')?;
        let end = cursor.change()?;
        let summer = Summer { offset, begin, end };
        cursor.0.is_empty().then_some(Self {
            standard,
            summer: Some(summer),
        })
    }

    pub(super) fn standard_offset(&self) -> i64 {
        self.standard
    }

    /// Seconds east of UTC at a moment. The years beside it are looked at as well, because a change may
    /// reach over New Year.
    pub(super) fn offset_at(&self, seconds: i64) -> i64 {
        let Some(summer) = &self.summer else {
            return self.standard;
        };
        let year = LocalTime::from_seconds(seconds + self.standard).year;
        let changes = (year - 1..=year + 1).flat_map(|year| {
            let begin = summer.begin.seconds(year) - self.standard;
            let end = summer.end.seconds(year) - summer.offset;
            [(end, false), (begin, true)]
        });
        // Where summer ends and begins at the same moment, as it does where it never ends, it goes on.
        let last = changes.filter(|(at, _)| *at <= seconds).max();
        if last.is_some_and(|(_, is_summer)| is_summer) {
            summer.offset
        } else {
            self.standard
        }
    }
}

impl Change {
    /// When it is in a year, by the clock of the place, in seconds since 1970.
    fn seconds(self, year: i64) -> i64 {
        self.day.days(year) * 86_400 + self.second
    }
}

impl Day {
    /// The same day of a year, in days since 1970.
    fn days(self, year: i64) -> i64 {
        let first = days_from_civil(year, 1, 1);
        match self {
            Self::Counted(day) => first + day,
            Self::LeapIgnored(day) => {
                let is_leap = days_from_civil(year, 3, 1) - first == 60;
                first + day - 1 + i64::from(is_leap && day > 59)
            }
            Self::Weekday { month, week, day } => {
                let first = days_from_civil(year, month, 1);
                let next = match month {
                    12 => days_from_civil(year + 1, 1, 1),
                    _ => days_from_civil(year, month + 1, 1),
                };
                let earliest = first + (day - weekday(first)).rem_euclid(7);
                let found = earliest + (week - 1) * 7;
                if found < next { found } else { found - 7 }
            }
        }
    }
}

/// What is left to read of a rule.
struct Cursor<'t>(&'t str);

impl Cursor<'_> {
    fn expect(&mut self, c: char) -> Option<()> {
        self.0 = self.0.strip_prefix(c)?;
        Some(())
    }

    /// A name of three letters or more, or anything in angle brackets.
    fn name(&mut self) -> Option<()> {
        if let Some(rest) = self.0.strip_prefix('<') {
            let (name, rest) = rest.split_once('>')?;
            self.0 = rest;
            return (!name.is_empty()).then_some(());
        }
        let rest = self.0.trim_start_matches(|c: char| c.is_ascii_alphabetic());
        let length = self.0.len() - rest.len();
        self.0 = rest;
        (length >= 3).then_some(())
    }

    /// A whole number of at most three digits.
    fn number(&mut self) -> Option<i64> {
        let rest = self.0.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits = &self.0[..self.0.len() - rest.len()];
        self.0 = rest;
        let number = digits.parse().ok()?;
        (digits.len() <= 3).then_some(number)
    }

    /// `[+-]hh[:mm[:ss]]` in seconds.
    fn time(&mut self) -> Option<i64> {
        let sign = if self.expect('-').is_some() { -1 } else { 1 };
        if sign == 1 {
            let _ = self.expect('+');
        }
        let mut seconds = self.number().filter(|hours| *hours <= 167)? * 3600;
        for unit in [60, 1] {
            if self.expect(':').is_none() {
                break;
            }
            seconds += self.number().filter(|part| *part < 60)? * unit;
        }
        Some(sign * seconds)
    }

    /// A day and, behind a slash, a time of it; two in the morning where none is named.
    fn change(&mut self) -> Option<Change> {
        let day = self.day()?;
        let second = match self.expect('/') {
            Some(()) => self.time()?,
            None => 2 * 3600,
        };
        Some(Change { day, second })
    }

    fn day(&mut self) -> Option<Day> {
        if self.expect('J').is_some() {
            let day = self.number().filter(|day| (1..=365).contains(day))?;
            return Some(Day::LeapIgnored(day));
        }
        if self.expect('M').is_none() {
            let day = self.number().filter(|day| *day <= 365)?;
            return Some(Day::Counted(day));
        }
        let month = self.number().filter(|month| (1..=12).contains(month))?;
        self.expect('.')?;
        let week = self.number().filter(|week| (1..=5).contains(week))?;
        self.expect('.')?;
        let day = self.number().filter(|day| *day <= 6)?;
        Some(Day::Weekday { month, week, day })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::clock::utc_ms;

    fn offset(rule: &str, date: [u64; 6]) -> i64 {
        let seconds = utc_ms(date).expect("a date") / 1000;
        let rule = Rule::parse(rule).expect("a rule");
        rule.offset_at(i64::try_from(seconds).expect("small"))
    }

    #[test]
    fn summer_begins_and_ends_to_the_second_on_both_hemispheres() {
        const BERLIN: &str = "CET-1CEST,M3.5.0,M10.5.0/3";
        const SYDNEY: &str = "AEST-10AEDT,M10.1.0,M4.1.0/3";
        const LORD_HOWE: &str = "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0";
        for (rule, date, hours) in [
            (BERLIN, [2026, 3, 29, 0, 59, 59], 1.0),
            (BERLIN, [2026, 3, 29, 1, 0, 0], 2.0),
            (BERLIN, [2026, 10, 25, 0, 59, 59], 2.0),
            (BERLIN, [2026, 10, 25, 1, 0, 0], 1.0),
            (SYDNEY, [2026, 1, 1, 0, 0, 0], 11.0),
            (SYDNEY, [2026, 4, 4, 15, 59, 59], 11.0),
            (SYDNEY, [2026, 4, 4, 16, 0, 0], 10.0),
            (SYDNEY, [2026, 10, 3, 15, 59, 59], 10.0),
            (SYDNEY, [2026, 10, 3, 16, 0, 0], 11.0),
            (SYDNEY, [2026, 12, 31, 23, 0, 0], 11.0),
            (LORD_HOWE, [2026, 7, 1, 0, 0, 0], 10.5),
            (LORD_HOWE, [2026, 12, 1, 0, 0, 0], 11.0),
            ("<-03>3", [2026, 1, 1, 0, 0, 0], -3.0),
            ("<+0545>-5:45", [2026, 1, 1, 0, 0, 0], 5.75),
            ("EST5EDT", [2026, 3, 8, 6, 59, 59], -5.0),
            ("EST5EDT", [2026, 3, 8, 7, 0, 0], -4.0),
            ("EST5EDT", [2026, 11, 1, 6, 0, 0], -5.0),
        ] {
            let seconds = f64::from(i32::try_from(offset(rule, date)).expect("small"));
            assert!((seconds / 3600.0 - hours).abs() < 1e-9, "{rule} {date:?}");
        }
    }

    #[test]
    fn days_may_be_counted_and_changes_reach_over_a_day() {
        // Summer for ever (RFC 8536 §3.3.1).
        const FOR_EVER: &str = "EST5EDT,0/0,J365/25";
        const LEAP: &str = "A0B,J60/0,59/0";
        const DAYS: &str = "AAA0BBB,J60/0,J61/0";
        // Greenland: the change is on the Saturday before, at ten at night.
        const NUUK: &str = "<-02>2<-01>,M3.5.0/-1,M10.5.0/0";
        assert_eq!(offset(NUUK, [2026, 3, 29, 0, 59, 59]), -7200);
        assert_eq!(offset(NUUK, [2026, 3, 29, 1, 0, 0]), -3600);
        for date in [
            [2026, 1, 1, 4, 59, 59],
            [2026, 1, 1, 5, 0, 0],
            [2028, 12, 31, 12, 0, 0],
        ] {
            assert_eq!(offset(FOR_EVER, date), -4 * 3600);
        }
        // Day 60 without the leap day is 1 March in every year, day 59 from 0 is 29 February in 2028.
        assert!(Rule::parse(LEAP).is_none(), "names have three letters");
        assert_eq!(offset(DAYS, [2028, 2, 29, 12, 0, 0]), 0);
        assert_eq!(offset(DAYS, [2028, 3, 1, 12, 0, 0]), 3600);
        assert_eq!(offset("AAA0BBB,59/0,J61/0", [2028, 2, 29, 12, 0, 0]), 3600);
    }

    #[test]
    fn what_is_no_rule_is_refused() {
        for wrong in [
            "",
            "America/Sao_Paulo",
            "CET",
            "CET-1CEST,M3.5.0",
            "CET-1CEST,M13.5.0,M10.5.0",
            "CET-1CEST,M3.6.0,M10.5.0",
            "CET-168",
            "CET-1:60",
            "<>3",
            "<-03",
            "CET-1CEST,M3.5.0,M10.5.0/3x",
            "CET-1CEST,J0,J365",
        ] {
            assert_eq!(Rule::parse(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn no_text_and_no_moment_is_too_much(text in "[A-Z<>0-9+:,./JM-]{0,30}", seconds in any::<i32>()) {
            if let Some(rule) = Rule::parse(&text) {
                prop_assert!(rule.offset_at(i64::from(seconds)).abs() <= 168 * 3600);
            }
        }
    }
}
