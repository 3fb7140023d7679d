//! What the service posts, event by event, read into the events of all servers. `data` is one object or
//! an array of them, depending on the event and the version; both are read everywhere.

use serde_json::{Value, json};

use super::{status::status_of, wire::state_of};
use crate::{
    integrations::whatsapp::{
        events::{Call, PostedMessage, Posts, ServerEvent, Update},
        kinds::whole,
        who::{Place, here, place},
    },
    message::{Content, take_at, text_at},
};

/// Reads a post.
pub(super) fn read(mut body: Value) -> Posts {
    let event = text_at(&body, "event").unwrap_or_default();
    let event = event.to_ascii_lowercase().replace('_', ".");
    let me = text_at(&body, "sender").map(here);
    let all = match take_at(&mut body, "data") {
        Value::Array(all) => all,
        one => vec![one],
    };
    let events = all.into_iter().filter_map(|data| read_one(&event, data));
    Posts {
        me,
        events: events.collect(),
    }
}

fn read_one(event: &str, data: Value) -> Option<ServerEvent> {
    Some(match event {
        "messages.upsert" => ServerEvent::Message(Box::new(message(data)?)),
        "messages.update" => ServerEvent::Update(Box::new(update(&data)?)),
        // Brings every `protocolMessage` there is.
        "messages.edited" => ServerEvent::Protocol {
            key: data["key"].clone(),
            protocol: data,
        },
        "messages.delete" => deleted(&data)?,
        "call" => match call(&data) {
            Some(call) => ServerEvent::Call(call),
            None => ServerEvent::CallStep(text_at(&data, "status").unwrap_or("call").to_owned()),
        },
        "presence.update" => ServerEvent::Typing {
            chat: text_at(&data, "id")?.to_owned(),
            members: presences(&data),
        },
        "connection.update" => {
            let reason = whole(&data["statusReason"]);
            ServerEvent::Status(status_of(text_at(&data, "state"), reason))
        }
        // Where there is no code in it, the last was not scanned in time.
        "qrcode.updated" if data["statusCode"].is_number() => {
            ServerEvent::Status(status_of(Some("refused"), None))
        }
        _ => return None,
    })
}

fn message(mut data: Value) -> Option<PostedMessage> {
    text_at(&data["key"], "id")?;
    let key = with_participant(&data);
    let hint = text_at(&data, "messageType").filter(|hint| *hint != "unknown");
    let is_once = key["isViewOnce"] == true;
    let hint = hint.or(is_once.then_some("viewOnceMessage"));
    let hint = hint.map(str::to_owned);
    let mut message = take_at(&mut data, "message");
    if message.is_null() && is_once {
        message = json!({});
    }
    let base64 = match take_at(&mut message, "base64") {
        Value::String(base64) if !base64.is_empty() => Some(base64),
        _ => None,
    };
    Some(PostedMessage {
        hint,
        name: text_at(&data, "pushName").map(str::to_owned),
        url: text_at(&message, "mediaUrl").map(str::to_owned),
        context: take_at(&mut data, "contextInfo"),
        base64,
        message,
        key,
        file: None,
    })
}

/// The key of a message; programs before Baileys 6 told the member of a group beside it.
fn with_participant(data: &Value) -> Value {
    let mut key = data["key"].clone();
    if text_at(&key, "participant").is_none() {
        key["participant"] = data["participant"].clone();
    }
    key
}

/// A receipt, an edit, or votes. That something was deleted is not believed here: versions before
/// 2.3.7 say so of whatever has no status (evolution-api#2010).
fn update(data: &Value) -> Option<Update> {
    let key = if data["key"].is_object() {
        &data["key"]
    } else {
        data
    };
    let name = text_at(data, "keyId").or(text_at(key, "id"))?;
    if text_at(key, "remoteJid").is_some_and(|jid| place(jid) == Place::Broadcast) {
        return None;
    }
    let is_edit = data["message"]["editedMessage"].is_object();
    Some(Update {
        name: name.to_owned(),
        key: key.clone(),
        state: state_of(&data["status"]),
        edited: if is_edit {
            data["message"].clone()
        } else {
            Value::Null
        },
        votes: votes(&data["pollUpdates"]),
    })
}

fn deleted(data: &Value) -> Option<ServerEvent> {
    let key = &data["key"];
    let name = text_at(key, "id").or(text_at(data, "keyId"));
    Some(ServerEvent::Deleted {
        name: name.or(text_at(data, "id"))?.to_owned(),
        key: if key.is_object() { key } else { data }.clone(),
    })
}

/// Reads the event `call`.
fn call(data: &Value) -> Option<Call> {
    let id = text_at(data, "id")?;
    let (outcome, is_news) = match text_at(data, "status")? {
        "offer" | "ringing" => (None, false),
        "accept" => (Some("accepted"), true),
        "reject" => (Some("rejected"), true),
        "timeout" => (Some("missed"), true),
        // Also of a call that was taken.
        "terminate" => (Some("ended"), false),
        _ => return None,
    };
    let chat = text_at(data, "chatId");
    let from = text_at(data, "from").or(chat);
    let group = text_at(data, "groupJid").or(chat.filter(|chat| place(chat) == Place::Group));
    let number = &data["callerPn"];
    let key = match group {
        Some(group) => json!({"remoteJid": group, "participant": from, "participantPn": number}),
        None => json!({"remoteJid": from, "remoteJidAlt": number}),
    };
    Some(Call {
        name: format!("call:{id}"),
        key,
        content: Content::Call {
            video: data["isVideo"] == true,
            outcome: outcome.map(str::to_owned),
            seconds: None,
        },
        is_news,
    })
}

/// The votes on a poll as older versions post them: an option each, with all who chose it.
fn votes(updates: &Value) -> Vec<(String, Vec<String>)> {
    let mut votes: Vec<(String, Vec<String>)> = Vec::new();
    for update in updates.as_array().into_iter().flatten() {
        let Some(option) = text_at(update, "name") else {
            continue;
        };
        let all = update["voters"].as_array().into_iter().flatten();
        for voter in all.filter_map(Value::as_str) {
            match votes.iter_mut().find(|(known, _)| known == voter) {
                Some((_, options)) => options.push(option.to_owned()),
                None => votes.push((voter.to_owned(), vec![option.to_owned()])),
            }
        }
    }
    votes
}

/// A member of a group, and whether it goes on, for each who writes or no longer does.
fn presences(data: &Value) -> Vec<(String, bool)> {
    /// Members of a group told of at once.
    const MOST: usize = 16;
    let Some(presences) = data["presences"].as_object() else {
        return Vec::new();
    };
    let told = presences.iter().filter_map(|(member, presence)| {
        let goes_on = match presence["lastKnownPresence"].as_str()? {
            "composing" | "recording" => true,
            "available" | "paused" => false,
            _ => return None,
        };
        Some((member.clone(), goes_on))
    });
    told.take(MOST).collect()
}
