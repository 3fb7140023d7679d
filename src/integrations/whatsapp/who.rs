//! Who wrote a message, and where: addresses as the service has them (`jid`s) and as they are here.
//!
//! The servers are those of Baileys' `src/WABinary/jid-utils.ts`. Which fields of a key hold the same
//! person's other address depends on the version of Evolution, and so does whether that is the number or
//! the hidden id: what an address is, only its server tells.

use serde_json::Value;

use crate::{
    message::text_at,
    phone::{self, PERSON},
};

/// What the address of a person ends with whose number is hidden.
pub(super) const HIDDEN: &str = "@lid";

/// What the address of a group ends with.
pub(super) const GROUP: &str = "@g.us";

/// What the address of a newsletter ends with, which people call a channel.
pub(super) const NEWSLETTER: &str = "@newsletter";

/// What the addresses of lists end with that one writes to without being in a chat: stories are
/// `status@broadcast`.
const BROADCAST: &str = "@broadcast";

/// Where stories go.
pub(super) const STORIES: &str = "status@broadcast";

/// Who wrote a group's message where the service does not say.
pub(super) const UNKNOWN: &str = "unknown";

/// What kind of conversation it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// With one person or bot.
    Person,
    /// In a group.
    Group,
    /// The posts of a newsletter.
    Newsletter,
    /// No conversation at all.
    Broadcast,
}

/// The conversation and the author of something posted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Who {
    pub place: Place,
    /// The conversation as it is called here.
    pub peer: String,
    /// The author, where that is not the peer.
    pub sender: Option<String>,
    /// By which address the service knows the conversation; in a group, the author.
    pub address: Option<String>,
    /// The author's other names.
    pub aliases: Vec<String>,
    /// Whether the user's own account wrote it.
    pub own: bool,
}

/// The fields of a key that may hold the other side of a conversation of two, the surest first.
const OF_PEERS: [&str; 5] = [
    "remoteJid",
    "remoteJidAlt",
    "senderPn",
    "senderLid",
    "previousRemoteJid",
];

/// The same for the author of a group's message.
const OF_MEMBERS: [&str; 6] = [
    "participant",
    "participantAlt",
    "participantPn",
    "participantLid",
    "senderPn",
    "senderLid",
];

/// Reads a key; `me` is the user's own number, where the service tells it.
pub(super) fn who(key: &Value, me: Option<&str>) -> Option<Who> {
    let remote = plain(text_at(key, "remoteJid")?);
    let own = key["fromMe"] == true;
    let place = place(&remote);
    Some(match place {
        Place::Person => one_of_two(key, remote, own, me),
        Place::Group => Who {
            peer: remote,
            ..member(key, own, me)
        },
        Place::Newsletter | Place::Broadcast => Who {
            place,
            peer: remote,
            sender: None,
            address: None,
            aliases: vec![],
            own,
        },
    })
}

/// What kind of conversation an address is.
pub(super) fn place(address: &str) -> Place {
    let places = [
        (GROUP, Place::Group),
        (NEWSLETTER, Place::Newsletter),
        (BROADCAST, Place::Broadcast),
    ];
    let found = places.iter().find(|(server, _)| address.ends_with(server));
    found.map_or(Place::Person, |(_, place)| *place)
}

/// Of a message of our own the other address may be ours as well as theirs (Baileys'
/// `extractAddressingContext` takes the sender's): it counts only where it is a number and not our own.
fn one_of_two(key: &Value, remote: String, own: bool, me: Option<&str>) -> Who {
    let fields: &[&str] = match (own, me) {
        (false, _) => &OF_PEERS,
        (true, Some(_)) => &OF_PEERS[..2],
        (true, None) => &OF_PEERS[..1],
    };
    let called = phone::person(&remote);
    let mut person = Person::of(key, fields, |number| number != called && Some(number) == me);
    if own && !remote.ends_with(HIDDEN) {
        person.hidden = None;
    }
    let (peer, aliases) = person.names().unwrap_or((called, vec![]));
    Who {
        place: Place::Person,
        address: (remote_jid(&peer) != remote).then_some(remote),
        peer,
        sender: None,
        aliases,
        own,
    }
}

fn member(key: &Value, own: bool, me: Option<&str>) -> Who {
    let fields = if own { &OF_MEMBERS[..4] } else { &OF_MEMBERS };
    let person = Person::of(key, fields, |_| false);
    let told = text_at(key, "participant").map(plain);
    let mine = || me.filter(|_| own).map(|me| (me.to_owned(), vec![]));
    let names = person.names().or_else(mine);
    // A group never passes for one person.
    let (sender, aliases) = names.unwrap_or_else(|| (UNKNOWN.to_owned(), vec![]));
    Who {
        place: Place::Group,
        peer: String::new(),
        address: told.filter(|told| *told != remote_jid(&sender)),
        sender: Some(sender),
        aliases,
        own,
    }
}

/// A person by all addresses that are known.
#[derive(Default)]
struct Person {
    number: Option<String>,
    hidden: Option<String>,
    other: Option<String>,
}

impl Person {
    fn of(key: &Value, fields: &[&str], is_other: impl Fn(&str) -> bool) -> Self {
        let mut person = Self::default();
        for field in fields {
            let Some(address) = text_at(key, field).map(plain) else {
                continue;
            };
            let here = phone::person(&address);
            if address.ends_with(HIDDEN) {
                person.hidden.get_or_insert(address);
            } else if here == address {
                person.other.get_or_insert(address);
            } else if !is_other(&here) {
                person.number.get_or_insert(here);
            }
        }
        person
    }

    /// What the person is called here, and the other names.
    fn names(self) -> Option<(String, Vec<String>)> {
        match (self.number, self.hidden) {
            (Some(number), hidden) => Some((number, hidden.into_iter().collect())),
            (None, Some(hidden)) => Some((hidden, vec![])),
            (None, None) => Some((self.other?, vec![])),
        }
    }
}

/// An address without the device (`:12`) and the agent (`_1`) it was sent from, and by today's name of
/// its server. One without a server is a person's: Evolution 2.4.0 cuts it off with the device.
pub(super) fn plain(address: &str) -> String {
    let (user, server) = address
        .split_once('@')
        .unwrap_or((address, "s.whatsapp.net"));
    let server = match server {
        "c.us" | "hosted" => "s.whatsapp.net",
        "hosted.lid" => "lid",
        server => server,
    };
    let user = match server {
        "s.whatsapp.net" | "lid" => user.split([':', '_']).next().unwrap_or_default(),
        _ => user,
    };
    format!("{user}@{server}")
}

/// An address as the service names it.
pub(super) fn remote_jid(address: &str) -> String {
    if address.contains('@') {
        return address.to_owned();
    }
    format!("{address}{PERSON}")
}

/// What the address of a person, a group, anything is called here.
pub(super) fn here(address: &str) -> String {
    phone::person(&plain(address))
}

/// Digits of the shortest number of an account, about: somebody may be called 007.
const SHORTEST: usize = 7;

/// The name that came with a message; where there is none, Evolution puts the address in its place
/// (`whatsapp.baileys.service.ts`, `prepareMessage`).
pub(super) fn name<'a>(told: Option<&'a str>, who: &Who) -> Option<&'a str> {
    let name = told.filter(|name| !name.is_empty() && !who.own)?;
    let has_server = [HIDDEN, PERSON].iter().any(|server| name.ends_with(server));
    let is_number = name.len() >= SHORTEST && name.bytes().all(|b| b.is_ascii_digit() || b == b':');
    (!has_server && !is_number).then_some(name)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    const ME: &str = "5511900000000";

    fn of(key: &Value) -> Who {
        who(key, Some(ME)).expect("someone")
    }

    #[test]
    fn an_address_is_cut_of_its_device_and_has_one_spelling() {
        for (written, plain_one) in [
            ("5511:12@s.whatsapp.net", "5511@s.whatsapp.net"),
            ("5511_1:12@c.us", "5511@s.whatsapp.net"),
            ("5511@hosted", "5511@s.whatsapp.net"),
            ("77:3@hosted.lid", "77@lid"),
            ("5511", "5511@s.whatsapp.net"),
            ("5511-1400000000@g.us", "5511-1400000000@g.us"),
            ("867@bot", "867@bot"),
        ] {
            assert_eq!(plain(written), plain_one);
        }
    }

    #[test]
    fn a_number_beside_a_hidden_id_is_the_peer_whatever_the_version_calls_it() {
        let (number, hidden) = ("5511987654321@s.whatsapp.net", "77@lid");
        for key in [
            json!({"remoteJid": hidden, "remoteJidAlt": number, "participant": ""}),
            json!({"remoteJid": number, "remoteJidAlt": hidden}),
            json!({"remoteJid": hidden, "senderPn": number}),
            json!({"remoteJid": number, "previousRemoteJid": hidden, "senderLid": "77:2@lid"}),
        ] {
            let who = of(&key);
            assert_eq!((who.peer.as_str(), who.sender), ("5511987654321", None));
            assert_eq!(who.aliases, [hidden]);
        }
        let replaced =
            of(&json!({"remoteJid": number, "remoteJidAlt": number, "addressingMode": "lid"}));
        assert_eq!(
            (replaced.peer.as_str(), replaced.aliases.len()),
            ("5511987654321", 0)
        );
        assert_eq!(of(&json!({"remoteJid": hidden})).peer, hidden);
    }

    #[test]
    fn a_member_is_known_by_the_number_and_answered_by_the_address() {
        let key = json!({"remoteJid": "1@g.us", "participant": "77@lid", "participantAlt": "5511:3@s.whatsapp.net"});
        let who = of(&key);
        assert_eq!(
            (who.peer.as_str(), who.sender.as_deref()),
            ("1@g.us", Some("5511"))
        );
        assert_eq!(
            (who.address.as_deref(), who.aliases.as_slice()),
            (Some("77@lid"), &["77@lid".to_owned()][..])
        );
        let nobody = of(&json!({"remoteJid": "1@g.us", "participant": ""}));
        assert_eq!(nobody.sender.as_deref(), Some(UNKNOWN));
        let mine = of(&json!({"remoteJid": "1@g.us", "fromMe": true}));
        assert_eq!(mine.sender.as_deref(), Some(ME));
    }

    #[test]
    fn our_own_address_never_becomes_the_other_sides() {
        let me = format!("{ME}@s.whatsapp.net");
        let own =
            |alt: &str| of(&json!({"remoteJid": "77@lid", "remoteJidAlt": alt, "fromMe": true}));
        assert_eq!(own(&me).peer, "77@lid");
        assert_eq!(own("5522@s.whatsapp.net").peer, "5522");
        let theirs =
            json!({"remoteJid": "5522@s.whatsapp.net", "remoteJidAlt": "88@lid", "fromMe": true});
        let who = of(&theirs);
        assert_eq!(
            (who.peer.as_str(), who.aliases.len()),
            ("5522", 0),
            "88 may be ourselves"
        );
        assert_eq!(
            of(&json!({"remoteJid": me, "fromMe": true, "participant": ""})).peer,
            ME
        );
    }

    #[test]
    fn an_address_in_place_of_a_name_is_none() {
        let who = of(&json!({"remoteJid": "5522@s.whatsapp.net"}));
        for (given, known) in [
            ("Ana", Some("Ana")),
            ("Ana @ work: home", Some("Ana @ work: home")),
            ("007", Some("007")),
            ("5522123:1", None),
            ("77@lid", None),
            ("5522:1@s.whatsapp.net", None),
            ("", None),
        ] {
            assert_eq!(name(Some(given), &who), known, "{given}");
        }
    }

    proptest! {
        #[test]
        fn no_address_panics(text: String, other: String) {
            let key = json!({"remoteJid": text, "remoteJidAlt": other, "participant": other});
            who(&key, Some(&other));
        }
    }
}
