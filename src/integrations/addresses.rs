//! What an address means, by the spellings of its service.

use super::{discord, telegram};
use crate::{
    config::services,
    phone::{self, Country},
};

/// Whether an address is of a place where several people write, as far as it tells.
pub fn is_of_group(channel: &str, peer: &str) -> bool {
    if services::DISCORD.channels.contains(&channel) {
        return !peer.starts_with("user:");
    }
    peer.contains('@') || peer.starts_with('-')
}

/// Whether the integration of a channel can tell the groups that its account is in (`Integration::groups`).
pub fn lists_groups(channel: &str) -> bool {
    services::WHATSAPP.channels.contains(&channel)
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_service_reads_its_own_addresses() {
        let of = |channel: &str, address: &str| peer(channel, address, None);
        assert_eq!(of("discord-2", "<@7>").as_deref(), Ok("user:7"));
        assert_eq!(of("telegram", "tg:7").as_deref(), Ok("7"));
        assert_eq!(
            of("whatsapp", "+55 11 98765-4321").as_deref(),
            Ok("5511987654321")
        );
        assert!(of("discord", "ana").is_err() && of("whatsapp", "ana").is_err());
    }

    #[test]
    fn only_an_account_of_a_phone_tells_its_groups() {
        assert!(lists_groups("whatsapp"));
        assert!(!lists_groups("whatsapp-cloud") && !lists_groups("telegram"));
    }

    #[test]
    fn groups_are_told_from_persons() {
        for (channel, peer, group) in [
            ("discord", "42", true),
            ("discord", "42/43", true),
            ("discord", "user:42", false),
            ("telegram", "-1001", true),
            ("telegram", "42", false),
            ("whatsapp", "120363@g.us", true),
            ("whatsapp", "5511987654321", false),
        ] {
            assert_eq!(is_of_group(channel, peer), group, "{channel} {peer}");
        }
    }
}
