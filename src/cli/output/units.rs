//! Times, sizes and counts as people read them.

use std::time::Duration;

use serde_json::Value;

/// The two greatest units of a time, the second where there is any of it: `3d 4h`, `12m 5s`, `1d`, `80 ms`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let (days, hours) = (seconds / 86_400, seconds / 3600 % 24);
    let (minutes, rest) = (seconds / 60 % 60, seconds % 60);
    match (days, hours, minutes, rest) {
        (0, 0, 0, 0) => format!("{} ms", time.as_millis()),
        (0, 0, 0, s) => format!("{s}s"),
        (0, 0, m, 0) => format!("{m}m"),
        (0, 0, m, s) => format!("{m}m {s}s"),
        (0, h, 0, _) => format!("{h}h"),
        (0, h, m, _) => format!("{h}h {m}m"),
        (d, 0, ..) => format!("{d}d"),
        (d, h, ..) => format!("{d}d {h}h"),
    }
}

/// The time from one moment to another, both in ms since 1970.
pub(crate) fn since(then_ms: u64, now_ms: u64) -> String {
    duration(Duration::from_millis(now_ms.saturating_sub(then_ms)))
}

/// What is to be said of the `clock` of a status, while the daemon does not go by the wall clock. Nothing
/// where it is only ahead by a downtime: no jump was seen since the start. An older daemon does not tell.
pub(crate) fn unbelieved_clock(clock: &Value) -> Option<String> {
    if clock["believed"].as_bool().unwrap_or(true) {
        return None;
    }
    let ahead_ms = clock["ahead_ms"].as_i64().unwrap_or(0);
    let by = duration(Duration::from_millis(ahead_ms.unsigned_abs()));
    if ahead_ms < 0 {
        return Some(format!(
            "the clock went back {by}; deadlines go on as if it had not"
        ));
    }
    let is_after_downtime = clock["jumps"] == 0;
    (!is_after_downtime)
        .then(|| format!("the clock went on {by} at once; deadlines follow within a day"))
}

/// What can be counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Noun {
    Message,
    File,
    Answer,
    Connection,
    Member,
}

/// `1 message`, `2 messages`; a number that is missing counts as none.
pub(crate) fn counted(count: &Value, noun: Noun) -> String {
    let count = count.as_u64().unwrap_or(0);
    match (noun, count) {
        (Noun::Message, 1) => "1 message".to_owned(),
        (Noun::Message, _) => format!("{count} messages"),
        (Noun::File, 1) => "1 file".to_owned(),
        (Noun::File, _) => format!("{count} files"),
        (Noun::Answer, 1) => "1 answer".to_owned(),
        (Noun::Answer, _) => format!("{count} answers"),
        (Noun::Connection, 1) => "1 connection".to_owned(),
        (Noun::Connection, _) => format!("{count} connections"),
        (Noun::Member, 1) => "1 member".to_owned(),
        (Noun::Member, _) => format!("{count} members"),
    }
}

/// A size in units of 1024: `512 B`, `12.3 MiB`.
pub(crate) fn bytes(count: u64) -> String {
    const UNITS: [&str; 4] = ["KiB", "MiB", "GiB", "TiB"];
    if count < 1024 {
        return format!("{count} B");
    }
    let mut size = count as f64 / 1024.0;
    let mut unit = 0;
    // 1023.95 would be shown as 1024.0.
    while size >= 1023.95 && unit + 1 < UNITS.len() {
        size /= 1024.0;
        unit += 1;
    }
    format!("{size:.1} {}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_show_their_two_greatest_units() {
        for (ms, text) in [
            (80, "80 ms"),
            (42_000, "42s"),
            (725_000, "12m 5s"),
            (60_000, "1m"),
            (3_600_000, "1h"),
            (86_400_000, "1d"),
            (273_600_000, "3d 4h"),
        ] {
            assert_eq!(duration(Duration::from_millis(ms)), text);
        }
        assert_eq!(since(5, 3), "0 ms");
    }

    #[test]
    fn sizes_are_short() {
        for (count, text) in [
            (512, "512 B"),
            (1024, "1.0 KiB"),
            (1_048_575, "1.0 MiB"),
            (12_897_485, "12.3 MiB"),
        ] {
            assert_eq!(bytes(count), text);
        }
    }
}
