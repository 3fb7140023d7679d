//! Which files of incoming messages are fetched without being asked for.

use std::str::FromStr;

/// A value of `*_MEDIA`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum FetchRule {
    /// All.
    #[default]
    All,
    /// Pictures, stickers among them.
    Images,
    /// None: each is fetched on request.
    None,
}

impl FetchRule {
    /// Every rule.
    pub const ALL: [Self; 3] = [Self::All, Self::Images, Self::None];

    /// Its name in `.env`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Images => "images",
            Self::None => "none",
        }
    }
}

impl FromStr for FetchRule {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL
            .into_iter()
            .find(|rule| rule.as_str() == text)
            .ok_or(())
    }
}
