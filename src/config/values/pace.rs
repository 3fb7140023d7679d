//! The gap between two messages: `20-60s`, or `30s`.

use std::time::Duration;

use super::expected::Expected;
use crate::clock::parse_span;

/// The longest gap.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// A gap, chosen at random between its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// The shortest.
    pub least: Duration,
    /// The longest.
    pub most: Duration,
}

impl Pace {
    /// Reads the text of a setting; `None` where it is empty or 0.
    pub fn parse(text: &str) -> Result<Option<Self>, Expected> {
        let pace = match text.split_once('-') {
            _ if text.is_empty() => return Ok(None),
            None => parse_span(text).map(|span| (span, span)),
            Some((least, most)) => {
                // The unit may stand at the end alone.
                let unit = most.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
                let has_unit = least.ends_with(|c: char| c.is_ascii_alphabetic());
                let least = if has_unit {
                    least.to_owned()
                } else {
                    format!("{least}{unit}")
                };
                parse_span(&least).zip(parse_span(most))
            }
        };
        let pace = pace.filter(|(least, most)| least <= most && *most <= LONGEST);
        let (least, most) =
            pace.ok_or_else(|| "a gap such as 20-60s or 30s, of a day at most".to_owned())?;
        Ok((!most.is_zero()).then_some(Self { least, most }))
    }

    /// A gap of it; `seed` is any number.
    pub fn gap(self, seed: u64) -> Duration {
        let span_ms =
            u64::try_from(self.most.saturating_sub(self.least).as_millis()).unwrap_or(u64::MAX);
        self.least + Duration::from_millis(seed % span_ms.saturating_add(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pace_is_one_span_or_two() {
        let pace = |least, most| {
            Ok(Some(Pace {
                least: Duration::from_secs(least),
                most: Duration::from_secs(most),
            }))
        };
        for (text, expected) in [
            ("20-60s", pace(20, 60)),
            ("30s", pace(30, 30)),
            ("1m-5m", pace(60, 300)),
            ("30s-2m", pace(30, 120)),
            ("", Ok(None)),
            ("0", Ok(None)),
        ] {
            assert_eq!(Pace::parse(text), expected, "{text}");
        }
        for wrong in ["60-20s", "20", "20-60", "s", "2d", "-5s"] {
            assert!(Pace::parse(wrong).is_err(), "{wrong}");
        }
        let gaps = Pace {
            least: Duration::from_secs(20),
            most: Duration::from_secs(60),
        };
        for seed in [0, 1, 40_000, 40_001, u64::MAX] {
            assert!(
                (20_000..=60_000).contains(&gaps.gap(seed).as_millis()),
                "{seed}"
            );
        }
    }
}
