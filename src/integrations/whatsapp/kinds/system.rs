//! What happened rather than was said: calls, pins, payments, settings.

use serde_json::{Value, json};

use super::{
    Said,
    number::{count, name_of, thousandths, whole},
    words,
};
use crate::message::{Content, text_at};

/// `Message.CallLogMessage.CallOutcome`.
const OUTCOMES: [&str; 8] = [
    "CONNECTED",
    "MISSED",
    "FAILED",
    "REJECTED",
    "ACCEPTED_ELSEWHERE",
    "ONGOING",
    "SILENCED_BY_DND",
    "SILENCED_UNKNOWN_CALLER",
];

/// A call as it stands, with what it is about beside it.
fn called(video: bool, outcome: Option<&str>, seconds: Option<u64>, what: Option<&str>) -> Said {
    let said = Said::of(&Content::Call {
        video,
        outcome: outcome.map(|outcome| outcome.to_ascii_lowercase().replace('_', " ")),
        seconds,
    });
    let text = what.map_or_else(
        || said.text.clone(),
        |what| format!("{}: {what}", said.text),
    );
    Said { text, ..said }
}

/// A group's call: only its key.
pub(super) fn call(_: &Value) -> Said {
    called(false, None, None, None)
}

pub(super) fn call_log(value: &Value) -> Said {
    let outcome = name_of(&value["callOutcome"], &OUTCOMES);
    let seconds = count(&value["durationSecs"]).filter(|seconds| *seconds > 0);
    called(value["isVideo"] == true, outcome, seconds, None)
}

pub(super) fn scheduled_call(value: &Value) -> Said {
    let kind = name_of(&value["callType"], &["UNKNOWN", "VOICE", "VIDEO"]);
    let title = text_at(value, "title");
    called(kind == Some("VIDEO"), Some("scheduled"), None, title)
}

pub(super) fn cancelled_call(value: &Value) -> Said {
    called(false, Some("cancelled"), None, None).about(&value["key"])
}

pub(super) fn broadcast_call(value: &Value) -> Said {
    let kind = name_of(&value["mediaType"], &["UNKNOWN", "AUDIO", "VIDEO"]);
    called(kind == Some("VIDEO"), None, None, text_at(value, "caption"))
}

/// A system message about another, whose id it keeps.
fn on_message(event: &str, words: &str, key: &Value) -> Said {
    let details = json!({"message": text_at(key, "id")});
    Said::system(event, words, details).about(key)
}

pub(super) fn pin(value: &Value) -> Said {
    let names = ["UNKNOWN_TYPE", "PIN_FOR_ALL", "UNPIN_FOR_ALL"];
    match name_of(&value["type"], &names) {
        Some("UNPIN_FOR_ALL") => on_message("unpinned", "a message was unpinned", &value["key"]),
        _ => on_message("pinned", "a message was pinned", &value["key"]),
    }
}

pub(super) fn keep(value: &Value) -> Said {
    let names = ["UNKNOWN", "KEEP_FOR_ALL", "UNDO_KEEP_FOR_ALL"];
    match name_of(&value["keepType"], &names) {
        Some("UNDO_KEEP_FOR_ALL") => on_message(
            "no_longer_kept",
            "a message is no longer kept",
            &value["key"],
        ),
        _ => on_message("kept", "a message is kept", &value["key"]),
    }
}

/// Phones send edits encrypted, which Evolution 2.3.7 does not decrypt
/// (<https://github.com/evolution-foundation/evolution-api/issues/2545>): known is only which message.
pub(super) fn secret(value: &Value) -> Option<Said> {
    let names = ["UNKNOWN", "EVENT_EDIT", "MESSAGE_EDIT"];
    let what = match name_of(&value["secretEncType"], &names)? {
        "EVENT_EDIT" => "an event was changed; how, only the phone shows",
        "MESSAGE_EDIT" => "a message was edited; its new text only the phone shows",
        _ => return None,
    };
    Some(on_message("edited", what, &value["targetMessageKey"]))
}

/// The pictures follow, each a message of its own.
pub(super) fn album(value: &Value) -> Said {
    let images = count(&value["expectedImageCount"]).unwrap_or(0);
    let videos = count(&value["expectedVideoCount"]).unwrap_or(0);
    let words = match (images, videos) {
        (0, 0) => "an album follows".to_owned(),
        (images, 0) => format!("an album of {images} images follows"),
        (0, videos) => format!("an album of {videos} videos follows"),
        (images, videos) => format!("an album of {images} images and {videos} videos follows"),
    };
    let details = json!({"images": images, "videos": videos});
    Said::system("album", words, details)
}

/// A payment, with its note and amount as far as they are told.
fn payment(event: &str, what: &str, value: &Value) -> Said {
    let note = &value["noteMessage"];
    let note = words::beside(note).map(str::to_owned);
    let amount = amount(value);
    let parts = [Some(what.to_owned()), amount.clone(), note.clone()];
    let words: Vec<String> = parts.into_iter().flatten().collect();
    let details = json!({"amount": amount, "note": note});
    let said = Said::system(event, words.join(": "), without_nulls(details));
    said.about(&value["requestMessageKey"]).about(&value["key"])
}

/// `Money` is a value with a divisor.
fn amount(value: &Value) -> Option<String> {
    let money = &value["amount"];
    let divisor = whole(&money["offset"])
        .filter(|offset| *offset > 0)
        .unwrap_or(1);
    let exact = whole(&money["value"]).map(|amount| amount as f64 / divisor as f64);
    let amount = exact.or_else(|| thousandths(&value["amount1000"]))?;
    let currency = text_at(money, "currencyCode").or(text_at(value, "currencyCodeIso4217"));
    Some(
        format!("{amount:.2} {}", currency.unwrap_or_default())
            .trim_end()
            .to_owned(),
    )
}

fn without_nulls(details: Value) -> Value {
    match details {
        Value::Object(all) => all
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .collect(),
        other => other,
    }
}

pub(super) fn payment_sent(value: &Value) -> Said {
    payment("payment_sent", "a payment was sent", value)
}

pub(super) fn payment_asked(value: &Value) -> Said {
    payment("payment_requested", "a payment is asked for", value)
}

pub(super) fn payment_declined(value: &Value) -> Said {
    payment("payment_declined", "a payment was declined", value)
}

pub(super) fn payment_cancelled(value: &Value) -> Said {
    payment(
        "payment_cancelled",
        "a request for a payment was withdrawn",
        value,
    )
}

pub(super) fn payment_invite(value: &Value) -> Said {
    payment("payment_invite", "an invitation to payments", value)
}

pub(super) fn number_asked(_: &Value) -> Said {
    let words = "the phone number is asked for";
    Said::system("number_requested", words, Value::Null)
}

pub(super) fn status(value: &Value) -> Said {
    let names = [
        "UNKNOWN",
        "STATUS_ADD_YOURS",
        "STATUS_RESHARE",
        "STATUS_QUESTION_ANSWER_RESHARE",
    ];
    let kind = name_of(&value["type"], &names).unwrap_or("UNKNOWN");
    let kind = kind.to_ascii_lowercase();
    let said = Said::system("status", "news of a status", json!({"type": kind}));
    said.about(&value["originalMessageKey"])
}
