//! Times as people in front of a terminal read them: by the clock of the place, the date only where it is
//! not today's or not clear.
//!
//! Not here: time zones (`clock::zone`), lengths of time (`units`), times for scripts (`--json` has
//! milliseconds since 1970).

use std::cell::{Cell, OnceCell};

use crate::clock::{LocalTime, Zone};

/// Turns moments into text. The zone is looked up when the first is.
pub(crate) struct Times {
    /// The variable `TZ`.
    tz: Option<String>,
    in_utc: bool,
    /// Somebody reads it line by line, so that a date above several is enough. In a pipe each line stands
    /// alone, whatever `grep` leaves of them.
    is_watched: bool,
    zone: OnceCell<Zone>,
    /// The day of the last line.
    day: Cell<Option<(i64, i64, i64)>>,
}

impl Times {
    pub(crate) fn new(tz: Option<&str>, in_utc: bool, is_watched: bool) -> Self {
        Self {
            tz: tz.map(str::to_owned),
            in_utc,
            is_watched,
            zone: OnceCell::new(),
            day: Cell::new(None),
        }
    }

    /// The time that the clock shows at a moment, given in milliseconds since 1970.
    pub(crate) fn local(&self, ms: u64) -> LocalTime {
        let zone = || {
            if self.in_utc {
                Zone::utc()
            } else {
                Zone::local(self.tz.as_deref())
            }
        };
        self.zone.get_or_init(zone).at(ms)
    }

    /// A moment that stands alone: `2026-11-27 13:05`, with `UTC` behind it where that was asked for.
    pub(crate) fn full(&self, ms: u64) -> String {
        let time = self.local(ms);
        let zone = if self.in_utc { " UTC" } else { "" };
        format!("{} {:02}:{:02}{zone}", date(time), time.hour, time.minute)
    }

    /// The moment at the beginning of a line: `13:05`, or in full where nobody watches.
    pub(crate) fn of_line(&self, ms: u64) -> String {
        if !self.is_watched {
            return self.full(ms);
        }
        let time = self.local(ms);
        format!("{:02}:{:02}", time.hour, time.minute)
    }

    /// The same to the second, for logs.
    pub(crate) fn of_log_line(&self, ms: u64) -> String {
        let time = self.local(ms);
        let clock = format!("{:02}:{:02}:{:02}", time.hour, time.minute, time.second);
        match (self.is_watched, self.in_utc) {
            (true, _) => clock,
            (false, true) => format!("{} {clock} UTC", date(time)),
            (false, false) => format!("{} {clock}", date(time)),
        }
    }

    /// The date to print above a line of this moment: where it is another than that of the line before, and
    /// somebody watches.
    pub(crate) fn new_day(&self, ms: u64) -> Option<String> {
        let time = self.local(ms);
        let day = Some((time.year, time.month, time.day));
        let is_new = self.day.replace(day) != day;
        (is_new && self.is_watched).then(|| format!("-- {} --", date(time)))
    }
}

fn date(time: LocalTime) -> String {
    format!("{:04}-{:02}-{:02}", time.year, time.month, time.day)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-22 22:37:33 in UTC.
    const MOMENT: u64 = 1_795_387_053_123;
    const HOURS: u64 = 3_600_000;

    #[test]
    fn the_clock_of_the_place_is_shown_unless_utc_is_asked_for() {
        let brazil = Times::new(Some("<-03>3"), false, true);
        assert_eq!(brazil.of_line(MOMENT), "19:37");
        assert_eq!(brazil.of_log_line(MOMENT), "19:37:33");
        assert_eq!(brazil.full(MOMENT), "2026-11-22 19:37");
        let utc = Times::new(Some("<-03>3"), true, true);
        assert_eq!(utc.of_line(MOMENT), "22:37");
        assert_eq!(utc.full(MOMENT), "2026-11-22 22:37 UTC");
    }

    #[test]
    fn in_a_pipe_every_line_has_its_date() {
        let piped = Times::new(Some("<-03>3"), false, false);
        assert_eq!(piped.of_line(MOMENT), "2026-11-22 19:37");
        assert_eq!(piped.of_log_line(MOMENT), "2026-11-22 19:37:33");
        assert_eq!(piped.new_day(MOMENT), None);
    }

    #[test]
    fn a_day_is_named_once_and_begins_at_midnight_of_the_place() {
        let times = Times::new(Some("<-03>3"), false, true);
        assert_eq!(times.new_day(MOMENT).as_deref(), Some("-- 2026-11-22 --"));
        assert_eq!(times.new_day(MOMENT + 4 * HOURS), None);
        let next = times.new_day(MOMENT + 5 * HOURS);
        assert_eq!(next.as_deref(), Some("-- 2026-11-23 --"));
    }
}
