//! Keys of where stored events are posted to: one receiver, and eight more whose keys have a number behind them.
//!
//! Not here: reading them (`config::reach::webhooks`).

use crate::config::{
    key::{Key, key},
    values::Kind,
};

pub(in crate::config) const URL: &str = "CLEUDOCODEBOT_WEBHOOK_URL";
/// Which events a receiver gets.
pub const TOPICS: &str = "CLEUDOCODEBOT_WEBHOOK_TOPICS";
pub(in crate::config) const SECRET: &str = "CLEUDOCODEBOT_WEBHOOK_SECRET";

/// Receivers at most.
pub const MAX_WEBHOOKS: usize = 9;

/// The keys, in the order of `.env.example`.
pub(in crate::config) const KEYS: &[Key] = &[
    key(
        URL,
        "",
        Kind::WebhookUrl,
        "Where stored events are posted to, such as http://localhost:5678/webhook/x of n8n; with _2 to _9 behind it and the next two, more receivers.",
    ),
    key(
        TOPICS,
        "message.*",
        Kind::Text,
        "Which events, separated by commas: message.received, message.*, message.*@CHANNEL or message.*@CHANNEL/PEER.",
    ),
    Key {
        secret: true,
        ..key(
            SECRET,
            "",
            Kind::WebhookSecret,
            "Signs them as Standard Webhooks does: whsec_ and base64 of 24 to 64 random bytes (cleudocodebot webhooks secret makes one); empty leaves them unsigned.",
        )
    },
];

/// The row of a numbered key, such as `CLEUDOCODEBOT_WEBHOOK_URL_2`.
pub(in crate::config) fn numbered(name: &str) -> Option<&'static Key> {
    let (name, number) = name.rsplit_once('_')?;
    let is_number = (2..=MAX_WEBHOOKS).any(|known| known.to_string() == number);
    KEYS.iter().find(|key| is_number && key.name == name)
}

/// The name of a key of the receiver with this number, from 1.
pub(in crate::config) fn name_of(key: &str, number: usize) -> String {
    match number {
        1 => key.to_owned(),
        _ => format!("{key}_{number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_to_nine_stand_behind_the_name() {
        for number in 2..=MAX_WEBHOOKS {
            let row = numbered(&name_of(URL, number)).expect("a row");
            assert_eq!(row.name, URL);
        }
        for other in [
            URL,
            &format!("{URL}_1"),
            &format!("{URL}_10"),
            &format!("{URL}_02"),
        ] {
            assert_eq!(numbered(other), None, "{other}");
        }
    }
}
