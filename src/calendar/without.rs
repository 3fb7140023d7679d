//! Times in a build without the feature `schedule`: ms since 1970 and UTC, no rules of zones.

use std::{convert::Infallible, fmt, str::FromStr};

/// UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone;

/// Minutes of a day.
const DAY: u64 = 24 * 60;

#[expect(
    clippy::unused_self,
    reason = "the same methods as those of a zone with rules"
)]
impl Zone {
    /// UTC, for what the zone of this machine is cannot be known here.
    pub fn system() -> Self {
        Self
    }

    /// UTC by its name. The error says what was expected.
    pub fn named(name: &str) -> Result<Self, String> {
        match name {
            "" | "UTC" => Ok(Self),
            _ => Err("UTC: this build knows no other zone".to_owned()),
        }
    }

    /// It was asked for by none.
    pub fn name(&self) -> Option<&str> {
        None
    }

    /// The number of the day, and the minute of it.
    pub(super) fn day_and_minute(&self, at_ms: u64) -> (i64, u16) {
        let minutes = at_ms / 60_000;
        let minute = u16::try_from(minutes % DAY).unwrap_or_default();
        (i64::try_from(minutes / DAY).unwrap_or_default(), minute)
    }

    /// When a minute of a day begins, in ms since 1970.
    pub(super) fn ms_of(&self, day: i64, minute: u16) -> Option<u64> {
        let minutes = u64::try_from(day).ok()?.checked_mul(DAY)?;
        (minutes + u64::from(minute)).checked_mul(60_000)
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

    /// A time as people read it: `2026-11-27 08:00`.
    pub fn show(&self, at_ms: u64) -> String {
        let text = crate::clock::Utc(at_ms).to_string().replace('T', " ");
        text.get(.."2026-11-27 08:00".len())
            .unwrap_or(&text)
            .to_owned()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UTC")
    }
}

/// No expression can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cron(Infallible);

impl Cron {
    /// The first time behind this one.
    pub fn next_after(&self, _after_ms: u64, _zone: &Zone) -> Option<u64> {
        match self.0 {}
    }
}

impl FromStr for Cron {
    type Err = String;

    fn from_str(_: &str) -> Result<Self, String> {
        Err("every with a span: this build knows no cron expressions".to_owned())
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {}
    }
}

/// Reads ms since 1970. The error says what was expected.
pub fn parse_at(text: &str, _zone: &Zone) -> Result<u64, String> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let ms = text.parse().ok().filter(|_| digits);
    ms.ok_or_else(|| "ms since 1970: this build reads no other times".to_owned())
}
