//! What GOWA posts (`docs/webhook-payload.md`, `src/infrastructure/whatsapp/event_*.go`). Of a message it
//! tells the fields that it knows, and of all others nothing but who wrote: a poll comes as a message
//! without content.

use serde_json::{Value, json};

use super::super::whatsmeow;
use crate::{
    integrations::whatsapp::{
        events::{Call, PostedMessage, Posts, ServerEvent, Update},
        who::{Place, here, place},
    },
    message::{Content, State, text_at},
};

/// Reads a post.
pub(super) fn read(body: &Value) -> Posts {
    let payload = &body["payload"];
    let events = match text_at(body, "event").unwrap_or_default() {
        "message" | "message.reaction" | "message.edited" | "message.revoked" => {
            vec![ServerEvent::Message(Box::new(message(payload)))]
        }
        "message.ack" => receipts(payload),
        "chat_presence" => typing(payload).into_iter().collect(),
        "call.offer" => call(payload).map(ServerEvent::Call).into_iter().collect(),
        _ => vec![],
    };
    Posts {
        me: text_at(body, "device_id").map(here),
        events,
    }
}

fn key(payload: &Value) -> Value {
    let chat = text_at(payload, "chat_id").unwrap_or_default();
    let own = payload["is_from_me"] == true;
    let mut key = json!({"remoteJid": chat, "fromMe": own, "id": payload["id"]});
    if place(chat) == Place::Group {
        key["participant"] = payload["from"].clone();
        key["participantAlt"] = payload["from_lid"].clone();
    } else if own {
        key["remoteJidAlt"] = payload["chat_lid"].clone();
    } else {
        let hidden = [&payload["chat_lid"], &payload["from_lid"]];
        let hidden = hidden.into_iter().find(|lid| lid.is_string());
        key["remoteJidAlt"] = hidden.unwrap_or(&payload["from"]).clone();
    }
    key
}

fn message(payload: &Value) -> PostedMessage {
    let mut context = json!({});
    if let Some(answered) = text_at(payload, "replied_to_id") {
        context["stanzaId"] = json!(answered);
    }
    if payload["forwarded"] == true {
        context["isForwarded"] = json!(true);
    }
    let file = FILES.iter().find_map(|(name, _)| {
        let file = &payload[*name];
        (!file.is_null()).then_some(file)
    });
    PostedMessage {
        key: key(payload),
        message: content(payload),
        name: text_at(payload, "from_name").map(str::to_owned),
        context,
        file: file.map(|file| file_of(payload, file)),
        ..PostedMessage::default()
    }
}

/// The fields of files, and what they are in the protocol.
const FILES: [(&str, &str); 6] = [
    ("image", "imageMessage"),
    ("video", "videoMessage"),
    ("video_note", "ptvMessage"),
    ("audio", "audioMessage"),
    ("document", "documentMessage"),
    ("sticker", "stickerMessage"),
];

/// A file is named by its path, or where files are not loaded by themselves, by the call that loads it.
fn file_of(payload: &Value, file: &Value) -> String {
    if let Some(path) = path_of(file) {
        return format!("/{path}");
    }
    let id = text_at(payload, "id").unwrap_or_default();
    let chat = text_at(payload, "chat_id").unwrap_or_default();
    format!("/message/{id}/download?phone={chat}")
}

fn path_of(file: &Value) -> Option<&str> {
    let path = file.as_str().or(text_at(file, "path"))?;
    path.starts_with("statics/").then_some(path)
}

/// The content as the protocol has it.
fn content(payload: &Value) -> Value {
    let body = &payload["body"];
    if let Some(id) = text_at(payload, "revoked_message_id") {
        return json!({"protocolMessage": {"type": "REVOKE", "key": {"id": id}}});
    }
    if let Some(id) = text_at(payload, "original_message_id") {
        return json!({"protocolMessage": {"type": "MESSAGE_EDIT", "key": {"id": id},
            "editedMessage": {"conversation": body}}});
    }
    if let Some(id) = text_at(payload, "reacted_message_id") {
        return json!({"reactionMessage": {"key": {"id": id}, "text": payload["reaction"]}});
    }
    for (name, field) in FILES {
        let file = &payload[name];
        if !file.is_null() {
            return json!({field: file_content(name, file, body)});
        }
    }
    let places = [
        ("location", "locationMessage"),
        ("live_location", "liveLocationMessage"),
        ("order", "orderMessage"),
        ("list", "listMessage"),
    ];
    for (name, field) in places {
        if payload[name].is_object() {
            return json!({field: whatsmeow::message(&payload[name])});
        }
    }
    match (&payload["contact"], &payload["contacts_array"]) {
        (contact @ Value::Object(_), _) => json!({"contactMessage": contact}),
        (_, contacts @ Value::Array(_)) => {
            json!({"contactsArrayMessage": {"contacts": contacts}})
        }
        _ => json!({"conversation": body.as_str().or(text_at(payload, "interactive"))}),
    }
}

fn file_content(name: &str, file: &Value, body: &Value) -> Value {
    let mut content = json!({"caption": body.as_str().or(text_at(file, "caption"))});
    let path = path_of(file).unwrap_or_default();
    match name {
        // It does not say what was recorded as a message; that is Opus in Ogg.
        "audio" => {
            let ending = path.rsplit('.').next();
            content["ptt"] = json!(matches!(ending, Some("" | "ogg" | "oga")));
        }
        "document" => {
            let named = text_at(file, "filename");
            content["fileName"] = json!(
                named
                    .or(path.rsplit('/').next())
                    .filter(|name| !name.is_empty())
            );
        }
        _ => {}
    }
    content
}

fn receipts(payload: &Value) -> Vec<ServerEvent> {
    let state = match text_at(payload, "receipt_type").unwrap_or_default() {
        "delivered" => State::Delivered,
        "read" | "played" => State::Read,
        // Of our own other devices, or of keys.
        _ => return vec![],
    };
    let ids = payload["ids"].as_array().into_iter().flatten();
    let updates = ids.filter_map(Value::as_str).map(|id| {
        let key = json!({"remoteJid": payload["chat_id"], "fromMe": true, "id": id});
        ServerEvent::Update(Box::new(Update {
            name: id.to_owned(),
            key,
            state: Some(state),
            ..Update::default()
        }))
    });
    updates.collect()
}

fn typing(payload: &Value) -> Option<ServerEvent> {
    Some(ServerEvent::Typing {
        chat: text_at(payload, "chat_id")?.to_owned(),
        members: vec![(
            text_at(payload, "from")?.to_owned(),
            payload["state"] == "composing",
        )],
    })
}

fn call(payload: &Value) -> Option<Call> {
    let (from, hidden) = (&payload["from"], &payload["from_lid"]);
    let key = match text_at(payload, "group_jid") {
        Some(group) => json!({"remoteJid": group, "participant": from, "participantAlt": hidden}),
        None => json!({"remoteJid": from, "remoteJidAlt": hidden}),
    };
    Some(Call {
        name: format!("call:{}", text_at(payload, "call_id")?),
        key,
        content: Content::Call {
            video: false,
            outcome: (payload["auto_rejected"] == true).then(|| "rejected".to_owned()),
            seconds: None,
        },
        is_news: false,
    })
}
