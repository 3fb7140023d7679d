//! How other devices reach the gateway: what stands in the way, and asking oneself through it.
//!
//! Not here: the questions to the user and what is written into `.env` (`cli`), and TLS itself (`gateway`).

pub mod tailscale;
pub mod verify;

use std::{fmt, str::FromStr};

/// A way for other devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Tailscale, which has names and certificates for its devices.
    Tailscale,
    /// The local network, with a certificate of the user's own.
    Lan,
    /// A proxy that speaks https and passes on to us.
    Proxy,
    /// None: this machine alone.
    None,
}

impl Way {
    /// All, as they are written.
    pub const NAMES: [(&'static str, Self); 4] = [
        ("tailscale", Self::Tailscale),
        ("lan", Self::Lan),
        ("proxy", Self::Proxy),
        ("none", Self::None),
    ];
}

impl FromStr for Way {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Self::NAMES.iter().find(|(name, _)| *name == text);
        let names = || Self::NAMES.map(|(name, _)| name).join(", ");
        found
            .map(|(_, way)| *way)
            .ok_or_else(|| format!("one of {}", names()))
    }
}

/// What stands in the way, and what to do about it: a line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// What it is.
    pub text: String,
    /// What to do.
    pub remedy: String,
}

impl Obstacle {
    fn new(text: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            remedy: remedy.into(),
        }
    }
}

impl fmt::Display for Obstacle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.text, self.remedy)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_are_read_by_their_names() {
        for (name, way) in Way::NAMES {
            assert_eq!(name.parse(), Ok(way));
        }
        let wrong = "Lan".parse::<Way>();
        assert_eq!(wrong, Err("one of tailscale, lan, proxy, none".to_owned()));
    }
}
