//! A time zone: that of this machine, or one of the IANA database by its name.

use std::{fmt, sync::OnceLock};

use jiff::{
    Timestamp,
    civil::{Date, DateTime, date},
    tz::TimeZone,
};

const EPOCH: Date = date(1970, 1, 1);

/// A zone, with the name that it was asked for by.
#[derive(Debug, Clone)]
pub struct Zone {
    name: Option<String>,
    /// Read when they are asked for first: what is never sent at a time of the day needs no zone.
    rules: OnceLock<TimeZone>,
}

impl PartialEq for Zone {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Zone {}

/// Where a civil time falls that a change of the clocks may skip or repeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fall {
    /// At one instant.
    Once(Timestamp),
    /// It is skipped; the clocks go on at this instant.
    Skipped(Timestamp),
    /// It comes twice.
    Twice(Timestamp, Timestamp),
}

impl Zone {
    /// The zone of this machine; UTC where it has none.
    pub fn system() -> Self {
        Self {
            name: None,
            rules: OnceLock::new(),
        }
    }

    /// A zone by its name, such as `America/Sao_Paulo`. The error says what was expected.
    pub fn named(name: &str) -> Result<Self, String> {
        let rules = TimeZone::get(name);
        let rules = rules.map_err(|_| "a time zone as America/Sao_Paulo or UTC".to_owned())?;
        Ok(Self {
            name: Some(name.to_owned()),
            rules: OnceLock::from(rules),
        })
    }

    fn rules(&self) -> &TimeZone {
        self.rules.get_or_init(TimeZone::system)
    }

    /// The name that it was asked for by; none for that of this machine.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// The number of the day there, from 1970 on, and the minute of it.
    pub(super) fn day_and_minute(&self, at_ms: u64) -> (i64, u16) {
        let at = i64::try_from(at_ms).map(Timestamp::from_millisecond);
        let civil = self.civil(at.ok().and_then(Result::ok).unwrap_or(Timestamp::MAX));
        let days = civil
            .date()
            .since(EPOCH)
            .map_or(0, |span| i64::from(span.get_days()));
        let minute = i16::from(civil.hour()) * 60 + i16::from(civil.minute());
        (days, u16::try_from(minute).unwrap_or_default())
    }

    /// When a minute of a day begins there, in ms since 1970. One that is skipped begins where the clocks go on.
    pub(super) fn ms_of(&self, day: i64, minute: u16) -> Option<u64> {
        let date = EPOCH
            .checked_add(jiff::Span::new().try_days(day).ok()?)
            .ok()?;
        let (hour, minute) = (
            i8::try_from(minute / 60).ok()?,
            i8::try_from(minute % 60).ok()?,
        );
        let civil = date.at(hour, minute, 0, 0);
        let at = match self.fall(civil)? {
            Fall::Once(at) | Fall::Skipped(at) | Fall::Twice(at, _) => at,
        };
        u64::try_from(at.as_millisecond()).ok()
    }

    /// The number of the day, counted from 1970 on.
    pub fn day(&self, at_ms: u64) -> i64 {
        self.day_and_minute(at_ms).0
    }

    /// When the day of a time began, in ms since 1970.
    pub fn start_of_day(&self, at_ms: u64) -> u64 {
        self.ms_of(self.day(at_ms), 0).unwrap_or(at_ms)
    }

    /// When the day behind that of a time begins, in ms since 1970.
    pub fn start_of_day_after(&self, at_ms: u64) -> u64 {
        self.ms_of(self.day(at_ms) + 1, 0).unwrap_or(u64::MAX)
    }

    /// A time there as people read it: `2026-11-27 08:00`.
    pub fn show(&self, at_ms: u64) -> String {
        let at = i64::try_from(at_ms).map(Timestamp::from_millisecond);
        let civil = self.civil(at.ok().and_then(Result::ok).unwrap_or(Timestamp::MAX));
        civil.strftime("%Y-%m-%d %H:%M").to_string()
    }

    /// The civil time at an instant.
    pub(super) fn civil(&self, at: Timestamp) -> DateTime {
        self.rules().to_datetime(at)
    }

    /// Whether the clocks go on or back neither on a day nor at its ends.
    pub(super) fn is_steady_on(&self, date: Date) -> bool {
        let start = |date: Date| self.rules().to_timestamp(date.at(0, 0, 0, 0)).ok();
        let ends = date.yesterday().ok().and_then(start);
        let ends = ends.zip(date.tomorrow().ok().and_then(start));
        ends.is_some_and(|(from, to)| {
            let change = self.rules().following(from).next();
            change.is_none_or(|change| change.timestamp() > to)
        })
    }

    /// The instants of a civil time; `None` beyond the range of dates.
    pub(super) fn fall(&self, civil: DateTime) -> Option<Fall> {
        use jiff::tz::AmbiguousOffset::{Fold, Gap, Unambiguous};
        let ambiguous = self.rules().to_ambiguous_timestamp(civil);
        match ambiguous.offset() {
            Unambiguous { .. } => ambiguous.compatible().ok().map(Fall::Once),
            // With the offset of before the civil time is behind the change: as far as it is into the gap.
            Gap { .. } => {
                let behind = ambiguous.later().ok()?;
                let change = self
                    .rules()
                    .preceding(behind + jiff::SignedDuration::from_nanos(1))
                    .next()?;
                Some(Fall::Skipped(change.timestamp()))
            }
            Fold { .. } => {
                let twice = (ambiguous.earlier(), ambiguous.later());
                let (first, second) = (twice.0.ok()?, twice.1.ok()?);
                Some(Fall::Twice(first, second))
            }
        }
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let own = || {
            self.rules()
                .iana_name()
                .unwrap_or("the zone of this machine")
        };
        f.write_str(self.name.as_deref().unwrap_or_else(own))
    }
}
