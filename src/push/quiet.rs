//! Hours in which a device is not told of anything.

use serde_json::{Value, json};

/// Minutes of a day.
const DAY: i64 = 24 * 60;

/// The farthest zones are 14 hours ahead of UTC and 12 behind; a day leaves room for what is changed yet.
const MAX_OFFSET: i64 = DAY;

/// A span of each day by the clock on the device's wall. The zone is an offset: a page that starts tells it anew, so
/// summer time is right from then on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// Minutes since midnight.
    from: i64,
    /// Minutes since midnight; before `from` where midnight is between.
    until: i64,
    /// Minutes ahead of UTC.
    offset: i64,
}

impl Quiet {
    /// Reads `{from: "22:00", until: "07:00", offset_minutes: -180}`; the error says what was expected.
    pub fn parse(json: &Value) -> Result<Self, &'static str> {
        let expected =
            "{from: \"22:00\", until: \"07:00\", offset_minutes: -180}, with two different times";
        let time = |name: &str| json[name].as_str().and_then(minutes).ok_or(expected);
        let offset = match &json["offset_minutes"] {
            Value::Null => Some(0),
            offset => offset.as_i64(),
        };
        let offset = offset.filter(|offset| offset.abs() <= MAX_OFFSET);
        let quiet = Self {
            from: time("from")?,
            until: time("until")?,
            offset: offset.ok_or(expected)?,
        };
        (quiet.from != quiet.until).then_some(quiet).ok_or(expected)
    }

    /// As it was read.
    pub fn json(self) -> Value {
        let time = |minutes: i64| format!("{:02}:{:02}", minutes / 60, minutes % 60);
        json!({"from": time(self.from), "until": time(self.until), "offset_minutes": self.offset})
    }

    /// Whether a moment is in it.
    pub fn covers(self, now_ms: u64) -> bool {
        let minutes = i64::try_from(now_ms / 60_000).unwrap_or(i64::MAX / 2);
        let now = (minutes + self.offset).rem_euclid(DAY);
        if self.from < self.until {
            (self.from..self.until).contains(&now)
        } else {
            now >= self.from || now < self.until
        }
    }
}

/// `22:00` as minutes since midnight.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let two_digits = |text: &str| {
        let is_plain = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        is_plain.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours < 24 && minutes < 60).then_some(hours * 60 + minutes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quiet(from: &str, until: &str, offset: i64) -> Quiet {
        let json = json!({"from": from, "until": until, "offset_minutes": offset});
        let quiet = Quiet::parse(&json).expect("hours");
        assert_eq!(quiet.json(), json);
        quiet
    }

    /// A time of some day, UTC.
    fn at(hours: u64, minutes: u64) -> u64 {
        (20_000 * 24 * 60 + hours * 60 + minutes) * 60_000
    }

    #[test]
    fn a_night_goes_over_midnight_and_by_the_clock_of_its_zone() {
        let night = quiet("22:00", "07:00", -180);
        for (hours, minutes, covered) in [
            (0, 59, false),
            (1, 0, true),
            (3, 0, true),
            (9, 59, true),
            (10, 0, false),
            (15, 0, false),
        ] {
            assert_eq!(
                night.covers(at(hours, minutes)),
                covered,
                "{hours}:{minutes} UTC"
            );
        }
        let noon = quiet("12:00", "14:30", 540);
        assert!(noon.covers(at(3, 0)) && noon.covers(at(5, 29)));
        assert!(!noon.covers(at(2, 59)) && !noon.covers(at(5, 30)));
    }

    #[test]
    fn what_is_no_span_is_refused() {
        for wrong in [
            json!("22:00-07:00"),
            json!({"from": "22:00"}),
            json!({"from": "22:00", "until": "22:00"}),
            json!({"from": "24:00", "until": "07:00"}),
            json!({"from": "22:60", "until": "07:00"}),
            json!({"from": "7:00", "until": "08:00"}),
            json!({"from": "+7:00", "until": "08:00"}),
            json!({"from": "22:00", "until": "07:00", "offset_minutes": 9999}),
            json!({"from": "22:00", "until": "07:00", "offset_minutes": "x"}),
        ] {
            assert!(Quiet::parse(&wrong).is_err(), "{wrong}");
        }
    }
}
