//! What GOWA is sent, and what a search finds (`src/domains/send`, `src/domains/chat/chat.go`). No calls.

use serde_json::{Value, json};

use crate::{
    clock::utc_ms,
    integrations::{
        DeliveryError,
        whatsapp::{
            sought::FoundMessage,
            steps::{Contact, FileForm, SentFile, Step, What},
            who::remote_jid,
        },
    },
    message::text_at,
    percent,
};

/// A call that brings a step out.
pub(super) struct GowaCall {
    pub path: String,
    pub fields: Value,
    /// The field of a kept file.
    pub file_field: Option<&'static str>,
}

/// The call for a step.
pub(super) fn call_of(step: &Step<'_>) -> Result<GowaCall, DeliveryError> {
    let call = |path: &str, fields: Value| GowaCall {
        path: path.to_owned(),
        fields,
        file_field: None,
    };
    let mut call = match &step.what {
        What::Text(text) => call("/send/message", json!({"message": text})),
        What::File(file) => file_call(file),
        What::Location { lat, lng, .. } => {
            // Texts there, and without a name.
            let fields = json!({"latitude": lat.to_string(), "longitude": lng.to_string()});
            call("/send/location", fields)
        }
        What::Contacts(contacts) => call("/send/contact", one_contact(contacts)?),
        What::Poll { question, options } => call(
            "/send/poll",
            json!({"question": question, "options": options, "max_answer": 1}),
        ),
        What::Reaction { key, emoji } => {
            let id = percent::encode(text_at(key, "id").unwrap_or_default(), &[]);
            call(&format!("/message/{id}/reaction"), json!({"emoji": emoji}))
        }
    };
    call.fields["phone"] = json!(remote_jid(&step.to));
    if let Some(answered) = step.answers {
        call.fields["reply_message_id"] = json!(answered);
    }
    Ok(call)
}

/// It sends one contact at a time, and a message of ours is one of theirs.
fn one_contact(contacts: &[Contact]) -> Result<Value, DeliveryError> {
    match contacts {
        [one] => Ok(
            json!({"contact_name": one.name, "contact_phone": one.number.trim_start_matches('+')}),
        ),
        _ => Err(DeliveryError::Permanent(
            "GOWA sends one contact in a message; send them one by one".to_owned(),
        )),
    }
}

fn file_call(file: &SentFile<'_>) -> GowaCall {
    let (path, field) = match file.form {
        FileForm::Image => ("/send/image", "image"),
        // It has no call for round ones.
        FileForm::Video | FileForm::Round => ("/send/video", "video"),
        FileForm::Voice | FileForm::Audio => ("/send/audio", "audio"),
        FileForm::Sticker => ("/send/sticker", "sticker"),
        FileForm::Document => ("/send/file", "file"),
    };
    let mut fields = json!({});
    if let Some(url) = file.url() {
        fields[format!("{field}_url")] = json!(url);
    }
    if !file.caption.is_empty() {
        fields["caption"] = json!(file.caption);
    }
    if file.form == FileForm::Voice {
        fields["ptt"] = json!(true);
    }
    GowaCall {
        path: path.to_owned(),
        fields,
        file_field: Some(field),
    }
}

/// How a file without a caption is named in its store (`src/usecase/send.go`).
const LABELS: [&str; 6] = ["🖼️", "📄", "🎥", "🎵", "🎨", "📊"];

/// The messages of a chat, as the protocol would have them.
pub(super) fn found(results: &Value) -> Vec<FoundMessage> {
    let all = results["data"].as_array().into_iter().flatten();
    let found = all.filter_map(|one| {
        let text = text_at(one, "content").unwrap_or_default();
        let content = match text_at(one, "media_type").unwrap_or_default() {
            "" => json!({"conversation": text}),
            "video_note" => json!({"ptvMessage": {}}),
            kind => {
                let is_label = LABELS.iter().any(|label| text.starts_with(label));
                let caption = if is_label { "" } else { text };
                json!({format!("{kind}Message"): {"caption": caption}})
            }
        };
        Some(FoundMessage {
            name: text_at(one, "id")?.to_owned(),
            content,
            seconds: text_at(one, "timestamp").and_then(seconds_of),
        })
    });
    found.collect()
}

/// The seconds of a time as `2026-08-22T20:47:59+07:00` (RFC 3339).
fn seconds_of(text: &str) -> Option<i64> {
    let (date_time, offset) = text.split_at_checked(19)?;
    let mut parts = [0; 6];
    let mut digits = date_time.split(['-', 'T', ':']);
    for part in &mut parts {
        *part = digits.next()?.parse().ok()?;
    }
    let utc = i64::try_from(utc_ms(parts)? / 1000).ok()?;
    let sign = offset.rfind(['+', '-']).map(|at| offset.split_at(at).1);
    let Some(zone) = sign else { return Some(utc) };
    let (hours, minutes) = zone[1..].split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let ahead = hours * 3600 + minutes * 60;
    Some(if zone.starts_with('-') {
        utc + ahead
    } else {
        utc - ahead
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_zone() {
        for (text, seconds) in [
            ("1970-01-01T00:01:00Z", Some(60)),
            ("1970-01-01T07:00:00+07:00", Some(0)),
            ("1969-12-31T21:00:00-03:00", None),
            ("1970-01-01T00:00:00-03:00", Some(10_800)),
            ("soon", None),
        ] {
            assert_eq!(seconds_of(text), seconds, "{text}");
        }
    }
}
