//! What Evolution Go is sent (`pkg/sendMessage/service/send_service.go`). No calls.

use serde_json::{Map, Value, json};

use crate::{
    integrations::{
        DeliveryError,
        whatsapp::{
            steps::{FileForm, SentFile, Step, What},
            who::{Place, place, remote_jid},
        },
    },
    message::text_at,
};

/// The call for a step.
pub(super) fn call_of(step: &Step<'_>) -> Result<(&'static str, Value), DeliveryError> {
    let (path, mut body) = match &step.what {
        What::Text(text) => ("/send/text", json!({"text": text})),
        What::File(file) => file_body(file),
        What::Location {
            lat,
            lng,
            name,
            address,
        } => (
            "/send/location",
            json!({"latitude": lat, "longitude": lng, "name": name, "address": address}),
        ),
        What::Contacts(contacts) => match contacts.as_slice() {
            [one] => {
                let card =
                    json!({"fullName": one.name, "phone": one.number.trim_start_matches('+')});
                ("/send/contact", json!({"vcard": card}))
            }
            _ => {
                return Err(DeliveryError::Permanent(
                    "Evolution Go sends one contact in a message; send them one by one".to_owned(),
                ));
            }
        },
        What::Poll { question, options } => (
            "/send/poll",
            json!({"question": question, "maxAnswer": 1, "options": options}),
        ),
        What::Reaction { key, emoji } => {
            let emoji = if emoji.is_empty() { "remove" } else { emoji };
            let mut body = json!({"reaction": emoji, "id": key["id"], "fromMe": key["fromMe"]});
            if let Some(author) = text_at(key, "participant") {
                body["participant"] = json!(author);
            }
            ("/message/react", body)
        }
    };
    body["number"] = json!(step.to);
    if let Some(answered) = step.answers {
        let mut quoted = json!({"messageId": answered});
        // Who wrote what is answered in a group is not known here.
        if place(&step.to) == Place::Person {
            quoted["participant"] = json!(remote_jid(&step.to));
        }
        body["quoted"] = quoted;
    }
    Ok((path, body))
}

/// Whether a step brings a sticker, for which there is a call of its own.
pub(super) fn is_sticker(step: &Step<'_>) -> bool {
    matches!(&step.what, What::File(file) if file.form == FileForm::Sticker)
}

/// It makes Opus of all sound and sends it as recorded.
fn file_body(file: &SentFile<'_>) -> (&'static str, Value) {
    if file.form == FileForm::Sticker {
        return ("/send/sticker", json!({"sticker": file.url()}));
    }
    let kind = match file.form {
        FileForm::Image => "image",
        FileForm::Video => "video",
        FileForm::Round => "ptv",
        FileForm::Voice | FileForm::Audio => "audio",
        FileForm::Document | FileForm::Sticker => "document",
    };
    let mut body = json!({"type": kind});
    if let Some(url) = file.url() {
        body["url"] = json!(url);
        if let Some(name) = file.name() {
            body["filename"] = json!(name);
        }
    }
    if !file.caption.is_empty() {
        body["caption"] = json!(file.caption);
    }
    ("/send/media", body)
}

/// What it says of a number that `WhatsApp` does not have.
const UNKNOWN_NUMBER: [&str; 1] = ["not registered on WhatsApp"];

/// What it says of a file that it will never send.
const OF_OUR_FILE: [&str; 2] = ["Invalid file format", "invalid media type"];

/// What it says of an instance without a connection.
const OF_CONNECTION: [&str; 3] = ["no active session", "client disconnected", "not connected"];

/// What it says of an instance that needs no code.
const PAIRED: [&str; 1] = ["already logged in"];

fn has(said: &str, words: &[&str]) -> bool {
    words.iter().any(|word| said.contains(word))
}

/// Whether it says that `WhatsApp` has no such number.
pub(super) fn is_unknown_number(said: &str) -> bool {
    has(said, &UNKNOWN_NUMBER)
}

/// Whether it will never send this file.
pub(super) fn is_of_our_file(said: &str) -> bool {
    has(said, &OF_OUR_FILE)
}

/// Whether the instance has no connection.
pub(super) fn is_of_connection(said: &str) -> bool {
    has(said, &OF_CONNECTION)
}

/// Whether a phone is paired already.
pub(super) fn is_paired(said: &str) -> bool {
    has(said, &PAIRED)
}

/// A message as Go reads it; fields are found whatever their capitals, but for what is kept here with
/// another spelling there is none.
pub(super) fn in_go(message: &Value) -> Value {
    let file = |file: &Value| {
        let fields = file.as_object().into_iter().flatten();
        let spelled = fields.map(|(name, value)| {
            let name = match name.as_str() {
                "url" => "URL",
                "fileEncSha256" => "fileEncSHA256",
                "fileSha256" => "fileSHA256",
                other => other,
            };
            (name.to_owned(), value.clone())
        });
        Value::Object(spelled.collect())
    };
    let fields = message.as_object().into_iter().flatten();
    let all: Map<String, Value> = fields
        .map(|(name, value)| (name.clone(), file(value)))
        .collect();
    Value::Object(all)
}
