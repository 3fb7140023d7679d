//! What wuzapi is sent (`handlers.go`). No calls.
//!
//! Only texts are sent as answers: in the version read, an answer with any other content ends in a panic
//! (`msg.ExtendedTextMessage` is missing there). An answer must name an author.

use serde_json::{Map, Value, json};

use crate::{
    integrations::{
        DeliveryError,
        whatsapp::{
            steps::{FileForm, ReadMessage, SentFile, Step, What},
            who::{Place, place, remote_jid},
        },
    },
    message::text_at,
};

/// Authors whose messages are marked as read at once, at most.
const MOST_AUTHORS: usize = 8;

/// A field in one of its spellings: versions differ in capitals.
fn field<'a>(data: &'a Value, name: &str) -> Option<&'a Value> {
    let mut all = data.as_object()?.iter();
    all.find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// A text of an answer.
pub(super) fn text<'a>(data: &'a Value, name: &str) -> Option<&'a str> {
    field(data, name)?.as_str().filter(|text| !text.is_empty())
}

/// Whether an answer says yes to this.
pub(super) fn is_on(data: &Value, name: &str) -> bool {
    field(data, name) == Some(&Value::Bool(true))
}

/// The call for a step without a kept file.
pub(super) fn call_of(step: &Step<'_>) -> Result<(&'static str, Value), DeliveryError> {
    let (path, mut body) = match &step.what {
        What::Text(text) => {
            let mut body = json!({"Body": text});
            // Who wrote what is answered in a group is not known here.
            let is_person = place(&step.to) == Place::Person;
            if let Some(answered) = step.answers.filter(|_| is_person) {
                body["ContextInfo"] =
                    json!({"StanzaID": answered, "Participant": remote_jid(&step.to)});
            }
            ("/chat/send/text", body)
        }
        What::File(file) => file_call(step, file, None),
        What::Location { lat, lng, name, .. } => (
            "/chat/send/location",
            json!({"Latitude": lat, "Longitude": lng, "Name": name}),
        ),
        What::Contacts(contacts) => match contacts.as_slice() {
            [one] => {
                let body = json!({"Name": one.name, "Vcard": one.card()});
                ("/chat/send/contact", body)
            }
            _ => {
                return Err(unable(
                    "wuzapi sends one contact in a message; send them one by one",
                ));
            }
        },
        What::Poll { .. } => return Err(unable("wuzapi sends no polls to people")),
        What::Reaction { key, emoji } => ("/chat/react", reaction(key, emoji)),
    };
    body["Phone"] = json!(step.to);
    Ok((path, body))
}

fn unable(why: &str) -> DeliveryError {
    DeliveryError::Permanent(why.to_owned())
}

fn reaction(key: &Value, emoji: &str) -> Value {
    let id = text_at(key, "id").unwrap_or_default();
    let own = if key["fromMe"] == true { "me:" } else { "" };
    let emoji = if emoji.is_empty() { "remove" } else { emoji };
    json!({"Body": emoji, "Id": format!("{own}{id}"), "Participant": key["participant"]})
}

/// The call for a file: one that is kept has a name, a type and its bytes as base64.
pub(super) fn file_call(
    step: &Step<'_>,
    file: &SentFile<'_>,
    kept: Option<(&str, &str, &str)>,
) -> (&'static str, Value) {
    let (path, field, declared) = match file.form {
        FileForm::Image => ("/chat/send/image", "Image", None),
        FileForm::Video | FileForm::Round => ("/chat/send/video", "Video", None),
        // It looks at how the text begins, and knows no other type.
        FileForm::Voice | FileForm::Audio => ("/chat/send/audio", "Audio", Some("audio/ogg")),
        FileForm::Sticker => ("/chat/send/sticker", "Sticker", None),
        FileForm::Document => (
            "/chat/send/document",
            "Document",
            Some("application/octet-stream"),
        ),
    };
    let mut body = json!({"Phone": step.to});
    match kept {
        Some((_, mime, data)) => {
            let mime = declared.unwrap_or(mime);
            body[field] = json!(format!("data:{mime};base64,{data}"));
        }
        None => body[field] = json!(file.url()),
    }
    let name = kept
        .map(|(name, ..)| name.to_owned())
        .or_else(|| file.name());
    if let (FileForm::Document, Some(name)) = (file.form, name) {
        body["FileName"] = json!(name);
    }
    if !file.caption.is_empty() {
        body["Caption"] = json!(file.caption);
    }
    (path, body)
}

/// The call that fetches a file, by what was kept of its message.
pub(super) fn download(id: &str) -> Option<(&'static str, Value)> {
    let kept: Map<String, Value> = serde_json::from_str(id).ok()?;
    let (field, file) = kept.iter().next()?;
    let path = match field.as_str() {
        "imageMessage" | "stickerMessage" => "/chat/downloadimage",
        "videoMessage" | "ptvMessage" => "/chat/downloadvideo",
        "audioMessage" => "/chat/downloadaudio",
        "documentMessage" => "/chat/downloaddocument",
        _ => return None,
    };
    let wanted = json!({"Url": file["url"], "DirectPath": file["directPath"], "MediaKey": file["mediaKey"],
        "Mimetype": file["mimetype"], "FileEncSHA256": file["fileEncSha256"],
        "FileSHA256": file["fileSha256"], "FileLength": file["fileLength"]});
    Some((path, wanted))
}

/// The bodies that mark messages as read.
pub(super) fn read_bodies(messages: &[ReadMessage]) -> Vec<Value> {
    let mut bodies: Vec<(Option<&str>, &str, Vec<&str>)> = Vec::new();
    for message in messages {
        let author = message.author.as_deref();
        let known = bodies.iter().position(|(known, ..)| *known == author);
        match known {
            Some(at) => bodies[at].2.push(&message.id),
            None if bodies.len() < MOST_AUTHORS => {
                bodies.push((author, &message.chat, vec![&message.id]));
            }
            None => {}
        }
    }
    let body = |(author, chat, ids)| {
        let mut body = json!({"Id": ids, "Chat": chat, "ChatPhone": chat});
        if let Some(author) = author {
            (body["Sender"], body["SenderPhone"]) = (json!(author), json!(author));
        }
        body
    };
    bodies.into_iter().map(body).collect()
}
