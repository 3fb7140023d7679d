//! When something comes next that comes again and again.
//!
//! The clocks change, and a person who said "at half past two" means once a day: a time of the day that is
//! skipped comes when the clocks go on, and one that is repeated comes the first time only. What goes on all day
//! (`*` or a step as the hour) is a rhythm and follows the hands: its skipped times do not come, its repeated ones come
//! twice. It is what cron(8) of Debian does.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, DateTime},
};

use super::{
    cron::Cron,
    zone::{Fall, Zone},
};

/// Days that are looked at: from one 29th of February to the next there are eight years around 2100.
const MAX_DAYS: usize = 9 * 366;

impl Cron {
    /// The first time behind this one, both in ms since 1970; `None` where there is none within nine years.
    pub fn next_after(&self, after_ms: u64, zone: &Zone) -> Option<u64> {
        let after = Timestamp::from_millisecond(i64::try_from(after_ms).ok()?).ok()?;
        let next = next_of_cron(self, after, zone)?;
        u64::try_from(next.as_millisecond()).ok()
    }
}

fn next_of_cron(cron: &Cron, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
    // The day before as well: at midnight a change may lead back into it.
    let mut date = zone.civil(after).date().checked_sub(1.day()).ok()?;
    for _ in 0..MAX_DAYS {
        if cron.is_on(date)
            && let Some(next) = next_on(date, cron, after, zone)
        {
            return Some(next);
        }
        date = date.tomorrow().ok()?;
    }
    None
}

/// The first instant behind `after` on a day that is meant.
fn next_on(date: Date, cron: &Cron, after: Timestamp, zone: &Zone) -> Option<Timestamp> {
    let times = cron
        .times()
        .map(|(hour, minute)| date.at(hour, minute, 0, 0));
    if zone.is_steady_on(date) {
        // The hands and the instants go in one order, so the first time is the one.
        let behind = zone.civil(after);
        let next = times.into_iter().find(|civil| *civil > behind)?;
        return instants_of(cron, next, zone).next();
    }
    // A repeated hour's second times lie behind its first ones.
    times
        .flat_map(|civil| instants_of(cron, civil, zone))
        .filter(|at| *at > after)
        .min()
}

/// The instants at which a time of the day comes.
fn instants_of(cron: &Cron, civil: DateTime, zone: &Zone) -> impl Iterator<Item = Timestamp> {
    let (first, second) = match zone.fall(civil) {
        None => (None, None),
        Some(Fall::Once(at)) => (Some(at), None),
        Some(Fall::Skipped(on)) => ((!cron.is_rhythm()).then_some(on), None),
        Some(Fall::Twice(first, second)) => (Some(first), cron.is_rhythm().then_some(second)),
    };
    first.into_iter().chain(second)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> u64 {
        let at: Timestamp = text.parse().expect(text);
        u64::try_from(at.as_millisecond()).expect("after 1970")
    }

    /// The next times of an expression, as RFC 3339 in UTC.
    fn times(cron: &str, zone: &str, after: &str, count: usize) -> Vec<String> {
        let (repeat, zone): (Cron, _) = (cron.parse().expect(cron), Zone::named(zone).expect(zone));
        let mut at = ms(after);
        let next = std::iter::from_fn(|| {
            at = repeat.next_after(at, &zone)?;
            let shown = Timestamp::from_millisecond(i64::try_from(at).ok()?).ok()?;
            Some(shown.to_string())
        });
        next.take(count).collect()
    }

    #[test]
    fn a_daily_time_is_neither_skipped_nor_repeated() {
        // In 2026 Berlin goes from 02:00 to 03:00 on the 29th of March, and from 03:00 to 02:00 on the 25th of October.
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-03-27T12:00:00Z", 3),
            [
                "2026-03-28T01:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-30T00:30:00Z"
            ]
        );
        assert_eq!(
            times("30 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", 2),
            ["2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z"]
        );
        // Sao Paulo's midnight of the 4th of November 2018 was skipped.
        assert_eq!(
            times("0 0 * * *", "America/Sao_Paulo", "2018-11-03T12:00:00Z", 2),
            ["2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"]
        );
    }

    #[test]
    fn a_rhythm_follows_the_hands() {
        assert_eq!(
            times("*/30 * * * *", "Europe/Berlin", "2026-03-29T00:20:00Z", 3),
            [
                "2026-03-29T00:30:00Z",
                "2026-03-29T01:00:00Z",
                "2026-03-29T01:30:00Z"
            ]
        );
        assert_eq!(
            times("0 * * * *", "Europe/Berlin", "2026-10-24T23:30:00Z", 3),
            [
                "2026-10-25T00:00:00Z",
                "2026-10-25T01:00:00Z",
                "2026-10-25T02:00:00Z"
            ]
        );
    }

    #[test]
    fn the_29th_of_february_comes_after_eight_years() {
        assert_eq!(
            times("0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z", 1),
            ["2104-02-29T00:00:00Z"]
        );
    }
}
