//! Fakes of the servers, each made after the server's own source: its routes, bodies, errors and posts.

mod evolution;
mod evolution_go;
mod gowa;
mod waha;
mod wuzapi;

use serde_json::{Map, Value, json};

use crate::support::fake::{Reply, Request};

pub(super) use self::{
    evolution::Evolution,
    evolution_go::EvolutionGo,
    gowa::Gowa,
    waha::{Engine, Waha},
    wuzapi::Wuzapi,
};

/// The account at the server, and what the fake was asked.
#[derive(Debug, Default)]
pub(super) struct Account {
    pub is_there: bool,
    pub is_connected: bool,
    /// Every call is answered as to a wrong key.
    pub refuses_key: bool,
    /// Where it posts to, and what proves that.
    pub url: String,
    pub secret: String,
    pub sent: Vec<Sent>,
    /// What all its groups are called, instead of each by its own name. Only Evolution tells that.
    pub groups_called: Option<&'static str>,
}

/// A message that the server took.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub what: &'static str,
    pub to: String,
    pub text: String,
    /// The message that it answers or reacts to.
    pub about: String,
    pub name: String,
}

impl Account {
    pub(super) fn new() -> Self {
        Self {
            is_there: true,
            is_connected: true,
            ..Self::default()
        }
    }

    /// Its groups as Baileys has them.
    fn baileys_groups(&self) -> Value {
        let mut groups = baileys_groups();
        let all = groups.as_array_mut().into_iter().flatten();
        for (group, name) in all.zip(self.groups_called.iter().cycle()) {
            group["subject"] = json!(name);
        }
        groups
    }

    /// Takes a message, and returns its name.
    pub(super) fn take(
        &mut self,
        what: &'static str,
        to: &Value,
        text: &Value,
        about: &Value,
    ) -> String {
        let name = format!("3EB0SENT{}", self.sent.len());
        let number = text_of(to)
            .replace("@s.whatsapp.net", "")
            .replace("@c.us", "");
        self.sent.push(Sent {
            what,
            to: number,
            text: text_of(text).to_owned(),
            about: text_of(about).to_owned(),
            name: name.clone(),
        });
        name
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

/// Three groups as whatsmeow has them (`types.GroupInfo`, `types/group.go`): an ordinary one, the announcements of a
/// community, and that community.
fn whatsmeow_groups() -> Value {
    let group = |jid: &str, name: &str, [announce, parent, default]: [bool; 3], members: usize| {
        let members = vec![
            json!({"JID": "2803@lid", "IsAdmin": false, "Error": 0, "AddRequest": null});
            members
        ];
        json!({"JID": jid, "OwnerJID": "2803@lid", "Name": name, "Topic": "", "IsLocked": false,
            "IsAnnounce": announce, "IsParent": parent, "LinkedParentJID": "", "IsDefaultSubGroup": default,
            "GroupCreated": "2025-11-22T00:00:34Z", "Participants": members, "ParticipantCount": 0})
    };
    json!([
        group("120363405032205086@g.us", "Vila", [false, true, false], 3),
        group(
            "79993488709-1588883724@g.us",
            "Família",
            [false, false, false],
            2
        ),
        group("120363405032205087@g.us", "Avisos", [true, false, true], 3),
    ])
}

/// The same as Baileys has them (`GroupMetadata`), without those who are in them.
fn baileys_groups() -> Value {
    json!([
        {"id": "120363405032205086@g.us", "subject": "Vila", "size": 3, "creation": 1_668_339_135, "restrict": false,
            "announce": false, "isCommunity": true, "isCommunityAnnounce": false},
        {"id": "79993488709-1588883724@g.us", "subject": "Família", "size": 2, "restrict": true, "announce": false,
            "isCommunity": false, "isCommunityAnnounce": false},
        {"id": "120363405032205087@g.us", "subject": "Avisos", "size": 3, "restrict": false, "announce": true,
            "isCommunity": false, "isCommunityAnnounce": true, "linkedParent": "120363405032205086@g.us"},
    ])
}

/// Who wrote, by all addresses that the service has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Author {
    pub chat: &'static str,
    pub number: &'static str,
    pub hidden: &'static str,
    pub own: bool,
}

impl Author {
    pub(super) fn is_group(&self) -> bool {
        self.chat.ends_with("@g.us")
    }
}

/// What a server posts.
#[derive(Debug, Clone)]
pub(super) enum Told {
    /// A message with this content, as the protocol has it.
    Message {
        author: Author,
        id: String,
        message: Value,
    },
    /// Of messages of ours: `delivered`, `read` or `played`.
    Receipt { id: String, what: &'static str },
    /// Somebody writes.
    Typing(Author),
    /// The phone logged the device out.
    LoggedOut,
}

/// One server.
pub(super) trait WhatsappFake: Send + Sync + 'static {
    /// Its name in the settings.
    fn server(&self) -> &'static str;

    /// The key that it takes.
    fn key(&self) -> &'static str;

    /// Answers as the server does.
    fn answer(&self, account: &mut Account, request: &Request) -> Reply;

    /// The body of a post; none where the server does not tell it.
    fn body(&self, told: &Told) -> Option<String>;

    /// Where it posts to, as the path and query of our address.
    fn path(&self, _: &Account) -> String {
        "/webhooks/whatsapp".to_owned()
    }

    /// The header that proves a post.
    fn proof(&self, account: &Account, body: &str) -> String;

    /// Kinds that the server tells less of, each with what is stored instead.
    fn told_otherwise(&self) -> Vec<(&'static str, Value)> {
        vec![]
    }

    /// What it cannot send: it fails for good, in words with this.
    fn unable(&self) -> &'static [(&'static str, &'static str)] {
        &[]
    }

    /// Whether a lost answer can be looked for.
    fn searches(&self) -> bool {
        true
    }

    /// Whether reading is shown in groups.
    fn reads_groups(&self) -> bool {
        true
    }
}

/// A header of a request.
fn header<'a>(request: &'a Request, name: &str) -> Option<&'a str> {
    let mut lines = request
        .head
        .lines()
        .filter_map(|line| line.split_once(": "));
    let found = lines.find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

fn method(request: &Request) -> &str {
    request.head.split(' ').next().unwrap_or_default()
}

/// A field of a form that was uploaded.
fn form_text(request: &Request, name: &str) -> Option<String> {
    let start = format!("name=\"{name}\"\r\n\r\n");
    let rest = request.text.split(&start).nth(1)?;
    rest.split("\r\n--").next().map(str::to_owned)
}

fn has_file(request: &Request, field: &str) -> bool {
    request
        .text
        .contains(&format!("name=\"{field}\"; filename="))
}

/// The names of fields where the structs of Go have another spelling than the protocol
/// (`proto/waE2E/WAWebProtobufsE2E.pb.go`, the tags `json`).
const IN_GO: [(&str, &str); 9] = [
    ("url", "URL"),
    ("id", "ID"),
    ("ptt", "PTT"),
    ("remoteJid", "remoteJID"),
    ("mentionedJid", "mentionedJID"),
    ("stanzaId", "stanzaID"),
    ("fileSha256", "fileSHA256"),
    ("fileEncSha256", "fileEncSHA256"),
    ("selectedRowId", "selectedRowID"),
];

/// A message as Go writes it: enums are numbers there, and one of several is in an object of its own.
fn in_go(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut all = Map::new();
            for (name, value) in fields {
                let known = IN_GO.iter().find(|(protocol, _)| protocol == name);
                let spelled = known.map_or(name.as_str(), |(_, go)| go);
                let value = match (name.as_str(), value.as_str()) {
                    ("type", Some("REVOKE")) => json!(0),
                    ("type", Some("MESSAGE_EDIT")) => json!(14),
                    _ => in_go(value),
                };
                if name == "selectedDisplayText" {
                    all.insert("Response".to_owned(), json!({"SelectedDisplayText": value}));
                } else {
                    all.insert(spelled.to_owned(), value);
                }
            }
            Value::Object(all)
        }
        Value::Array(all) => all.iter().map(in_go).collect(),
        other => other.clone(),
    }
}

/// `events.Message` (`types/events/events.go`, `types/message.go`).
fn go_message(author: &Author, id: &str, message: &Value) -> Value {
    let sender = format!("{}:7@s.whatsapp.net", author.number);
    // Groups of today have hidden ids, and the number beside it.
    let (sender, alt) = if author.is_group() && !author.hidden.is_empty() {
        (author.hidden.to_owned(), sender)
    } else {
        (sender, author.hidden.to_owned())
    };
    json!({
        "Info": {"Chat": author.chat, "Sender": sender, "IsFromMe": author.own, "IsGroup": author.is_group(),
            "AddressingMode": "", "SenderAlt": if author.own { String::new() } else { alt.clone() },
            "RecipientAlt": if author.own { alt } else { String::new() }, "BroadcastListOwner": "", "ID": id,
            "ServerID": 0, "Type": "text", "PushName": "Ana Lima", "Timestamp": "2026-11-27T10:00:00-03:00",
            "Category": "", "Multicast": false, "MediaType": "", "Edit": ""},
        "Message": in_go(message), "IsEphemeral": false, "IsViewOnce": false,
        "IsDocumentWithCaption": false, "IsEdit": false, "SourceWebMsg": null})
}

/// `events.Receipt`.
fn go_receipt(id: &str, what: &str) -> Value {
    let kind = if what == "delivered" { "" } else { what };
    json!({"Chat": "5511987654321@s.whatsapp.net", "Sender": "5511987654321@s.whatsapp.net", "IsFromMe": false,
        "IsGroup": false, "MessageIDs": [id], "Timestamp": "2026-11-27T10:00:01-03:00", "Type": kind,
        "MessageSender": ""})
}

/// `events.ChatPresence`.
fn go_typing(author: &Author) -> Value {
    json!({"Chat": author.chat, "Sender": format!("{}@s.whatsapp.net", author.number), "IsFromMe": false,
        "IsGroup": author.is_group(), "State": "composing", "Media": ""})
}
