//! What a bot is made of.

use crate::config::BaseUrl;

/// What a bot is made of.
#[derive(Clone, PartialEq, Eq)]
pub struct BotSettings {
    /// The bot's token.
    pub token: String,
    /// Where the API is.
    pub base: BaseUrl,
}
