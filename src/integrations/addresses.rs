//! The peer that an address means, by the spellings of its service.

use super::{discord, telegram};
use crate::{
    config::services,
    phone::{self, Country},
};

/// The peer that somebody means by an address of this channel; the error says what is expected there.
/// Numbers without the code of their country are of `country`.
pub fn peer(channel: &str, address: &str, country: Option<Country>) -> Result<String, String> {
    if services::TELEGRAM.channels.contains(&channel) {
        return Ok(telegram::peer(address));
    }
    if services::DISCORD.channels.contains(&channel) {
        return discord::peer(address);
    }
    phone::written(channel, address, country)
}
