//! What WAHA is sent (`src/structures/chatting.dto.ts`, `src/api/chatting.controller.ts`), and its names of
//! messages: `false_5511987654321@c.us_3EB0…`, in groups with the author behind. No calls.

use hyper::Method;
use serde_json::{Value, json};

use crate::{
    integrations::whatsapp::{
        steps::{FileForm, ReadMessage, SentFile, Step, What},
        who::{plain, remote_jid},
    },
    message::text_at,
    phone::PERSON,
};

/// An address as WAHA has it: of a person with `@c.us`.
pub(super) fn chat_id(address: &str) -> String {
    let jid = remote_jid(address);
    match jid.strip_suffix(PERSON) {
        Some(number) => format!("{number}@c.us"),
        None => jid,
    }
}

/// The call for a step.
pub(super) fn body_of(step: &Step<'_>) -> (Method, &'static str, Value) {
    let (path, mut body) = match &step.what {
        What::Reaction { key, emoji } => {
            let body = json!({"messageId": name_of(key), "reaction": emoji});
            return (Method::PUT, "/api/reaction", body);
        }
        What::Text(text) => ("/api/sendText", json!({"text": text})),
        What::File(file) => file_body(file),
        What::Location { lat, lng, name, .. } => (
            "/api/sendLocation",
            json!({"latitude": lat, "longitude": lng, "title": name}),
        ),
        What::Contacts(contacts) => {
            let cards = contacts.iter().map(|one| json!({"vcard": one.card()}));
            let cards: Vec<Value> = cards.collect();
            ("/api/sendContactVcard", json!({"contacts": cards}))
        }
        What::Poll { question, options } => {
            let poll = json!({"name": question, "options": options, "multipleAnswers": false});
            ("/api/sendPoll", json!({"poll": poll}))
        }
    };
    body["chatId"] = json!(chat_id(&step.to));
    if let Some(answered) = step.answers {
        body["reply_to"] = json!(answered);
    }
    (Method::POST, path, body)
}

fn file_body(file: &SentFile<'_>) -> (&'static str, Value) {
    let mut body = json!({});
    if let Some(url) = file.url() {
        // It needs a type, and looks at it more than at the file.
        let mime = file.mime().unwrap_or(match file.form {
            FileForm::Voice => "audio/ogg; codecs=opus",
            FileForm::Audio => "audio/mpeg",
            FileForm::Image => "image/jpeg",
            FileForm::Sticker => "image/webp",
            FileForm::Video | FileForm::Round => "video/mp4",
            FileForm::Document => "application/octet-stream",
        });
        body["file"] = json!({"url": url, "mimetype": mime, "filename": file.name()});
    }
    if !file.caption.is_empty() {
        body["caption"] = json!(file.caption);
    }
    let path = match file.form {
        FileForm::Image => "/api/sendImage",
        FileForm::Voice => {
            body["convert"] = json!(true);
            "/api/sendVoice"
        }
        FileForm::Video => "/api/sendVideo",
        FileForm::Round => {
            body["asNote"] = json!(true);
            "/api/sendVideo"
        }
        // It has no call for stickers.
        FileForm::Audio | FileForm::Document | FileForm::Sticker => "/api/sendFile",
    };
    (path, body)
}

/// The name of a message by its key.
fn name_of(key: &Value) -> String {
    let text = |field: &str| text_at(key, field).unwrap_or_default();
    let author = text_at(key, "participant").map(|one| format!("_{}", chat_id(one)));
    let (own, chat) = (key["fromMe"] == true, chat_id(text("remoteJid")));
    format!("{own}_{chat}_{}{}", text("id"), author.unwrap_or_default())
}

/// The name of a message that was read.
pub(super) fn serialized(message: &ReadMessage) -> String {
    let author = message
        .author
        .as_ref()
        .map(|one| format!("_{}", chat_id(one)));
    let chat = chat_id(&message.chat);
    format!("false_{chat}_{}{}", message.id, author.unwrap_or_default())
}

/// A key by the name of a message.
pub(super) fn key_of(name: &str) -> Option<Value> {
    let mut parts = name.split('_');
    let own = parts.next()? == "true";
    let (chat, id) = (parts.next()?, parts.next()?);
    let author = parts.next().map(plain);
    Some(json!({"remoteJid": plain(chat), "fromMe": own, "id": id, "participant": author}))
}

/// Our name of a message: the protocol's id of it, which all servers have.
pub(super) fn plain_id(name: &str) -> &str {
    name.split('_').nth(2).unwrap_or(name)
}

/// The name in the answer to a message that was sent: engines answer with what their library does.
pub(super) fn id_of(answer: &Value) -> Option<String> {
    let id = &answer["id"];
    let raw = text_at(&answer["key"], "id").or(text_at(id, "id"));
    let name = id.as_str().or(text_at(id, "_serialized")).map(plain_id);
    raw.or(name).map(str::to_owned)
}

/// The path of a file, by the address that WAHA has for it.
pub(super) fn file_url(url: &str) -> Option<&str> {
    url.find("/api/files/").map(|at| &url[at..])
}
