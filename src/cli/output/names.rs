//! What the people are called that messages are from and to.
//!
//! Not here: asking the gateway for them (`connection`).

use std::collections::HashMap;

use serde_json::Value;

use super::phone_number::shown_peer;
use crate::{log::printable, words};

/// The peers there are, by channel and address, with their names, which some lack.
#[derive(Debug, Clone, Default)]
pub(crate) struct Names(HashMap<(String, String), Option<String>>);

impl Names {
    /// The names in an answer to `conversations`.
    pub(crate) fn of(answer: &Value) -> Self {
        let all = answer["conversations"].as_array().into_iter().flatten();
        let named = all.filter_map(|one| {
            let text = |field: &str| one[field].as_str().filter(|text| !text.is_empty());
            let key = (text("channel")?.to_owned(), text("peer")?.to_owned());
            Some((key, text("name").map(str::to_owned)))
        });
        Self(named.collect())
    }

    /// The names in an answer to `integration.groups` about this channel.
    pub(crate) fn of_groups(channel: &str, answer: &Value) -> Self {
        let all = answer["groups"].as_array().into_iter().flatten();
        let named = all.filter_map(|one| {
            let text = |field: &str| one[field].as_str().filter(|text| !text.is_empty());
            let key = (channel.to_owned(), text("peer")?.to_owned());
            Some((key, text("name").map(str::to_owned)))
        });
        Self(named.collect())
    }

    /// How to write a peer: by name, with the address where two of the channel are called the same, so that
    /// nobody passes for another by a name; else the address.
    pub(crate) fn shown(&self, channel: &str, peer: &str) -> String {
        let address = shown_peer(channel, &printable(peer));
        let key = (channel.to_owned(), peer.to_owned());
        match self.0.get(&key).and_then(Option::as_ref) {
            None => address,
            Some(name) if self.named(channel, name).count() > 1 => {
                format!("{} ({address})", printable(name))
            }
            Some(name) => printable(name),
        }
    }

    /// The peers of a channel that are called so, whatever the case of the letters.
    pub(crate) fn named<'a>(
        &'a self,
        channel: &'a str,
        name: &str,
    ) -> impl Iterator<Item = &'a str> {
        self.alike(channel, name, str::to_lowercase)
    }

    /// Those whom somebody may mean by a name, in the order of their addresses: who is called so, or else who
    /// is but for the accents.
    pub(crate) fn meant<'a>(&'a self, channel: &'a str, name: &str) -> Vec<&'a str> {
        let mut meant: Vec<&str> = self.named(channel, name).collect();
        if meant.is_empty() {
            meant.extend(self.alike(channel, name, words::folded));
        }
        meant.sort_unstable();
        meant
    }

    /// The peers of a channel whose names are the same as this one once this is done to both.
    fn alike<'a>(
        &'a self,
        channel: &'a str,
        name: &str,
        plain: impl Fn(&str) -> String,
    ) -> impl Iterator<Item = &'a str> {
        let name = plain(name.trim());
        let is_alike = move |(key, called): &(&'a (String, String), &'a Option<String>)| {
            let called = called.as_deref().map(|called| plain(called.trim()));
            key.0 == channel && called.as_ref() == Some(&name)
        };
        self.0
            .iter()
            .filter(is_alike)
            .map(|(key, _)| key.1.as_str())
    }

    /// Whether somebody of this channel has this address.
    pub(crate) fn knows(&self, channel: &str, peer: &str) -> bool {
        self.0.contains_key(&(channel.to_owned(), peer.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn people_are_called_by_name_unless_two_are_called_the_same() {
        let one =
            |peer: &str, name: &str| json!({"channel": "whatsapp", "peer": peer, "name": name});
        let names = Names::of(&json!({"conversations": [
            one("5511987654321", "Ana"), one("5511933334444", "Rui"), one("5511955556666", "rui "),
            one("5511911112222", ""),
        ]}));
        for (peer, shown) in [
            ("5511987654321", "Ana"),
            ("5511933334444", "Rui (+55 (11) 93333-4444)"),
            ("5511911112222", "+55 (11) 91111-2222"),
            ("5511900000000", "+55 (11) 90000-0000"),
        ] {
            assert_eq!(names.shown("whatsapp", peer), shown);
        }
        assert_eq!(
            names.named("whatsapp", "ANA").collect::<Vec<_>>(),
            ["5511987654321"]
        );
        assert_eq!(names.named("whatsapp", "rui").count(), 2);
        assert_eq!(names.named("telegram", "Ana").count(), 0);
        assert!(names.knows("whatsapp", "5511987654321") && !names.knows("x", "5511987654321"));
    }

    #[test]
    fn accents_count_only_where_they_tell_two_apart() {
        let groups = Names::of_groups(
            "whatsapp",
            &json!({"groups": [
                {"name": "Família", "peer": "1@g.us"}, {"name": "Avós", "peer": "2@g.us"},
                {"name": "avos", "peer": "3@g.us"}, {"name": "", "peer": "4@g.us"},
            ]}),
        );
        for (name, meant) in [
            ("familia", &["1@g.us"][..]),
            (" FAMÍLIA", &["1@g.us"]),
            ("Avós", &["2@g.us"]),
            ("AVOS", &["3@g.us"]),
            ("Ávós", &["2@g.us", "3@g.us"]),
            ("ninguém", &[]),
        ] {
            assert_eq!(groups.meant("whatsapp", name), meant, "{name}");
        }
        assert!(groups.meant("telegram", "Família").is_empty());
    }
}
