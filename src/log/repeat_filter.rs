//! Lines that anyone can cause as often as they like: the first of a kind is written at once, those
//! that follow are counted, and one line with their number follows when the window is over.
//!
//! Without it a flood of refused requests would push everything else out of the log.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use super::level::LogLevel;

/// How long repeats are counted before their number is written. It doubles for as long as the flood
/// goes on, so that one of days costs as little as one of minutes.
const FIRST_WINDOW: Duration = Duration::from_secs(60);

/// The longest window.
const MAX_WINDOW: Duration = Duration::from_secs(60 * 60);

/// Lines of one message that are counted apart by their fields; what comes beyond is counted together,
/// since the fields may hold what a stranger made up.
const MAX_APART: usize = 8;

/// Longest value of a field in such a line, in bytes.
const MAX_VALUE_BYTES: usize = 256;

/// Stands for the fields of all that is counted together.
const VARIOUS: (&str, &str) = ("fields", "various");

type Fields = Vec<(String, String)>;

/// What repeats. Target and message are constants of the program, so their number is bounded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Kind {
    pub(super) target: &'static str,
    pub(super) message: &'static str,
    pub(super) fields: Fields,
}

#[derive(Debug)]
struct Series {
    level: LogLevel,
    window: Duration,
    ends: Instant,
    repeats: u64,
}

/// The kinds of lines seen lately, and how often.
#[derive(Debug, Default)]
pub(super) struct RepeatFilter(HashMap<Kind, Series>);

impl RepeatFilter {
    /// The line to write now, with all its fields, or `None` where it was only counted.
    pub(super) fn admit(&mut self, level: LogLevel, mut kind: Kind, now: Instant) -> Option<Kind> {
        for (_, value) in &mut kind.fields {
            *value = super::line::cut(std::mem::take(value), MAX_VALUE_BYTES);
        }
        let line = kind.clone();
        if !self.0.contains_key(&kind) && self.apart(&kind) >= MAX_APART {
            kind.fields = vec![(VARIOUS.0.to_owned(), VARIOUS.1.to_owned())];
        }
        if let Some(series) = self.0.get_mut(&kind) {
            series.repeats += 1;
            return None;
        }
        let series = Series {
            level,
            window: FIRST_WINDOW,
            ends: now + FIRST_WINDOW,
            repeats: 0,
        };
        self.0.insert(kind, series);
        Some(line)
    }

    fn apart(&self, kind: &Kind) -> usize {
        let same = |known: &&Kind| (known.target, known.message) == (kind.target, kind.message);
        self.0.keys().filter(same).count()
    }

    /// The lines that say how often something was repeated, for every window that is over; with `all`
    /// also for those that are not.
    pub(super) fn due(&mut self, now: Instant, all: bool) -> Vec<(LogLevel, Kind)> {
        let mut due = Vec::new();
        self.0.retain(|kind, series| {
            if !all && now < series.ends {
                return true;
            }
            if series.repeats == 0 {
                return false;
            }
            due.push((series.level, with_count(kind, series)));
            series.repeats = 0;
            series.window = (series.window * 2).min(MAX_WINDOW);
            series.ends = now + series.window;
            true
        });
        due
    }
}

fn with_count(kind: &Kind, series: &Series) -> Kind {
    let mut kind = kind.clone();
    let seconds = series.window.as_secs();
    for (key, value) in [("repeated", series.repeats), ("within_s", seconds)] {
        kind.fields.push((key.to_owned(), value.to_string()));
    }
    kind
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(reason: &str) -> Kind {
        Kind {
            target: "gateway",
            message: "refused",
            fields: vec![("reason".to_owned(), reason.to_owned())],
        }
    }

    fn told(filter: &mut RepeatFilter, now: Instant) -> Vec<String> {
        let due = filter.due(now, false).into_iter();
        due.map(|(_, kind)| format!("{:?}", kind.fields)).collect()
    }

    #[test]
    fn the_first_is_written_and_the_rest_are_counted_by_kind() {
        let (mut filter, start) = (RepeatFilter::default(), Instant::now());
        for reason in ["a", "b"] {
            let written = |n| {
                filter
                    .admit(LogLevel::Warn, refused(reason), start)
                    .is_some()
                    == (n == 0)
            };
            assert!((0..100).all(written), "{reason}");
        }
        assert!(told(&mut filter, start + FIRST_WINDOW / 2).is_empty());
        let mut lines = told(&mut filter, start + FIRST_WINDOW);
        lines.sort();
        let line = |reason: &str| {
            format!(r#"[("reason", "{reason}"), ("repeated", "99"), ("within_s", "60")]"#)
        };
        assert_eq!(lines, [line("a"), line("b")]);
    }

    #[test]
    fn a_quiet_window_ends_the_series_and_a_flood_makes_it_longer() {
        let (mut filter, mut now) = (RepeatFilter::default(), Instant::now());
        let mut lines = 0;
        for _ in 0..24 * 60 {
            for _ in 0..50 {
                lines += usize::from(filter.admit(LogLevel::Warn, refused("a"), now).is_some());
            }
            now += Duration::from_secs(60);
            lines += told(&mut filter, now).len();
        }
        assert!(lines < 40, "{lines} lines for a day of flood");
        filter.due(now + MAX_WINDOW, false);
        filter.due(now + MAX_WINDOW * 2, false);
        assert!(filter.0.is_empty());
        let again = filter.admit(LogLevel::Warn, refused("a"), now + MAX_WINDOW * 2);
        assert!(again.is_some());
    }

    #[test]
    fn made_up_fields_cost_neither_memory_nor_lines() {
        let (mut filter, now) = (RepeatFilter::default(), Instant::now());
        let flood = (0..100_000).map(|n| {
            let reason = format!("{n}{}", "x".repeat(1000));
            filter.admit(LogLevel::Warn, refused(&reason), now)
        });
        let written: Vec<Kind> = flood.flatten().collect();
        assert_eq!(written.len(), MAX_APART + 1);
        assert_eq!(filter.0.len(), MAX_APART + 1);
        let longest = written.iter().map(|kind| kind.fields[0].1.len()).max();
        assert!(longest.is_some_and(|bytes| bytes <= MAX_VALUE_BYTES + "…".len()));
        let due = filter.due(now, true);
        assert_eq!(due.len(), 1, "only what is counted together was repeated");
        assert_eq!(due[0].1.fields[1].1, (100_000 - MAX_APART - 1).to_string());
    }
}
