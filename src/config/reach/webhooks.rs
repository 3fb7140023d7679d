//! The receivers of stored events: the settings of the group `CLEUDOCODEBOT_WEBHOOK_*`.
//!
//! Not here: what a topic means (`protocol::topic`), and posting (the daemon).

use crate::config::{
    keys::webhooks::{KEYS, MAX_WEBHOOKS, SECRET, TOPICS, URL, name_of, numbered},
    lookup::Lookup,
    values::{WebhookSecret, WebhookUrl},
};

/// One receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookSettings {
    /// From 1.
    pub number: usize,
    /// Where it is.
    pub url: WebhookUrl,
    /// Which events, not yet read.
    pub topics: Vec<String>,
    /// What they are signed with.
    pub secret: Option<WebhookSecret>,
}

impl WebhookSettings {
    /// Every receiver that has an address. What is not valid was refused when the settings were loaded.
    pub fn read(lookup: &Lookup) -> Vec<Self> {
        let each = (1..=MAX_WEBHOOKS).filter_map(|number| {
            let text = |key| lookup.get(&name_of(key, number));
            let url = WebhookUrl::parse(text(URL)?).ok()?;
            let default = KEYS.iter().find(|key| key.name == TOPICS);
            let topics = text(TOPICS).or(default.map(|key| key.default));
            Some(Self {
                number,
                url,
                topics: Self::topics_of(topics.unwrap_or_default()),
                secret: text(SECRET).and_then(|text| WebhookSecret::parse(text).ok()),
            })
        });
        each.collect()
    }

    /// The topics in a text, not yet read.
    pub fn topics_of(text: &str) -> Vec<String> {
        let topics = text.split(',').map(str::trim);
        let topics = topics.filter(|topic| !topic.is_empty());
        topics.map(str::to_owned).collect()
    }

    /// Its name: `webhook`, `webhook-2`, ….
    pub fn name(&self) -> String {
        match self.number {
            1 => "webhook".to_owned(),
            number => format!("webhook-{number}"),
        }
    }
}

/// What is wrong with the numbered keys; the others are looked at with the table.
pub(in crate::config) fn complaints(lookup: &Lookup) -> Vec<String> {
    let numbers = (2..=MAX_WEBHOOKS).flat_map(|number| {
        let keys = KEYS.iter();
        keys.map(move |key| name_of(key.name, number))
    });
    let complaint = |name: String| lookup.complaint(&name, numbered(&name)?);
    numbers.filter_map(complaint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::tests::lookup, fs::scratch::Scratch};

    #[test]
    fn receivers_are_those_with_an_address_by_their_numbers() {
        let found = WebhookSettings::read(&lookup(
            &Scratch::new(),
            &[
                (URL, "http://localhost:5678/a"),
                ("CLEUDOCODEBOT_WEBHOOK_URL_3", "https://b.example/"),
                (
                    "CLEUDOCODEBOT_WEBHOOK_TOPICS_3",
                    "message.received, message.*@webchat ,",
                ),
                (
                    "CLEUDOCODEBOT_WEBHOOK_SECRET_4",
                    "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
                ),
            ],
        ));
        let names: Vec<_> = found.iter().map(WebhookSettings::name).collect();
        assert_eq!(names, ["webhook", "webhook-3"]);
        assert_eq!(found[0].topics, ["message.*"]);
        assert_eq!(found[1].topics, ["message.received", "message.*@webchat"]);
        assert!(found.iter().all(|one| one.secret.is_none()));
    }

    #[test]
    fn a_wrong_numbered_key_is_told_without_its_secret() {
        let lookup = lookup(
            &Scratch::new(),
            &[
                ("CLEUDOCODEBOT_WEBHOOK_SECRET_2", "hunter2hunter2"),
                ("CLEUDOCODEBOT_WEBHOOK_URL_2", "ftp://a"),
            ],
        );
        let told = complaints(&lookup);
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(!told.join("").contains("hunter2hunter2"), "{told:?}");
    }
}
