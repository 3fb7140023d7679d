//! What WAHA posts (`src/structures/webhooks.dto.ts`, `responses.dto.ts`).

use serde_json::{Value, json};

use super::{
    super::whatsmeow,
    wire::{key_of, plain_id},
};
use crate::{
    integrations::whatsapp::{
        connection::Status,
        events::{Call, PostedMessage, Posts, ServerEvent, Update},
        kinds::whole,
        sought::FoundMessage,
        who::{here, plain},
    },
    message::{Content, State, text_at},
};

/// Reads a post; `state_of` says what a state of the session means.
pub(super) fn read(body: &Value, state_of: impl Fn(&str) -> Status) -> Posts {
    let payload = &body["payload"];
    let event = text_at(body, "event").unwrap_or_default();
    let found = match event {
        "message.any" | "message" => message(payload, content(payload)),
        "message.reaction" => reaction(payload).and_then(|made| message(payload, made)),
        "message.edited" => edit(payload).and_then(|made| message(payload, made)),
        "message.revoked" => revoked(payload),
        "message.ack" | "message.ack.group" => receipt(payload),
        "presence.update" => typing(payload),
        "poll.vote" => vote(payload),
        "call.received" | "call.accepted" | "call.rejected" => call(event, payload),
        "session.status" => {
            text_at(payload, "status").map(|one| ServerEvent::Status(state_of(one)))
        }
        _ => None,
    };
    Posts {
        me: text_at(&body["me"], "id").map(here),
        events: found.into_iter().collect(),
    }
}

/// The key with all addresses that the engine tells: NOWEB has the key of Baileys, GOWS the `Info` of
/// whatsmeow.
fn key(payload: &Value) -> Option<Value> {
    let data = &payload["_data"];
    if data["key"]["id"].is_string() {
        return Some(data["key"].clone());
    }
    if data["Info"]["ID"].is_string() {
        return Some(whatsmeow::key(&data["Info"]));
    }
    key_of(text_at(payload, "id")?)
}

fn message(payload: &Value, content: Value) -> Option<ServerEvent> {
    let data = &payload["_data"];
    let names = [
        text_at(data, "pushName"),
        text_at(&data["Info"], "PushName"),
        text_at(data, "notifyName"),
    ];
    let mut within = json!({});
    if let Some(answered) = text_at(&payload["replyTo"], "id") {
        within["stanzaId"] = json!(plain_id(answered));
    }
    if data["isForwarded"] == true {
        within["isForwarded"] = json!(true);
    }
    let url = text_at(&payload["media"], "url").or(text_at(payload, "mediaUrl"));
    Some(ServerEvent::Message(Box::new(PostedMessage {
        key: key(payload)?,
        message: content,
        hint: text_at(data, "type").map(str::to_owned),
        name: names.into_iter().flatten().next().map(str::to_owned),
        context: within,
        file: url.map(str::to_owned),
        ..PostedMessage::default()
    })))
}

/// The content as the protocol has it: the engine's own where it tells that, else made of the payload.
fn content(payload: &Value) -> Value {
    let data = &payload["_data"];
    if data["message"].is_object() {
        return data["message"].clone();
    }
    if data["Message"].is_object() {
        return whatsmeow::message(&data["Message"]);
    }
    of_payload(payload)
}

fn of_payload(payload: &Value) -> Value {
    let data = &payload["_data"];
    let body = &payload["body"];
    if payload["hasMedia"] == true || payload["media"].is_object() {
        let media = &payload["media"];
        let mime = text_at(media, "mimetype")
            .or(text_at(data, "mimetype"))
            .unwrap_or_default();
        let field = match (text_at(data, "type"), mime.split('/').next()) {
            (Some("sticker"), _) => "stickerMessage",
            (Some("document"), _) => "documentMessage",
            (Some("ptv"), _) => "ptvMessage",
            (_, Some("image")) => "imageMessage",
            (_, Some("video")) => "videoMessage",
            (_, Some("audio")) => "audioMessage",
            _ => "documentMessage",
        };
        let named = text_at(media, "filename").or(text_at(data, "filename"));
        return json!({field: {"caption": body, "mimetype": mime, "fileName": named,
            "fileLength": data["size"], "ptt": data["type"] == "ptt", "seconds": data["duration"]}});
    }
    let place = &payload["location"];
    if place.is_object() {
        return json!({"locationMessage": {"degreesLatitude": place["latitude"],
            "degreesLongitude": place["longitude"], "name": place["name"].as_str().or(text_at(place, "description")),
            "address": place["address"], "isLive": place["live"]}});
    }
    let cards = payload["vCards"].as_array().into_iter().flatten();
    let cards: Vec<Value> = cards.map(|card| json!({"vcard": card})).collect();
    if !cards.is_empty() {
        return json!({"contactsArrayMessage": {"contacts": cards}});
    }
    if text_at(data, "type") == Some("poll_creation") {
        let options = data["pollOptions"].as_array().into_iter().flatten();
        let options = options.map(|one| json!({"optionName": one["name"]}));
        return json!({"pollCreationMessage": {"name": data["pollName"],
            "options": options.collect::<Vec<_>>()}});
    }
    json!({"conversation": body})
}

fn reaction(payload: &Value) -> Option<Value> {
    let of = &payload["reaction"];
    let id = plain_id(text_at(of, "messageId")?);
    Some(json!({"reactionMessage": {"key": {"id": id}, "text": of["text"]}}))
}

fn edit(payload: &Value) -> Option<Value> {
    let id = text_at(payload, "editedMessageId")
        .or_else(|| text_at(payload, "id"))
        .map(plain_id)?;
    Some(
        json!({"protocolMessage": {"type": "MESSAGE_EDIT", "key": {"id": id},
        "editedMessage": {"conversation": payload["body"]}}}),
    )
}

fn revoked(payload: &Value) -> Option<ServerEvent> {
    let after = &payload["after"];
    let named = text_at(payload, "revokedMessageId").or(text_at(&payload["before"], "id"));
    let name = named.or(text_at(after, "id")).map(plain_id)?;
    Some(ServerEvent::Deleted {
        name: name.to_owned(),
        key: key(after).unwrap_or(Value::Null),
    })
}

/// Of a message of ours; those of others are marked as read by our own other devices.
fn receipt(payload: &Value) -> Option<ServerEvent> {
    let state = match text_at(payload, "ackName")? {
        "SERVER" => State::Sent,
        "DEVICE" => State::Delivered,
        "READ" | "PLAYED" => State::Read,
        "ERROR" => State::Failed,
        _ => return None,
    };
    let key = key_of(text_at(payload, "id")?)?;
    if key["fromMe"] != true {
        return None;
    }
    Some(ServerEvent::Update(Box::new(Update {
        name: text_at(&key, "id")?.to_owned(),
        key,
        state: Some(state),
        ..Update::default()
    })))
}

fn typing(payload: &Value) -> Option<ServerEvent> {
    /// Members of a group told of at once.
    const MOST: usize = 16;
    let all = payload["presences"].as_array()?.iter();
    let members = all.filter_map(|one| {
        let goes_on = match text_at(one, "lastKnownPresence")? {
            "typing" | "recording" | "composing" => true,
            "paused" | "online" | "available" => false,
            _ => return None,
        };
        Some((plain(text_at(one, "participant")?), goes_on))
    });
    Some(ServerEvent::Typing {
        chat: plain(text_at(payload, "id")?),
        members: members.take(MOST).collect(),
    })
}

fn vote(payload: &Value) -> Option<ServerEvent> {
    let (vote, poll) = (&payload["vote"], &payload["poll"]);
    let key = key_of(text_at(poll, "id")?)?;
    let voter = text_at(vote, "participant").or(text_at(vote, "from"))?;
    let voter = if vote["fromMe"] == true {
        "me".to_owned()
    } else {
        plain(voter)
    };
    let options = vote["selectedOptions"].as_array().into_iter().flatten();
    let options = options.filter_map(Value::as_str).map(str::to_owned);
    Some(ServerEvent::Update(Box::new(Update {
        name: text_at(&key, "id")?.to_owned(),
        key,
        votes: vec![(voter, options.collect())],
        ..Update::default()
    })))
}

fn call(event: &str, payload: &Value) -> Option<ServerEvent> {
    let outcome = match event {
        "call.accepted" => Some("accepted"),
        "call.rejected" => Some("rejected"),
        _ => None,
    };
    Some(ServerEvent::Call(Call {
        name: format!("call:{}", text_at(payload, "id")?),
        key: json!({"remoteJid": plain(text_at(payload, "from")?)}),
        content: Content::Call {
            video: payload["isVideo"] == true,
            outcome: outcome.map(str::to_owned),
            seconds: None,
        },
        is_news: outcome.is_some(),
    }))
}

/// A message of a search.
pub(super) fn found(one: &Value) -> Option<FoundMessage> {
    Some(FoundMessage {
        name: plain_id(text_at(one, "id")?).to_owned(),
        content: content(one),
        seconds: whole(&one["timestamp"]),
    })
}
