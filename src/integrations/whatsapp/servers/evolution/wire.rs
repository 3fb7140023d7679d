//! What the Evolution API is sent, and what a search finds, as JSON. No calls.
//!
//! The bodies are those of `src/validate/message.schema.ts` and `src/api/dto/sendMessage.dto.ts` of
//! Evolution 2.3: a field that is there must be a text, never null.

use serde_json::{Value, json};

use crate::{
    integrations::whatsapp::{
        kinds::whole,
        sought::FoundMessage,
        steps::{Contact, FileForm, ReadMessage, SentFile, Step, What},
    },
    message::{State, text_at},
};

/// The call that a step is: path and body.
pub(super) fn body(step: &Step<'_>) -> (&'static str, Value) {
    let (path, mut body) = match &step.what {
        What::Reaction { key, emoji } => {
            let body = json!({"key": key, "reaction": emoji});
            return ("/message/sendReaction", body);
        }
        What::Text(text) => ("/message/sendText", json!({"text": text})),
        What::File(file) => file_body(file),
        What::Location {
            lat,
            lng,
            name,
            address,
        } => {
            // Both texts must be there.
            let body = json!({"latitude": lat, "longitude": lng, "name": name, "address": address});
            ("/message/sendLocation", body)
        }
        What::Contacts(contacts) => {
            let cards: Vec<Value> = contacts.iter().map(card).collect();
            ("/message/sendContact", json!({"contact": cards}))
        }
        What::Poll { question, options } => {
            // One answer each; there may be 2 to 10 options.
            let body = json!({"name": question, "selectableCount": 1, "values": options});
            ("/message/sendPoll", body)
        }
    };
    body["number"] = json!(step.to);
    if let Some(answered) = step.answers {
        body["quoted"] = json!({"key": {"id": answered}});
    }
    (path, body)
}

/// A contact as Evolution makes a card of it, line by line (`whatsapp.baileys.service.ts`, `contactMessage`).
fn card(contact: &Contact) -> Value {
    let mut card = json!({"phoneNumber": contact.number, "fullName": contact.name});
    if let Some(email) = &contact.email {
        card["email"] = json!(email);
    }
    card
}

/// The call for a file; what is known of a kept one is added where it is uploaded.
fn file_body(file: &SentFile<'_>) -> (&'static str, Value) {
    let url = file.url();
    let of = |field: &str| url.map_or_else(|| json!({}), |url| json!({field: url}));
    match file.form {
        FileForm::Voice => return ("/message/sendWhatsAppAudio", of("audio")),
        FileForm::Sticker => return ("/message/sendSticker", of("sticker")),
        FileForm::Round => return ("/message/sendPtv", of("video")),
        FileForm::Image | FileForm::Video | FileForm::Audio | FileForm::Document => {}
    }
    let mut body = of("media");
    body["mediatype"] = json!(match file.form {
        FileForm::Image => "image",
        FileForm::Video => "video",
        FileForm::Audio => "audio",
        _ => "document",
    });
    if !file.caption.is_empty() {
        body["caption"] = json!(file.caption);
    }
    if url.is_some() {
        if let Some(mime) = file.mime() {
            body["mimetype"] = json!(mime);
        }
        if let Some(name) = file.name() {
            body["fileName"] = json!(name);
        }
    }
    ("/message/sendMedia", body)
}

/// The body that marks messages as read.
pub(super) fn read_body(messages: &[ReadMessage]) -> Value {
    let keys = messages
        .iter()
        .map(|one| json!({"remoteJid": one.chat, "fromMe": false, "id": one.id}));
    json!({"readMessages": keys.collect::<Vec<_>>()})
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

/// The messages of a search; `None` where the answer has none to look at.
pub(super) fn found(answer: &Value) -> Option<Vec<FoundMessage>> {
    let records = answer["messages"]["records"].as_array()?;
    let found = records.iter().filter_map(|record| {
        Some(FoundMessage {
            name: text_at(&record["key"], "id")?.to_owned(),
            content: record["message"].clone(),
            seconds: whole(&record["messageTimestamp"]),
        })
    });
    Some(found.collect())
}
