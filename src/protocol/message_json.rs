//! A message as the wire shows it.

use std::fmt::Write as _;

use serde_json::Value;

use super::reply::push_string;
use crate::message::{
    Kind, Message,
    media::{files, files_mut},
};

/// Appends `{"message_id","seq","channel","direction","peer",…}`; what is not there is left out.
pub fn push_message(out: &mut String, message: &Message) {
    let _ = write!(
        out,
        "{{\"message_id\":\"{}\",\"seq\":{},\"channel\":",
        message.id, message.seq
    );
    push_string(out, &message.channel);
    let _ = write!(
        out,
        ",\"direction\":\"{}\",\"peer\":",
        message.direction.as_str()
    );
    push_string(out, &message.peer);
    push_optional_text(out, "sender", message.sender.as_deref());
    if message.kind != Kind::Text {
        let _ = write!(out, ",\"kind\":\"{}\"", message.kind.as_str());
    }
    out.push_str(",\"text\":");
    push_string(out, &message.text);
    push_optional_value(out, "content", message.content.as_ref());
    push_media(out, message.media.as_ref());
    let _ = write!(out, ",\"state\":\"{}\"", message.state);
    push_optional_text(out, "reply_to", message.reply_to.as_deref());
    let _ = write!(
        out,
        ",\"created_ms\":{},\"updated_ms\":{}",
        message.created_ms, message.updated_ms
    );
    if let Some(at_ms) = message.at_ms {
        let _ = write!(out, ",\"at_ms\":{at_ms}");
    }
    if message.attempts > 0 {
        let _ = write!(out, ",\"attempts\":{}", message.attempts);
    }
    push_optional_text(out, "error", message.error.as_deref());
    push_optional_value(out, "meta", message.meta.as_ref());
    push_edits(out, message);
    if let Some(deleted_ms) = message.deleted_ms {
        let _ = write!(out, ",\"deleted_ms\":{deleted_ms}");
    }
    out.push('}');
}

/// The same with one more field, whose value needs no escapes.
#[cfg(feature = "nats")]
pub fn push_message_with(
    out: &mut String,
    message: &Message,
    name: &str,
    value: &dyn std::fmt::Display,
) {
    push_message(out, message);
    out.pop();
    let _ = write!(out, ",\"{name}\":\"{value}\"}}");
}

/// The files. When somebody asked for one is between us and whoever fetches it.
fn push_media(out: &mut String, media: Option<&Value>) {
    if files(media).iter().all(|file| file.get("asked").is_none()) {
        return push_optional_value(out, "media", media);
    }
    let mut media = media.cloned();
    for file in files_mut(media.as_mut())
        .iter_mut()
        .filter_map(Value::as_object_mut)
    {
        file.remove("asked");
    }
    push_optional_value(out, "media", media.as_ref());
}

/// What it said before, oldest first.
fn push_edits(out: &mut String, message: &Message) {
    for (i, edit) in message.edits.iter().enumerate() {
        out.push_str(if i == 0 { ",\"edits\":[" } else { "," });
        out.push_str("{\"text\":");
        push_string(out, &edit.text);
        let _ = write!(out, ",\"until_ms\":{}}}", edit.until_ms);
    }
    if !message.edits.is_empty() {
        out.push(']');
    }
}

fn push_optional_text(out: &mut String, name: &str, text: Option<&str>) {
    if let Some(text) = text {
        let _ = write!(out, ",\"{name}\":");
        push_string(out, text);
    }
}

fn push_optional_value(out: &mut String, name: &str, value: Option<&Value>) {
    if let Some(value) = value {
        let _ = write!(out, ",\"{name}\":{value}");
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::message::{Direction, Edit, MessageId, State};

    #[test]
    fn a_message_is_written_with_only_what_it_has() {
        let mut message = Message {
            id: MessageId(5),
            seq: 6,
            channel: "webchat".into(),
            direction: Direction::Out,
            peer: "ana".into(),
            sender: None,
            text: "olá\n".into(),
            media: None,
            state: State::Queued,
            reply_to: None,
            created_ms: 1,
            updated_ms: 2,
            at_ms: None,
            attempts: 0,
            error: None,
            kind: Kind::Text,
            content: None,
            meta: None,
            edits: Vec::new(),
            deleted_ms: None,
        };
        let mut out = String::new();
        push_message(&mut out, &message);
        let bare = json!({"message_id":"m-5","seq":6,"channel":"webchat","direction":"out","peer":"ana",
            "text":"olá\n","state":"queued","created_ms":1,"updated_ms":2});
        assert_eq!(serde_json::from_str::<Value>(&out).expect("JSON"), bare);

        message.meta = Some(json!({"k":[1]}));
        message.attempts = 3;
        message.error = Some("no".into());
        out.clear();
        push_message(&mut out, &message);
        let full: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(
            (&full["attempts"], &full["error"], &full["meta"]),
            (&json!(3), &json!("no"), &json!({"k":[1]}))
        );

        message.media = Some(json!([{"id": "F", "state": "fetching", "asked": 7}, {"id": "G"}]));
        out.clear();
        push_message(&mut out, &message);
        let full: Value = serde_json::from_str(&out).expect("JSON");
        let shown = json!([{"id": "F", "state": "fetching"}, {"id": "G"}]);
        assert_eq!(full["media"], shown);

        message.kind = Kind::Poll;
        message.content = Some(json!({"question": "?", "options": []}));
        message.edits = ["a", "b\""]
            .map(|text| Edit {
                text: text.into(),
                until_ms: 7,
            })
            .into();
        message.deleted_ms = Some(9);
        out.clear();
        push_message(&mut out, &message);
        let full: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(full["kind"], "poll");
        assert_eq!(full["content"], json!({"question": "?", "options": []}));
        let edits = json!([{"text": "a", "until_ms": 7}, {"text": "b\"", "until_ms": 7}]);
        assert_eq!((&full["edits"], &full["deleted_ms"]), (&edits, &json!(9)));
    }
}
