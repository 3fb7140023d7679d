//! The rules that a channel sends by: in which hours, how fast, how many a day, and to whom at all. They are what
//! keeps a number from being banned.
//!
//! Not here: keeping to them (`daemon::gate`).

use std::time::Duration;

use super::allow_list::{AllowList, plain};
use crate::{
    calendar::Hours,
    clock::parse_span,
    config::{Lookup, Pace, services::Service},
    phone::Country,
};

/// The rules of a channel. Without any, everything goes at once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SendRules {
    /// When it sends.
    pub hours: Hours,
    /// The gap between two messages, chosen at random within it.
    pub pace: Option<Pace>,
    /// Messages a day.
    pub daily: Option<u64>,
    /// People a day who were never written to before.
    pub new_peers_daily: Option<u64>,
    /// Days in which both limits grow to their full size.
    pub warmup_days: u64,
    /// To whom.
    pub targets: Targets,
    /// Whether we are seen typing before a text.
    pub types: bool,
}

impl SendRules {
    /// Reads those of a service. The texts were validated when the settings were loaded.
    pub(super) fn read(
        lookup: &Lookup,
        service: &Service,
        channel: &str,
        country: Option<Country>,
    ) -> Self {
        let text = |what: &str| lookup.text(&service.key(what)).unwrap_or_default();
        let limit = |what: &str| lookup.number(&service.key(what)).filter(|limit| *limit > 0);
        let warmup = parse_span(text("WARMUP")).unwrap_or_default();
        Self {
            hours: Hours::parse(text("HOURS")).unwrap_or_default(),
            pace: Pace::parse(text("PACE")).unwrap_or_default(),
            daily: limit("DAILY"),
            new_peers_daily: limit("NEW_PEERS_DAILY"),
            warmup_days: warmup.as_secs() / Duration::from_secs(86_400).as_secs(),
            targets: Targets::read(channel, text("SEND_TO"), country),
            types: text("TYPING") == "auto",
        }
    }

    /// Whether messages are counted by the day.
    pub fn counts_days(&self) -> bool {
        self.daily.is_some() || self.new_peers_daily.is_some()
    }

    /// Whether anything is held back by the time of the day or by the day.
    pub fn depend_on_time(&self) -> bool {
        !self.hours.is_empty() || self.counts_days()
    }

    /// A limit on the so-maniest day, counted from 0, of those it grows in.
    pub fn grown(&self, limit: u64, day: u64) -> u64 {
        if day + 1 >= self.warmup_days {
            return limit;
        }
        (limit * (day + 1) / self.warmup_days).max(1)
    }
}

/// To whom a channel may send, by its `*_SEND_TO`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Targets {
    channel: String,
    listed: AllowList,
    /// Those with a `*`: what is before and what behind it.
    patterns: Vec<(String, String)>,
}

impl Default for Targets {
    fn default() -> Self {
        Self {
            channel: String::new(),
            listed: AllowList::All,
            patterns: Vec::new(),
        }
    }
}

impl Targets {
    /// Reads the list of a channel; an empty one lets everything go.
    fn read(channel: &str, text: &str, country: Option<Country>) -> Self {
        if text.trim().is_empty() {
            return Self::default();
        }
        let is_pattern = |entry: &&str| entry.contains('*') && entry.trim() != "*";
        let pieces: Vec<&str> = text.split([',', ';', '\n', '\r']).collect();
        let patterns = pieces.iter().copied().filter(is_pattern);
        let patterns = patterns.filter_map(|entry| {
            let (before, behind) = entry.trim().split_once('*')?;
            Some((before.to_owned(), behind.to_owned()))
        });
        let others: Vec<&str> = pieces
            .iter()
            .copied()
            .filter(|entry| !is_pattern(entry))
            .collect();
        Self {
            channel: channel.to_owned(),
            patterns: patterns.collect(),
            listed: AllowList::read(channel, &others.join(","), country),
        }
    }

    /// Whether messages may go to a peer, normalised as `send` does it.
    pub fn hold(&self, peer: &str) -> bool {
        let fits = |(before, behind): &(String, String)| {
            let rest = peer.strip_prefix(before.as_str());
            rest.is_some_and(|rest| rest.ends_with(behind.as_str()))
        };
        let is_listed = self.listed.holds(peer) || self.listed.holds(&plain(&self.channel, peer));
        is_listed || self.patterns.iter().any(fits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_listed_or_fits_a_pattern() {
        let country: Country = "BR".parse().expect("a country");
        let targets = Targets::read(
            "whatsapp",
            "11 98765-4321, *@g.us; 120363@newsletter",
            Some(country),
        );
        for peer in ["5511987654321", "120363041234@g.us", "120363@newsletter"] {
            assert!(targets.hold(peer), "{peer}");
        }
        for peer in ["5511987654322", "9@newsletter", "g.us"] {
            assert!(!targets.hold(peer), "{peer}");
        }
        assert!(Targets::read("telegram", "", None).hold("42"));
        assert!(Targets::read("telegram", "*", None).hold("42"));
        assert!(!Targets::read("telegram", "-100*", None).hold("42"));
        assert!(Targets::read("telegram", "-100*", None).hold("-1001"));
    }

    #[test]
    fn limits_grow_day_by_day() {
        let rules = SendRules {
            warmup_days: 4,
            ..SendRules::default()
        };
        let grown: Vec<_> = (0..6).map(|day| rules.grown(10, day)).collect();
        assert_eq!(grown, [2, 5, 7, 10, 10, 10]);
        assert_eq!(rules.grown(1, 0), 1);
        assert_eq!(SendRules::default().grown(10, 0), 10);
    }
}
