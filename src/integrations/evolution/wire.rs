//! What the Evolution API is sent and what it says, as JSON. No calls.

use serde_json::{Value, json};

use crate::integrations::{
    ADDRESS, DeliveryError, ReconcileResult,
    support::http::HttpAnswer,
    support::split::{Measure, split},
};
use crate::{
    message::{Message, State},
    phone::{self, PERSON},
    store::Inbound,
};

/// The channel's name.
pub const NAME: &str = phone::CHANNELS[0];

/// Longest text, in characters.
const MAX_TEXT: usize = 4000;

/// Members of a group told of at once.
const MAX_PRESENCES: usize = 16;

/// Who wrote a group's message where the service does not say.
const UNKNOWN: &str = "unknown";

/// An address as the service names it.
fn remote_jid(address: &str) -> String {
    if address.contains('@') {
        return address.to_owned();
    }
    format!("{address}{PERSON}")
}

/// The other way round: people by their number alone.
fn number(jid: &str) -> &str {
    jid.strip_suffix(PERSON).unwrap_or(jid)
}

/// The addresses a peer may have there.
pub(super) fn jids(peer: &str) -> Vec<String> {
    let spellings = phone::spellings(peer);
    spellings.iter().map(|number| remote_jid(number)).collect()
}

/// The address a message came by.
fn jid_of(message: &Message) -> String {
    let meta = message.meta.as_ref();
    let told = meta.and_then(|meta| meta[ADDRESS].as_str());
    remote_jid(told.unwrap_or(&message.peer))
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
    if let Some(media) = &message.media {
        let mut body = json!({"number": number, "mediatype": media["kind"], "media": media["url"]});
        for (field, from) in [("mimetype", "mime"), ("fileName", "name")] {
            if let Some(text) = media[from].as_str() {
                body[field] = json!(text);
            }
        }
        if !message.text.is_empty() {
            body["caption"] = json!(message.text);
        }
        steps.push(("/message/sendMedia", body));
    } else {
        let parts = split(&message.text, MAX_TEXT, Measure::Chars).into_iter();
        let bodies = parts.map(|part| json!({"number": number, "text": part}));
        steps.extend(bodies.map(|body| ("/message/sendText", body)));
    }
    if let (Some(answered), Some((_, first))) = (&message.reply_to, steps.first_mut()) {
        first["quoted"] = json!({"key": {"id": answered}});
    }
    steps
}

/// The whole name of a message that is reacted to: whose it is belongs to it, and in a group, who
/// wrote it.
fn reacted(message: &Message, answered: &Value) -> Value {
    let own = answered["own"] == true;
    let jid = remote_jid(answered[ADDRESS].as_str().unwrap_or(&message.peer));
    let mut key = json!({"remoteJid": jid, "fromMe": own, "id": message.reply_to});
    let member = answered["sender"].as_str();
    if let Some(member) = member.filter(|member| !own && *member != UNKNOWN) {
        key["participant"] = json!(remote_jid(member));
    }
    key
}

/// A message in `messages.upsert`, and whether the user's own account wrote it.
pub(super) fn inbound(data: &Value) -> Option<(Inbound, bool)> {
    let key = &data["key"];
    let (id, jid) = (key["id"].as_str()?, key["remoteJid"].as_str()?);
    let content = &data["message"];
    let kinds = [
        ("image", "imageMessage"),
        ("video", "videoMessage"),
        ("audio", "audioMessage"),
        ("document", "documentMessage"),
        ("image", "stickerMessage"),
    ];
    let found = kinds
        .into_iter()
        .find_map(|(kind, field)| Some((kind, content.get(field)?)));
    let media = found.map(|(kind, file)| {
        json!({"kind": kind, "id": id, "mime": file["mimetype"], "name": file["fileName"]})
    });
    let caption = found.and_then(|(_, file)| file["caption"].as_str());
    let extended = &content["extendedTextMessage"];
    let text = content["conversation"]
        .as_str()
        .or(extended["text"].as_str())
        .or(content["reactionMessage"]["text"].as_str())
        .or(caption);
    if text.is_none() && media.is_none() {
        return None;
    }
    let own = key["fromMe"] == true;
    let mut meta = json!({"id": id, "name": data["pushName"]});
    if own {
        meta["own"] = json!(true);
    }
    let peer = phone::person(jid);
    if peer != number(jid) {
        meta[ADDRESS] = json!(jid);
    }
    if let Some(to) = content["reactionMessage"]["key"]["id"].as_str() {
        meta["reaction_to"] = json!(to);
    }
    let answered = extended["contextInfo"]["stanzaId"].as_str();
    let inbound = Inbound {
        channel: NAME.to_owned(),
        peer,
        sender: match key["participant"].as_str() {
            Some(member) => Some(number(member).to_owned()),
            // A group never passes for one person.
            None => jid.ends_with("@g.us").then(|| UNKNOWN.to_owned()),
        },
        text: text.unwrap_or_default().to_owned(),
        media,
        reply_to: answered.map(str::to_owned),
        meta: Some(meta),
        dedup_key: Some(format!("{jid}:{id}")),
    };
    Some((inbound, own))
}

/// Who writes or no longer does by `presence.update`: peer, member of a group, and whether it goes on.
pub(super) fn presences(data: &Value) -> Vec<(String, Option<String>, bool)> {
    let (Some(jid), Some(presences)) = (data["id"].as_str(), data["presences"].as_object()) else {
        return Vec::new();
    };
    let told = presences.iter().filter_map(|(member, presence)| {
        let goes_on = match presence["lastKnownPresence"].as_str()? {
            "composing" | "recording" => true,
            "available" | "paused" => false,
            _ => return None,
        };
        let sender = (member != jid).then(|| number(member).to_owned());
        Some((phone::person(jid), sender, goes_on))
    });
    told.take(MAX_PRESENCES).collect()
}

/// The body that marks messages as read, where the service knows any of them.
pub(super) fn read_messages(messages: &[Message]) -> Option<Value> {
    let keys = messages.iter().filter_map(|message| {
        let id = message.meta.as_ref()?["id"].as_str()?;
        Some(json!({"remoteJid": jid_of(message), "fromMe": false, "id": id}))
    });
    let keys: Vec<Value> = keys.collect();
    (!keys.is_empty()).then(|| json!({"readMessages": keys}))
}

/// What pairs a phone, or that there is nothing yet.
pub(super) fn pairing(found: &Value) -> Value {
    let Some(code) = found["code"].as_str() else {
        return json!({"state": "waiting"});
    };
    let mut pairing = json!({"state": "pairing", "code": code});
    if let Some(typed) = found["pairingCode"].as_str() {
        pairing["pairing_code"] = json!(typed);
    }
    pairing
}

/// The state that a receipt tells.
pub(super) fn state_of(status: &Value) -> Option<State> {
    match status.as_str()? {
        "SERVER_ACK" => Some(State::Sent),
        "DELIVERY_ACK" => Some(State::Delivered),
        "READ" | "PLAYED" => Some(State::Read),
        "ERROR" => Some(State::Failed),
        _ => None,
    }
}

/// How far ahead of the clock of `WhatsApp` ours may be, in seconds: a message that seems older than
/// our wish to send it may still be it. Our own of the same text are kept out by their names.
const CLOCKS_APART: u64 = 120;

/// The names of the messages found that have this text and were sent since then, in seconds, as far as
/// clocks tell; `None` where the answer has none to look at.
pub(super) fn names_of(found: &Value, text: &str, since: u64) -> Option<Vec<String>> {
    let records = found["messages"]["records"].as_array()?;
    let since = since.saturating_sub(CLOCKS_APART);
    let ours = records.iter().filter(|record| {
        let content = &record["message"];
        let theirs = content["conversation"]
            .as_str()
            .or(content["extendedTextMessage"]["text"].as_str());
        theirs == Some(text) && record["messageTimestamp"].as_u64() >= Some(since)
    });
    let names = ours.filter_map(|record| record["key"]["id"].as_str());
    Some(names.map(str::to_owned).collect())
}

/// What a refusal to search means: asking again helps where the server is in trouble, and not where
/// it does not know what a search is.
pub(super) fn unasked(answer: &HttpAnswer) -> ReconcileResult {
    match answer.status {
        408 | 429 | 500.. => {
            let text = format!("the Evolution API answered {} to a search", answer.status);
            ReconcileResult::Unasked(text, answer.retry_after)
        }
        _ => ReconcileResult::Unknown,
    }
}

/// What a refusal means. Its text may be a string, a list, or a list of lists, or missing.
pub(super) fn refusal(answer: &HttpAnswer) -> DeliveryError {
    let body = answer.json();
    let message = &body["response"]["message"];
    if says_unknown_number(message) {
        return DeliveryError::Permanent("this number is not on WhatsApp".to_owned());
    }
    let mut said = String::new();
    push_texts(&mut said, message);
    if said.is_empty() {
        push_texts(&mut said, &body["error"]);
    }
    let said: String = said.chars().take(200).collect();
    let text = format!("the Evolution API says: {said} (status {})", answer.status);
    match answer.status {
        401 | 403 => DeliveryError::Unauthorized(text),
        429 | 500.. => DeliveryError::Transient(text, answer.retry_after),
        _ => DeliveryError::Permanent(text),
    }
}

fn says_unknown_number(message: &Value) -> bool {
    match message {
        Value::Array(all) => all.iter().any(says_unknown_number),
        other => other["exists"] == false,
    }
}

fn push_texts(out: &mut String, value: &Value) {
    match value {
        Value::String(text) => {
            if !out.is_empty() {
                out.push_str("; ");
            }
            out.push_str(text);
        }
        Value::Array(all) => all.iter().for_each(|one| push_texts(out, one)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    fn refused(status: u16, body: &Value) -> DeliveryError {
        refusal(&HttpAnswer {
            status,
            retry_after: None,
            body: Bytes::from(body.to_string()),
        })
    }

    #[test]
    fn refusals_of_every_shape_are_understood() {
        let unknown =
            json!({"status": 400, "response": {"message": [{"exists": false, "number": "1"}]}});
        assert!(
            matches!(refused(400, &unknown), DeliveryError::Permanent(why) if why.contains("number"))
        );
        let nested = json!({"response": {"message": [["a", "b"], "c"]}});
        assert!(
            matches!(refused(400, &nested), DeliveryError::Permanent(why) if why.contains("a; b; c"))
        );
        let closed = json!({"response": {"message": "Connection Closed"}});
        assert!(matches!(
            refused(500, &closed),
            DeliveryError::Transient(..)
        ));
        assert!(matches!(
            refused(401, &json!({"error": "Unauthorized"})),
            DeliveryError::Unauthorized(_)
        ));
        assert!(matches!(
            refused(400, &json!("?")),
            DeliveryError::Permanent(_)
        ));
    }

    #[test]
    fn people_groups_media_and_own_messages_are_told_apart() {
        let data =
            |key: Value, message: Value| json!({"key": key, "message": message, "pushName": "Ana"});
        let (one, own) = inbound(&data(
            json!({"id": "A", "remoteJid": "5511@s.whatsapp.net", "fromMe": false}),
            json!({"conversation": "olá"}),
        ))
        .expect("a message");
        assert_eq!(
            (one.peer.as_str(), one.text.as_str(), own),
            ("5511", "olá", false)
        );
        let (group, own) = inbound(&data(
            json!({"id": "B", "remoteJid": "1@g.us", "participant": "5522@s.whatsapp.net", "fromMe": true}),
            json!({"imageMessage": {"caption": "look", "mimetype": "image/png"}}),
        ))
        .expect("a message");
        assert_eq!(
            (group.peer.as_str(), group.sender.as_deref(), own),
            ("1@g.us", Some("5522"), true)
        );
        assert_eq!(
            group.media.map(|media| media["kind"].clone()),
            Some(json!("image"))
        );
        assert!(inbound(&json!({"key": {}})).is_none());
    }
}
