//! The hours of a week in which something is allowed: `mon-fri 08:00-20:00, sat 09:00-12:00`.

use super::Zone;

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// Longest text, in bytes.
const MAX_BYTES: usize = 512;

/// The days of the week, in English and Portuguese, three letters each.
pub(super) const WEEKDAYS: [[&str; 2]; 7] = [
    ["sun", "dom"],
    ["mon", "seg"],
    ["tue", "ter"],
    ["wed", "qua"],
    ["thu", "qui"],
    ["fri", "sex"],
    ["sat", "sab"],
];

/// The place of a day's weekday in `WEEKDAYS`. The first of January 1970 was a Thursday.
fn weekday(day: i64) -> usize {
    usize::try_from((day + 4).rem_euclid(7)).unwrap_or_default()
}

/// One stretch of some days.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Window {
    days: [bool; 7],
    /// The first minute of the day.
    from: u16,
    /// The minute behind the last; of the next day where that is not behind the first.
    to: u16,
}

/// Hours of a week. Without any, everything is allowed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hours(Vec<Window>);

impl Hours {
    /// Reads the text of a setting; the error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let parts = text.split([',', ';']).map(str::trim);
        let windows = parts.filter(|part| !part.is_empty()).map(window);
        let windows: Option<Vec<_>> = windows.collect();
        let windows = windows.filter(|_| text.len() <= MAX_BYTES);
        windows.map(Self).ok_or_else(|| {
            "hours such as mon-fri 08:00-20:00, sat 09:00-12:00: days, which may be left out, and times as HH:MM"
                .to_owned()
        })
    }

    /// Whether there are none, so that everything is allowed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// When they begin next, in ms since 1970; `None` where it is one of them now.
    pub fn closed_until(&self, now_ms: u64, zone: &Zone) -> Option<u64> {
        if self.is_empty() {
            return None;
        }
        let (day, minute) = zone.day_and_minute(now_ms);
        if self.0.iter().any(|one| one.holds(day, minute)) {
            return None;
        }
        // A week on, every window has begun once.
        let days = (0..=7).map(|ahead| day + ahead);
        let starts = days.flat_map(|day| {
            let of_day = self.0.iter().filter(move |one| one.days[weekday(day)]);
            of_day.filter_map(move |one| zone.ms_of(day, one.from))
        });
        starts.filter(|at| *at > now_ms).min()
    }
}

impl Window {
    fn holds(&self, day: i64, minute: u16) -> bool {
        let (today, yesterday) = (self.days[weekday(day)], self.days[weekday(day - 1)]);
        if self.from < self.to {
            today && (self.from..self.to).contains(&minute)
        } else {
            (today && minute >= self.from) || (yesterday && minute < self.to)
        }
    }
}

fn window(text: &str) -> Option<Window> {
    let (days, hours) = match text.rsplit_once(char::is_whitespace) {
        Some((days, hours)) => (days_of(days.trim())?, hours),
        None => ([true; 7], text),
    };
    let (from, to) = hours.split_once('-')?;
    let (from, to) = (minute_of(from)?, minute_of(to)?);
    (from < DAY && from != to).then_some(Window { days, from, to })
}

/// One day, or a range of them, which may go over the end of the week.
fn days_of(text: &str) -> Option<[bool; 7]> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (day_named(first)?, day_named(last)?);
    let mut days = [false; 7];
    let mut at = first;
    days[at] = true;
    while at != last {
        at = (at + 1) % 7;
        days[at] = true;
    }
    Some(days)
}

/// A name of a day or a month as the tables have it: `Sáb` is `sab`.
pub(super) fn plain_name(text: &str) -> String {
    text.to_lowercase()
        .replace('á', "a")
        .replace("a\u{301}", "a")
}

fn day_named(text: &str) -> Option<usize> {
    let text = plain_name(text.trim());
    WEEKDAYS
        .iter()
        .position(|names| names.contains(&text.as_str()))
}

/// `08:00` as a minute of the day, up to `24:00`.
fn minute_of(text: &str) -> Option<u16> {
    let (hour, minute) = text.split_once(':')?;
    let number = |text: &str| {
        let is_number = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| is_number)
    };
    let (hour, minute) = (number(hour)?, number(minute).filter(|minute| *minute < 60)?);
    Some(hour * 60 + minute).filter(|minute| *minute <= DAY)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 00:00 UTC, a Monday.
    const MONDAY_MS: u64 = 1_795_392_000_000;
    const HOUR_MS: u64 = 3_600_000;

    fn closed(text: &str, hours_in: u64) -> Option<u64> {
        let hours = Hours::parse(text).expect(text);
        let zone = Zone::named("UTC").expect("UTC");
        let until = hours.closed_until(MONDAY_MS + hours_in * HOUR_MS, &zone)?;
        Some((until - MONDAY_MS) / HOUR_MS)
    }

    #[test]
    fn outside_of_the_hours_the_next_ones_are_known() {
        let text = "mon-fri 08:00-20:00, sáb 09:00-12:00";
        for (hours_in, expected) in [
            (7, Some(8)),
            (8, None),
            (19, None),
            (20, Some(32)),
            (5 * 24 + 8, Some(5 * 24 + 9)),
            (5 * 24 + 12, Some(7 * 24 + 8)),
        ] {
            assert_eq!(closed(text, hours_in), expected, "{hours_in}");
        }
        assert_eq!(closed("", 3), None);
        assert_eq!(closed("08:00-24:00", 3), Some(8));
    }

    #[test]
    fn hours_may_go_over_midnight_and_days_over_the_week() {
        for (hours_in, expected) in [(23, None), (24 + 5, None), (24 + 6, Some(5 * 24 + 22))] {
            assert_eq!(
                closed("sat-mon 22:00-06:00", hours_in),
                expected,
                "{hours_in}"
            );
        }
        assert_eq!(closed("dom 10:00-11:00", 0), Some(6 * 24 + 10));
    }

    #[test]
    fn what_is_no_hours_is_refused_with_an_example() {
        for text in [
            "mon",
            "08:00",
            "08:00-08:00",
            "mon-fry 08:00-09:00",
            "8-9",
            "24:00-25:00",
            "08:60-09:00",
            "mon 08:00",
        ] {
            let error = Hours::parse(text).expect_err(text);
            assert!(error.contains("mon-fri"), "{text}: {error}");
        }
    }
}
