//! What a bot is made of.

use crate::config::{BaseUrl, FetchRule};

/// What a Discord bot is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct DiscordSettings {
    /// The bot's token.
    pub token: String,
    /// Where the API is.
    pub base: BaseUrl,
    /// Which files that come in are fetched at once.
    pub fetches: FetchRule,
}
