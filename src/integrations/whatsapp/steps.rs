//! What a message comes to on its way out, step by step, before a server's own words for it. No calls.

use serde_json::{Value, json};

use super::who::{HIDDEN, Place, UNKNOWN, place, remote_jid};
use crate::{
    integrations::{
        ADDRESS,
        support::{files::outgoing::kind, markup},
    },
    media::probe::essence,
    message::{Content, Kind, Message, content::Person, media::files, text_at},
    phone,
};

/// Longest text, in characters.
const MAX_TEXT: usize = 4000;

/// Digits of the shortest number that a contact is sent with.
const MIN_CONTACT: usize = 10;

/// One call of the server.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Step<'a> {
    /// The number or the address it goes to.
    pub to: String,
    pub what: What<'a>,
    /// The server's name of the message that it answers.
    pub answers: Option<&'a str>,
}

/// What a step sends.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum What<'a> {
    Text(String),
    File(SentFile<'a>),
    Location {
        lat: f64,
        lng: f64,
        name: String,
        address: String,
    },
    /// Each with a number that `WhatsApp` may have.
    Contacts(Vec<Contact>),
    /// One answer each.
    Poll {
        question: String,
        options: Vec<String>,
    },
    /// The whole key of the message reacted to; no emoji takes the reaction back.
    Reaction {
        key: Value,
        emoji: &'a str,
    },
}

/// A file as it is sent.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct SentFile<'a> {
    /// Its entry in the message.
    pub media: &'a Value,
    pub form: FileForm,
    /// The text below it, empty for none.
    pub caption: String,
}

/// What a file is shown as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileForm {
    Voice,
    Sticker,
    /// A round video.
    Round,
    Image,
    Video,
    Audio,
    Document,
}

impl FileForm {
    fn of(media: &Value, kind: Kind) -> Self {
        let is_kept = text_at(media, "media_id").is_some();
        // What phones record is Opus in Ogg.
        let is_note = || text_at(media, "mime").is_some_and(is_of_voice_notes);
        match kind {
            Kind::Voice => Self::Voice,
            _ if !is_kept && is_note() => Self::Voice,
            Kind::Sticker => Self::Sticker,
            Kind::Video if media["round"] == true => Self::Round,
            kind => match kind.media_kind() {
                "image" => Self::Image,
                "video" => Self::Video,
                "audio" => Self::Audio,
                _ => Self::Document,
            },
        }
    }

    /// Whether a text can stand below it: `WhatsApp` shows none below sound, stickers and round videos,
    /// so a text goes out behind them.
    pub(super) fn has_caption(self) -> bool {
        matches!(self, Self::Image | Self::Video | Self::Document)
    }

    /// The field of the protocol's message that it becomes.
    pub(super) fn field(self) -> &'static str {
        match self {
            Self::Voice | Self::Audio => "audioMessage",
            Self::Sticker => "stickerMessage",
            Self::Round => "ptvMessage",
            Self::Image => "imageMessage",
            Self::Video => "videoMessage",
            Self::Document => "documentMessage",
        }
    }
}

impl<'a> SentFile<'a> {
    /// The address that the server fetches it from, where we do not keep it.
    pub(super) fn url(&self) -> Option<&'a str> {
        text_at(self.media, "url")
    }

    /// Its type, where the message says one.
    pub(super) fn mime(&self) -> Option<&'a str> {
        text_at(self.media, "mime")
    }

    /// The name it goes out under: a document always has one.
    pub(super) fn name(&self) -> Option<String> {
        let named = text_at(self.media, "name").map(str::to_owned);
        let made = || file_name(self.url(), self.mime());
        named.or_else(|| (self.form == FileForm::Document).then(made))
    }
}

/// A contact as it is sent: one line each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contact {
    pub name: String,
    pub number: String,
    pub email: Option<String>,
}

impl Contact {
    /// No text may bring a line of its own into the card that is made of it.
    fn of(person: &Person) -> Option<Self> {
        let line = |text: &str| text.replace(['\r', '\n'], " ");
        let number = person
            .phones
            .iter()
            .find(|phone| phone.len() >= MIN_CONTACT)?;
        let name = Some(line(&person.name)).filter(|name| !name.trim().is_empty());
        Some(Self {
            name: name.unwrap_or_else(|| line(number)),
            number: line(number),
            email: person.emails.first().map(|email| line(email)),
        })
    }

    /// The card as phones write it (RFC 2426); `waid` makes it one of `WhatsApp`.
    pub(super) fn card(&self) -> String {
        let digits: String = self.number.chars().filter(char::is_ascii_digit).collect();
        let escaped = self.name.replace('\\', "\\\\").replace(';', "\\;");
        let email = self.email.as_ref().map(|email| format!("EMAIL:{email}\n"));
        format!(
            "BEGIN:VCARD\nVERSION:3.0\nN:;{escaped};;;\nFN:{escaped}\n{}TEL;type=CELL;waid={digits}:+{digits}\nEND:VCARD",
            email.unwrap_or_default()
        )
    }
}

/// The steps that bring a message out, in order. Several files go one after the other, the text below the
/// first.
pub(super) fn steps(message: &Message) -> Vec<Step<'_>> {
    let to = phone::person(&message.peer);
    let step = |what| Step {
        to: to.clone(),
        what,
        answers: None,
    };
    let meta = message.meta.as_ref();
    if let Some(meta) = meta.filter(|meta| meta.get("reaction").is_some()) {
        let key = reacted(message, &meta["answered"]);
        let emoji = message.text.as_str();
        return vec![step(What::Reaction { key, emoji })];
    }
    let mut all = Vec::new();
    let mut text = message.text.as_str();
    for media in files(message.media.as_ref()) {
        let form = FileForm::of(media, kind(message, media));
        let below = if form.has_caption() && all.is_empty() {
            std::mem::take(&mut text)
        } else {
            ""
        };
        let caption = markup::whatsapp(message, below, usize::MAX).concat();
        all.push(step(What::File(SentFile {
            media,
            form,
            caption,
        })));
    }
    if let Some(what) = content(message).filter(|_| all.is_empty()) {
        // Its text says the same again.
        text = "";
        all.push(step(what));
    }
    if !text.is_empty() || all.is_empty() {
        let parts = markup::whatsapp(message, text, MAX_TEXT).into_iter();
        all.extend(parts.map(|part| step(What::Text(part))));
    }
    if let Some(first) = all.first_mut() {
        first.answers = message.reply_to.as_deref();
    }
    all
}

/// A place, contacts or a poll.
fn content(message: &Message) -> Option<What<'static>> {
    let content = Content::read(message.kind, message.content.as_ref()?).ok()??;
    match content {
        Content::Location {
            lat,
            lng,
            name,
            address,
            ..
        } => Some(What::Location {
            lat,
            lng,
            name: name.unwrap_or_default(),
            address: address.unwrap_or_default(),
        }),
        Content::Contact(people) => {
            let contacts: Vec<Contact> = people.iter().filter_map(Contact::of).collect();
            (!contacts.is_empty()).then_some(What::Contacts(contacts))
        }
        Content::Poll { question, options } => Some(What::Poll { question, options }),
        _ => None,
    }
}

fn is_of_voice_notes(mime: &str) -> bool {
    let kind = essence(mime);
    ["audio/ogg", "audio/opus"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

/// The name of a document without one, by its address. Servers look for a dot in it, and decide on the
/// type by its end.
fn file_name(url: Option<&str>, mime: Option<&str>) -> String {
    let path = url
        .unwrap_or_default()
        .split(['?', '#'])
        .next()
        .unwrap_or_default();
    let last = path
        .split("://")
        .last()
        .and_then(|path| path.split_once('/'));
    let last = last
        .and_then(|(_, path)| path.rsplit('/').next())
        .unwrap_or_default();
    let name = if last.is_empty() { "document" } else { last };
    if name.contains('.') {
        return name.to_owned();
    }
    let kind = mime.and_then(|mime| essence(mime).split_once('/'));
    match kind {
        Some(("text", "plain")) => format!("{name}.txt"),
        Some((_, end)) if end.bytes().all(|b| b.is_ascii_alphanumeric()) => format!("{name}.{end}"),
        _ => name.to_owned(),
    }
}

/// The whole name of a message that is reacted to: whose it is belongs to it, and in a group, who
/// wrote it.
fn reacted(message: &Message, answered: &Value) -> Value {
    let own = answered["own"] == true;
    let address = text_at(answered, ADDRESS);
    let jid = conversation(&message.peer, address);
    let mut key = json!({"remoteJid": jid, "fromMe": own, "id": message.reply_to});
    let member = text_at(answered, "sender").filter(|member| *member != UNKNOWN);
    if let Some(member) = member.filter(|_| !own) {
        key["participant"] = json!(remote_jid(address.unwrap_or(member)));
    }
    key
}

/// The addresses a peer may have at `WhatsApp`, by its number.
pub(super) fn jids(peer: &str) -> Vec<String> {
    let spellings = phone::spellings(peer);
    spellings.iter().map(|number| remote_jid(number)).collect()
}

/// In a group the address kept with a message is its author's.
fn conversation(peer: &str, address: Option<&str>) -> String {
    match place(peer) {
        Place::Person => remote_jid(address.unwrap_or(peer)),
        _ => remote_jid(peer),
    }
}

/// A message that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ReadMessage {
    /// Its conversation: by the number where that is known, for servers take no notice of hidden ids
    /// there (`whatsapp.baileys.service.ts` of the Evolution API, `markMessageAsRead`).
    pub chat: String,
    /// Its author, in a group where that is known.
    pub author: Option<String>,
    pub id: String,
}

/// The messages that the server knows by a name, in the order given.
pub(super) fn read_messages(messages: &[Message]) -> Vec<ReadMessage> {
    let known = messages.iter().filter_map(|message| {
        let meta = message.meta.as_ref()?;
        let address = text_at(meta, ADDRESS);
        let jid = conversation(&message.peer, address);
        let chat = if jid.ends_with(HIDDEN) {
            remote_jid(&message.peer)
        } else {
            jid
        };
        let author = message
            .sender
            .as_deref()
            .filter(|sender| *sender != UNKNOWN);
        Some(ReadMessage {
            chat,
            author: author.map(|sender| remote_jid(address.unwrap_or(sender))),
            id: text_at(meta, "id")?.to_owned(),
        })
    });
    known.collect()
}

impl Step<'_> {
    /// The words that it shows, as far as a server tells them with a message of our own.
    pub(super) fn shown(&self) -> &str {
        match &self.what {
            What::Text(text) => text,
            What::File(file) => &file.caption,
            What::Reaction { emoji, .. } => emoji,
            _ => "",
        }
    }
}
