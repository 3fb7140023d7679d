//! Time zones: what a clock at a place shows at a moment, and at which moments it shows a time.
//!
//! - `tzif` reads the files of the system's database, `rule` the rule for years after its last entry.
//! - `system` finds out where we are.
//!
//! Not here: how a time is written (`cli::output::times`).

mod rule;
mod system;
mod tzif;

use self::rule::Rule;
use super::LocalTime;

/// More than the greatest distance between two clocks on earth, in seconds (RFC 8536 §3.2).
const MAX_OFFSET: i64 = 26 * 3600;

/// The offsets from UTC of a place, past and future.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Zone {
    /// The offset before the first change, in seconds east of UTC.
    first: i64,
    /// When it changed, in seconds since 1970, and what it was from then on; in order.
    changes: Vec<(i64, i64)>,
    /// What holds after the last change; the offset stays where there is none.
    rule: Option<Rule>,
}

/// When a clock shows a time, in milliseconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occurrence {
    /// At one moment, as nearly always.
    Once(i64),
    /// At two, as the clock was put back between them.
    Twice(i64, i64),
    /// At none, as the clock was put forward over it. The moment is as long after the change as the time
    /// was to be after it: 02:30 becomes 03:30.
    Skipped(i64),
}

impl Occurrence {
    /// The moment to take for a plan: the first, or the one after a gap.
    pub fn earliest(self) -> i64 {
        match self {
            Self::Once(ms) | Self::Twice(ms, _) | Self::Skipped(ms) => ms,
        }
    }
}

impl Zone {
    /// Coordinated universal time.
    pub fn utc() -> Self {
        Self::default()
    }

    /// A place whose clock never changes.
    #[cfg(any(windows, test))]
    pub(super) fn fixed(offset: i64) -> Self {
        Self {
            first: offset,
            ..Self::default()
        }
    }

    /// A place whose clock follows one rule for ever.
    fn of_rule(rule: Rule) -> Self {
        Self {
            first: rule.standard_offset(),
            changes: Vec::new(),
            rule: Some(rule),
        }
    }

    /// The zone of this machine or, where it is set, of the variable `TZ`. UTC where neither can be told.
    pub fn local(tz: Option<&str>) -> Self {
        system::local(tz)
    }

    /// The zone of a name of the database (`America/Sao_Paulo`) or of a POSIX rule (`<-03>3`). `None` where
    /// it is neither, or the system has no database.
    pub fn named(name: &str) -> Option<Self> {
        system::named(name)
    }

    /// Seconds to add to UTC at a moment, given in seconds since 1970.
    pub fn offset_at(&self, seconds: i64) -> i64 {
        let past = self.changes.partition_point(|(at, _)| *at <= seconds);
        match (&self.rule, past.checked_sub(1)) {
            (Some(rule), _) if past == self.changes.len() => rule.offset_at(seconds),
            (_, Some(last)) => self.changes[last].1,
            (_, None) => self.first,
        }
    }

    /// What the clock shows at a moment, in milliseconds since 1970.
    pub fn at(&self, ms: u64) -> LocalTime {
        let seconds = i64::try_from(ms / 1000).unwrap_or(i64::MAX / 2);
        LocalTime::from_seconds(seconds + self.offset_at(seconds))
    }

    /// When the clock shows a time.
    pub fn moments(&self, time: LocalTime) -> Occurrence {
        let shown = time.seconds();
        let before = self.offset_at(shown - MAX_OFFSET);
        let after = self.offset_at(shown + MAX_OFFSET);
        let moment = |offset: i64| shown - offset;
        let is_shown = |offset: i64| self.offset_at(moment(offset)) == offset;
        let ms = |offset: i64| moment(offset) * 1000;
        match (is_shown(before), is_shown(after)) {
            (true, true) if before != after => Occurrence::Twice(ms(before), ms(after)),
            (true, _) => Occurrence::Once(ms(before)),
            (false, true) => Occurrence::Once(ms(after)),
            (false, false) => Occurrence::Skipped(ms(before)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::utc_ms;

    fn zone(rule: &str) -> Zone {
        Zone::of_rule(Rule::parse(rule).expect("a rule"))
    }

    fn local(year: i64, month: i64, day: i64, hour: i64, minute: i64) -> LocalTime {
        LocalTime {
            year,
            month,
            day,
            hour,
            minute,
            second: 0,
        }
    }

    fn ms(date: [u64; 6]) -> i64 {
        i64::try_from(utc_ms(date).expect("a date")).expect("small")
    }

    #[test]
    fn a_time_that_was_skipped_or_came_twice_is_told_apart() {
        let berlin = zone("CET-1CEST,M3.5.0,M10.5.0/3");
        let noon = local(2026, 7, 1, 12, 0);
        assert_eq!(
            berlin.moments(noon),
            Occurrence::Once(ms([2026, 7, 1, 10, 0, 0]))
        );
        let skipped = berlin.moments(local(2026, 3, 29, 2, 30));
        assert_eq!(skipped, Occurrence::Skipped(ms([2026, 3, 29, 1, 30, 0])));
        let shown = berlin.at(u64::try_from(skipped.earliest()).expect("positive"));
        assert_eq!(shown, local(2026, 3, 29, 3, 30));
        assert_eq!(
            berlin.moments(local(2026, 10, 25, 2, 30)),
            Occurrence::Twice(ms([2026, 10, 25, 0, 30, 0]), ms([2026, 10, 25, 1, 30, 0]))
        );
    }

    #[test]
    fn a_table_holds_until_its_last_change_and_then_the_rule() {
        let zone = Zone {
            first: -100,
            changes: vec![(0, 3600), (1000, 7200)],
            rule: Rule::parse("XXX-1"),
        };
        for (at, offset) in [(-1, -100), (0, 3600), (999, 3600), (1000, 3600)] {
            assert_eq!(zone.offset_at(at), offset, "{at}");
        }
        let without = Zone { rule: None, ..zone };
        assert_eq!(without.offset_at(1000), 7200);
        assert_eq!(Zone::fixed(-10_800).at(10_800_000), local(1970, 1, 1, 0, 0));
    }

    #[test]
    fn a_whole_day_that_an_island_left_out_is_skipped() {
        // Samoa went from the day before to the day after at midnight.
        let zone = Zone {
            first: -10 * 3600,
            changes: vec![(ms([2011, 12, 30, 10, 0, 0]) / 1000, 14 * 3600)],
            rule: None,
        };
        let noon = zone.moments(local(2011, 12, 30, 12, 0));
        assert_eq!(noon, Occurrence::Skipped(ms([2011, 12, 30, 22, 0, 0])));
        assert!(matches!(
            zone.moments(local(2011, 12, 31, 12, 0)),
            Occurrence::Once(_)
        ));
    }
}
