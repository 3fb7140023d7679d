//! What the Evolution API is sent, and what a search finds, as JSON. No calls.
//!
//! The bodies are those of `src/validate/message.schema.ts` and `src/api/dto/sendMessage.dto.ts` of
//! Evolution 2.3: a field that is there must be a text, never null.

use serde_json::{Value, json};

use super::who::{HIDDEN, Place, UNKNOWN, place, remote_jid};
use crate::{
    integrations::{
        ADDRESS,
        support::{files::outgoing::kind, markup},
    },
    media::probe::essence,
    message::{Content, Kind, Message, State, content::Person, media::files, text_at},
    phone,
};

/// The channel's name.
pub const NAME: &str = phone::CHANNELS[0];

/// Longest text, in characters.
const MAX_TEXT: usize = 4000;

/// The addresses a peer may have there, by its number.
pub(super) fn jids(peer: &str) -> Vec<String> {
    let spellings = phone::spellings(peer);
    spellings.iter().map(|number| remote_jid(number)).collect()
}

/// The address that the conversation of a message goes by.
fn jid_of(message: &Message) -> String {
    let told = message
        .meta
        .as_ref()
        .and_then(|meta| text_at(meta, ADDRESS));
    conversation(&message.peer, told)
}

/// In a group the address kept with a message is its author's.
fn conversation(peer: &str, address: Option<&str>) -> String {
    match place(peer) {
        Place::Person => remote_jid(address.unwrap_or(peer)),
        _ => remote_jid(peer),
    }
}

/// The field of a body that names a kept file, which is uploaded in its place.
pub(super) const KEPT: &str = "media_id";

/// The calls that bring a message out, in order: path and body. Several files go one after the other, the
/// text below the first.
pub(super) fn bodies(message: &Message) -> Vec<(&'static str, Value)> {
    let number = phone::person(&message.peer);
    let meta = message.meta.as_ref();
    if let Some(meta) = meta.filter(|meta| meta.get("reaction").is_some()) {
        let body = json!({"key": reacted(message, &meta["answered"]), "reaction": message.text});
        return vec![("/message/sendReaction", body)];
    }
    let mut steps = Vec::new();
    let mut text = message.text.as_str();
    let files = files(message.media.as_ref());
    for (at, media) in files.iter().enumerate() {
        let (path, mut body) = file(media, kind(message, media));
        body["number"] = json!(number);
        if body.get("caption").is_some() {
            let caption = if at == 0 {
                std::mem::take(&mut text)
            } else {
                ""
            };
            set_caption(&mut body, message, caption);
        }
        steps.push((path, body));
    }
    if let Some((path, mut body)) = content(message).filter(|_| files.is_empty()) {
        // Its text says the same again.
        (body["number"], text) = (json!(number), "");
        steps.push((path, body));
    }
    if !text.is_empty() || steps.is_empty() {
        let parts = markup::whatsapp(message, text, MAX_TEXT).into_iter();
        let bodies = parts.map(|part| json!({"number": number, "text": part}));
        steps.extend(bodies.map(|body| ("/message/sendText", body)));
    }
    if let (Some(answered), Some((_, first))) = (&message.reply_to, steps.first_mut()) {
        first["quoted"] = json!({"key": {"id": answered}});
    }
    steps
}

/// Puts a text below a file, whole however long it is. An empty one is left out.
fn set_caption(body: &mut Value, message: &Message, text: &str) {
    if let Some(fields) = body.as_object_mut() {
        if text.is_empty() {
            fields.remove("caption");
        } else {
            let text = markup::whatsapp(message, text, usize::MAX).concat();
            fields.insert("caption".to_owned(), json!(text));
        }
    }
}

/// The call for a place, for contacts or for a poll.
fn content(message: &Message) -> Option<(&'static str, Value)> {
    let content = Content::read(message.kind, message.content.as_ref()?).ok()??;
    match content {
        Content::Location {
            lat,
            lng,
            name,
            address,
            ..
        } => {
            // Both must be there.
            let (name, address) = (name.unwrap_or_default(), address.unwrap_or_default());
            let body = json!({"latitude": lat, "longitude": lng, "name": name, "address": address});
            Some(("/message/sendLocation", body))
        }
        Content::Contact(people) => {
            let cards: Vec<Value> = people.iter().filter_map(card).collect();
            let body = json!({"contact": cards});
            (!cards.is_empty()).then_some(("/message/sendContact", body))
        }
        Content::Poll { question, options } => {
            // One answer each; there may be 2 to 10 options.
            let body = json!({"name": question, "selectableCount": 1, "values": options});
            Some(("/message/sendPoll", body))
        }
        _ => None,
    }
}

/// A contact as Evolution makes a card of it, line by line (`whatsapp.baileys.service.ts`, `contactMessage`):
/// no text may bring a line of its own. It shows one number, of 10 digits at least.
fn card(person: &Person) -> Option<Value> {
    let line = |text: &str| text.replace(['\r', '\n'], " ");
    let number = person.phones.iter().find(|phone| phone.len() >= 10)?;
    let name = Some(line(&person.name)).filter(|name| !name.trim().is_empty());
    let mut card = json!({"phoneNumber": line(number)});
    card["fullName"] = json!(name.unwrap_or_else(|| line(number)));
    if let Some(email) = person.emails.first() {
        card["email"] = json!(line(email));
    }
    Some(card)
}

/// The call for a file, with a `caption` where such a one can have any: `WhatsApp` shows none below
/// sound, stickers and round videos, so a text goes out behind them.
fn file(media: &Value, kind: Kind) -> (&'static str, Value) {
    if let Some(id) = text_at(media, KEPT) {
        return kept(id, media, kind);
    }
    let url = &media["url"];
    let mime = text_at(media, "mime");
    if kind == Kind::Voice || mime.is_some_and(is_of_voice_notes) {
        return ("/message/sendWhatsAppAudio", json!({"audio": url}));
    }
    if kind == Kind::Sticker {
        return ("/message/sendSticker", json!({"sticker": url}));
    }
    if is_round(media, kind) {
        return ("/message/sendPtv", json!({"video": url}));
    }
    let mut body = captioned(kind);
    body["media"] = url.clone();
    if let Some(mime) = mime {
        body["mimetype"] = json!(mime);
    }
    let name = text_at(media, "name").map(str::to_owned);
    let named = || (kind == Kind::Document).then(|| file_name(text_at(media, "url"), mime));
    if let Some(name) = name.or_else(named) {
        body["fileName"] = json!(name);
    }
    ("/message/sendMedia", body)
}

/// The call for a kept file; what is known of the file is added where it is uploaded.
fn kept(id: &str, media: &Value, kind: Kind) -> (&'static str, Value) {
    let (path, mut body) = match kind {
        Kind::Voice => ("/message/sendWhatsAppAudio", json!({})),
        Kind::Sticker => ("/message/sendSticker", json!({})),
        kind if is_round(media, kind) => ("/message/sendPtv", json!({})),
        kind => ("/message/sendMedia", captioned(kind)),
    };
    body[KEPT] = json!(id);
    (path, body)
}

fn is_round(media: &Value, kind: Kind) -> bool {
    kind == Kind::Video && media["round"] == true
}

fn captioned(kind: Kind) -> Value {
    let mut body = json!({"mediatype": kind.media_kind()});
    if kind != Kind::Audio {
        body["caption"] = json!("");
    }
    body
}

/// What phones record is Opus in Ogg.
fn is_of_voice_notes(mime: &str) -> bool {
    let kind = essence(mime);
    ["audio/ogg", "audio/opus"]
        .iter()
        .any(|known| kind.eq_ignore_ascii_case(known))
}

/// A document without a name is looked for in its address by Evolution, which fails where no dot is in
/// it; and by the end of the name it decides on the type.
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

/// The body that marks messages as read, where the service knows any of them. It takes no notice of
/// hidden ids there (`whatsapp.baileys.service.ts`, `markMessageAsRead`), so the number is named.
pub(super) fn read_messages(messages: &[Message]) -> Option<Value> {
    let keys = messages.iter().filter_map(|message| {
        let id = text_at(message.meta.as_ref()?, "id")?;
        let jid = Some(jid_of(message)).filter(|jid| !jid.ends_with(HIDDEN));
        let jid = jid.unwrap_or_else(|| remote_jid(&message.peer));
        Some(json!({"remoteJid": jid, "fromMe": false, "id": id}))
    });
    let keys: Vec<Value> = keys.collect();
    (!keys.is_empty()).then(|| json!({"readMessages": keys}))
}

/// The state that a receipt tells: a word, or Baileys' number of it (`src/utils/renderStatus.ts`).
pub(super) fn state_of(status: &Value) -> Option<State> {
    let number = status.as_u64().map(|number| number.to_string());
    match number.as_deref().or(status.as_str())? {
        "SERVER_ACK" | "2" => Some(State::Sent),
        "DELIVERY_ACK" | "3" => Some(State::Delivered),
        "READ" | "PLAYED" | "4" | "5" => Some(State::Read),
        "ERROR" | "0" => Some(State::Failed),
        _ => None,
    }
}

/// How far ahead of the clock of `WhatsApp` ours may be, in seconds: a message that seems older than
/// our wish to send it may still be it. Our own of the same text are kept out by their names.
const CLOCKS_APART: i64 = 120;

/// What a message that may have been sent looks like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Sought<'a> {
    /// This text.
    Text(&'a str),
    /// A file: the field of its message, and its caption, empty for none. Its bytes are not known there:
    /// pictures, voice notes and stickers are converted.
    File(String, &'a str),
}

impl<'a> Sought<'a> {
    /// What a call leaves behind; `None` where that cannot be told from others.
    pub(super) fn of((path, body): &'a (&'static str, Value)) -> Option<Self> {
        let caption = text_at(body, "caption").unwrap_or_default();
        let field = match *path {
            "/message/sendText" => return body["text"].as_str().map(Self::Text),
            "/message/sendMedia" => format!("{}Message", text_at(body, "mediatype")?),
            "/message/sendWhatsAppAudio" => "audioMessage".to_owned(),
            "/message/sendPtv" => "ptvMessage".to_owned(),
            "/message/sendSticker" => "stickerMessage".to_owned(),
            _ => return None,
        };
        Some(Self::File(field, caption))
    }

    fn is(&self, content: &Value) -> bool {
        match self {
            Self::Text(text) => {
                let theirs = text_at(content, "conversation");
                theirs.or(text_at(&content["extendedTextMessage"], "text")) == Some(text)
            }
            Self::File(field, caption) => {
                // Evolution opens this wrapper where it stores, and its older versions do not.
                let wrapped = &content["documentWithCaptionMessage"]["message"];
                let file = [content, wrapped].map(|content| &content[field.as_str()]);
                let mut files = file.into_iter().filter(|file| file.is_object());
                files.any(|file| text_at(file, "caption").unwrap_or_default() == *caption)
            }
        }
    }
}

/// The names of the messages found that look like this and were sent since then, in seconds, as far as
/// clocks tell; `None` where the answer has none to look at.
pub(super) fn names_of(found: &Value, sought: &Sought<'_>, since: u64) -> Option<Vec<String>> {
    let records = found["messages"]["records"].as_array()?;
    let since = i64::try_from(since).ok()?.saturating_sub(CLOCKS_APART);
    let ours = records.iter().filter(|record| {
        sought.is(&record["message"])
            && super::kinds::whole(&record["messageTimestamp"]) >= Some(since)
    });
    let names = ours.filter_map(|record| text_at(&record["key"], "id"));
    Some(names.map(str::to_owned).collect())
}
