//! What Meta's Cloud API is sent and what it says, as JSON. No calls.

use serde_json::{Value, json};

use crate::integrations::{
    DeliveryError,
    support::http::HttpAnswer,
    support::split::{Measure, split},
};
use crate::{message::Message, phone, store::Inbound};

/// The channel's name.
pub const NAME: &str = phone::CHANNELS[1];

/// Longest text, in characters.
const MAX_TEXT: usize = 4000;

/// The bodies that bring a message out, in order.
pub(super) fn bodies(message: &Message) -> Vec<Value> {
    let meta = message.meta.as_ref();
    let field = |name: &str| meta.and_then(|meta| meta.get(name));
    if let Some(template) = field("template") {
        return vec![json!({"type": "template", "template": template})];
    }
    if field("reaction").is_some() {
        let reaction = json!({"message_id": message.reply_to, "emoji": message.text});
        return vec![json!({"type": "reaction", "reaction": reaction})];
    }
    let mut bodies = Vec::new();
    if let Some(media) = &message.media {
        let kind = media["kind"].as_str().unwrap_or("document");
        let mut link = json!({"link": media["url"]});
        if !message.text.is_empty() && kind != "audio" {
            link["caption"] = json!(message.text);
        }
        if let Some(name) = media["name"].as_str().filter(|_| kind == "document") {
            link["filename"] = json!(name);
        }
        bodies.push(json!({"type": kind, kind: link}));
    }
    let is_caption = message
        .media
        .as_ref()
        .is_some_and(|media| media["kind"] != "audio");
    if !message.text.is_empty() && !is_caption {
        let parts = split(&message.text, MAX_TEXT, Measure::Chars).into_iter();
        bodies.extend(parts.map(|part| json!({"type": "text", "text": {"body": part}})));
    }
    if let (Some(answered), Some(first)) = (&message.reply_to, bodies.first_mut()) {
        first["context"] = json!({"message_id": answered});
    }
    bodies
}

/// The name of a sender: a post may bring messages of several.
fn name_of<'a>(from: &str, contacts: &'a Value) -> Option<&'a str> {
    let mut contacts = contacts.as_array()?.iter();
    let contact = contacts.find(|contact| contact["wa_id"] == from)?;
    contact["profile"]["name"].as_str()
}

pub(super) fn inbound(message: &Value, contacts: &Value) -> Option<Inbound> {
    let (id, from) = (message["id"].as_str()?, message["from"].as_str()?);
    let kind = message["type"].as_str()?;
    let content = &message[kind];
    let media = match kind {
        "image" | "video" | "audio" | "document" | "sticker" => {
            let shown = if kind == "sticker" { "image" } else { kind };
            Some(
                json!({"kind": shown, "id": content["id"], "mime": content["mime_type"], "name": content["filename"]}),
            )
        }
        _ => None,
    };
    let texts = [
        &content["body"],
        &content["caption"],
        &content["text"],
        &content["emoji"],
    ];
    let text = texts.into_iter().find_map(Value::as_str);
    if text.is_none() && media.is_none() {
        return None;
    }
    let mut meta = json!({"id": id, "name": name_of(from, contacts)});
    if kind == "reaction" {
        meta["reaction_to"] = content["message_id"].clone();
    }
    Some(Inbound {
        channel: NAME.to_owned(),
        peer: phone::person(from),
        text: text.unwrap_or_default().to_owned(),
        media,
        reply_to: message["context"]["id"].as_str().map(str::to_owned),
        meta: Some(meta),
        dedup_key: Some(id.to_owned()),
        ..Inbound::default()
    })
}

/// What a refusal means, by Meta's code for it.
pub(super) fn refusal(answer: &HttpAnswer) -> DeliveryError {
    let body = answer.json();
    let error = &body["error"];
    let said = error["message"].as_str().unwrap_or("no reason given");
    let said: String = said.chars().take(200).collect();
    let text = format!(
        "Meta says: {said} (status {}, code {})",
        answer.status, error["code"]
    );
    match error["code"].as_i64() {
        Some(4 | 80007 | 130_429 | 131_000 | 131_016 | 131_056) => {
            DeliveryError::Transient(text, answer.retry_after)
        }
        Some(131_047) => DeliveryError::Permanent(format!(
            "{text}; more than 24 hours have passed since the peer wrote: send a template"
        )),
        // 131048 is the limit of spam: going on makes it worse, so the user has to look first.
        Some(0 | 190 | 131_048) => DeliveryError::Unauthorized(text),
        _ if answer.status == 401 => DeliveryError::Unauthorized(text),
        _ if answer.status == 429 || answer.status >= 500 => {
            DeliveryError::Transient(text, answer.retry_after)
        }
        _ => DeliveryError::Permanent(text),
    }
}
