//! What the Evolution API is sent, and what a search finds, as JSON. No calls.
//!
//! The bodies are those of `src/validate/message.schema.ts` and `src/api/dto/sendMessage.dto.ts` of
//! Evolution 2.3: a field that is there must be a text, never null.

use serde_json::{Value, json};

use super::who::{HIDDEN, Place, UNKNOWN, place, remote_jid};
use crate::{
    integrations::{
        ADDRESS,
        support::split::{Measure, split},
    },
    message::{Kind, Message, State, text_at},
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

/// The calls that bring a message out, in order: path and body.
pub(super) fn bodies(message: &Message) -> Vec<(&'static str, Value)> {
    let number = phone::person(&message.peer);
    let meta = message.meta.as_ref();
    if let Some(meta) = meta.filter(|meta| meta.get("reaction").is_some()) {
        let body = json!({"key": reacted(message, &meta["answered"]), "reaction": message.text});
        return vec![("/message/sendReaction", body)];
    }
    let mut steps = Vec::new();
    let mut text = message.text.as_str();
    if let Some(media) = &message.media {
        let (path, mut body) = file(media, message.kind);
        body["number"] = json!(number);
        if body.get("caption").is_some() {
            text = set_caption(&mut body, text);
        }
        steps.push((path, body));
    }
    if !text.is_empty() || message.media.is_none() {
        let parts = split(text, MAX_TEXT, Measure::Chars).into_iter();
        let bodies = parts.map(|part| json!({"number": number, "text": part}));
        steps.extend(bodies.map(|body| ("/message/sendText", body)));
    }
    if let (Some(answered), Some((_, first))) = (&message.reply_to, steps.first_mut()) {
        first["quoted"] = json!({"key": {"id": answered}});
    }
    steps
}

/// Puts a text below a file; nothing is left of it then. An empty one is left out.
fn set_caption<'a>(body: &mut Value, text: &'a str) -> &'a str {
    if let Some(fields) = body.as_object_mut() {
        if text.is_empty() {
            fields.remove("caption");
        } else {
            fields.insert("caption".to_owned(), json!(text));
        }
    }
    &text[text.len()..]
}

/// The call for a file, with a `caption` where such a one can have any: `WhatsApp` shows none below
/// sound and stickers, so a text goes out behind them.
fn file(media: &Value, kind: Kind) -> (&'static str, Value) {
    let (url, told) = (&media["url"], text_at(media, "kind").unwrap_or_default());
    let mime = text_at(media, "mime");
    if kind == Kind::Voice || told == "voice" || mime.is_some_and(is_of_voice_notes) {
        return ("/message/sendWhatsAppAudio", json!({"audio": url}));
    }
    if kind == Kind::Sticker || told == "sticker" {
        return ("/message/sendSticker", json!({"sticker": url}));
    }
    let mut body = json!({"mediatype": told, "media": url});
    if told != "audio" {
        body["caption"] = json!("");
    }
    if let Some(mime) = mime {
        body["mimetype"] = json!(mime);
    }
    let name = text_at(media, "name").map(str::to_owned);
    let named = || (told == "document").then(|| file_name(text_at(media, "url"), mime));
    if let Some(name) = name.or_else(named) {
        body["fileName"] = json!(name);
    }
    ("/message/sendMedia", body)
}

/// What phones record is Opus in Ogg.
fn is_of_voice_notes(mime: &str) -> bool {
    let kind = mime.split(';').next().unwrap_or_default().trim();
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
    let kind = mime.and_then(|mime| mime.split(';').next()?.split_once('/'));
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

/// The names of the messages found that have this text and were sent since then, in seconds, as far as
/// clocks tell; `None` where the answer has none to look at.
pub(super) fn names_of(found: &Value, text: &str, since: u64) -> Option<Vec<String>> {
    let records = found["messages"]["records"].as_array()?;
    let since = i64::try_from(since).ok()?.saturating_sub(CLOCKS_APART);
    let ours = records.iter().filter(|record| {
        let content = &record["message"];
        let theirs = text_at(content, "conversation");
        theirs.or(text_at(&content["extendedTextMessage"], "text")) == Some(text)
            && super::kinds::whole(&record["messageTimestamp"]) >= Some(since)
    });
    let names = ours.filter_map(|record| text_at(&record["key"], "id"));
    Some(names.map(str::to_owned).collect())
}
