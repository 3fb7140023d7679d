//! The waits between attempts, as the user writes them: `5s,25s,2m,10m`.

use std::time::Duration;

use super::expected::Expected;

/// The most waits in a list.
const MOST: usize = 10;

/// The longest wait.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// The waits after the first, the second, … failed attempt. When one more fails, the message fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delays {
    waits: [Duration; MOST],
    count: usize,
}

impl Delays {
    /// The default: five attempts within a quarter of an hour.
    pub const USUAL: Self = Self {
        waits: {
            let mut waits = [Duration::ZERO; MOST];
            waits[0] = Duration::from_secs(5);
            waits[1] = Duration::from_secs(25);
            waits[2] = Duration::from_secs(120);
            waits[3] = Duration::from_secs(600);
            waits
        },
        count: 4,
    };

    /// Parses a list.
    pub fn parse(text: &str) -> Result<Self, Expected> {
        let expected = || {
            format!("1 to {MOST} waits of 1ms to 24h, separated by commas, such as 500ms,5s,2m,1h")
        };
        let mut read = Self {
            waits: [Duration::ZERO; MOST],
            count: 0,
        };
        for part in text.split(',') {
            let wait = wait(part.trim()).ok_or_else(expected)?;
            *read.waits.get_mut(read.count).ok_or_else(expected)? = wait;
            read.count += 1;
        }
        Ok(read)
    }

    /// The wait after this many failed attempts (0 counts as 1); none after the last.
    pub fn after(&self, failed: u32) -> Option<Duration> {
        let place = failed.saturating_sub(1) as usize;
        self.waits[..self.count].get(place).copied()
    }
}

impl Default for Delays {
    fn default() -> Self {
        Self::USUAL
    }
}

fn wait(text: &str) -> Option<Duration> {
    let unit = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let ms = match unit {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let wait = Duration::from_millis(number.parse::<u64>().ok()?.checked_mul(ms)?);
    (wait > Duration::ZERO && wait <= LONGEST).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::keys;

    #[test]
    fn the_default_of_the_table_is_the_usual_list() {
        let key = keys::find("CLEUDOCODEBOT_RETRY_DELAYS").expect("a key");
        assert_eq!(Delays::parse(key.default), Ok(Delays::USUAL));
        let waits = [1, 2, 3, 4].map(|failed| Delays::USUAL.after(failed));
        let seconds = waits.map(|wait| wait.map_or(0, |wait| wait.as_secs()));
        assert_eq!(seconds, [5, 25, 120, 600]);
        assert_eq!(Delays::USUAL.after(5), None);
    }

    #[test]
    fn a_list_has_units_and_bounds() {
        let read = Delays::parse("20ms, 1h").expect("a list");
        assert_eq!(read.after(1), Some(Duration::from_millis(20)));
        assert_eq!(
            (read.after(2), read.after(3)),
            (Some(Duration::from_secs(3600)), None)
        );
        assert!(Delays::parse(&["1s"; MOST].join(",")).is_ok());
        let many = ["1s"; MOST + 1].join(",");
        for wrong in [
            "",
            ",",
            "5",
            "s",
            "0s",
            "-1s",
            "1.5s",
            "1d",
            "25h",
            "5s,",
            "5 s",
            "99999999999999999999s",
            &many,
        ] {
            assert!(Delays::parse(wrong).is_err(), "{wrong}");
        }
    }
}
