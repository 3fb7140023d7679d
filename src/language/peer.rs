//! In which language somebody on a channel is answered.

use super::Language;
use crate::phone;

/// What is known of somebody who wrote.
#[derive(Debug, Clone, Copy)]
pub struct Peer<'a> {
    /// The language that their service tells, such as `pt-br`.
    pub told: Option<&'a str>,
    /// The channel they wrote on.
    pub channel: &'a str,
    /// Their address there.
    pub address: &'a str,
}

impl Peer<'_> {
    /// Their language: as their service tells it; without that by the country of their number, where
    /// their address is one; without that `otherwise`. A language that nothing is translated into is
    /// answered in English.
    pub fn language(&self, otherwise: impl FnOnce() -> Language) -> Language {
        if let Some(told) = self.told {
            return Language::of_tag(told).unwrap_or_default();
        }
        let has_number = phone::CHANNELS.contains(&self.channel);
        let number = has_number.then_some(self.address);
        let by_number = number.and_then(Language::of_phone_number);
        by_number.unwrap_or_else(otherwise)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_service_tells_comes_before_the_number_and_that_before_the_rest() {
        let english = || Language::English;
        let language = |told, channel, address| {
            let peer = Peer {
                told,
                channel,
                address,
            };
            peer.language(english)
        };
        let portuguese = Language::BrazilianPortuguese;
        assert_eq!(language(Some("pt-br"), "telegram", "42"), portuguese);
        assert_eq!(
            language(Some("de"), "whatsapp", "5511987654321"),
            Language::English
        );
        assert_eq!(language(None, "whatsapp", "5511987654321"), portuguese);
        assert_eq!(language(None, "whatsapp-cloud", "351912345678"), portuguese);
        // The id of a user of Telegram is no number of a phone.
        assert_eq!(language(None, "telegram", "5511987654"), Language::English);
        let elsewhere = Peer {
            told: None,
            channel: "whatsapp",
            address: "4915112345678",
        };
        assert_eq!(elsewhere.language(|| portuguese), portuguese);
    }
}
