//! What the servers have in common that are built on whatsmeow (<https://github.com/tulir/whatsmeow>): its events
//! as Go writes them as JSON, and its errors.
//!
//! The structs of the protocol (`proto/waE2E/WAWebProtobufsE2E.pb.go`) have the names of the fields in the
//! spelling of Go, `URL`, `remoteJID`, `fileSHA256`, where all else has `url`, `remoteJid`, `fileSha256`; what is
//! one of several stands in an object of its own with a capital letter, as `{"Response":
//! {"SelectedDisplayText": "yes"}}`. Enums are numbers and bytes are base64.

use serde_json::{Map, Value, json};

use super::super::{
    events::{PostedMessage, ServerEvent, Update},
    who::{Place, place},
};
use crate::{
    integrations::DeliveryError,
    message::{State, text_at},
};

/// How deep a message may be: contents within contents, each with fields of its own.
const DEEPEST: usize = 24;

/// A message in the spelling of the protocol.
pub(super) fn message(value: &Value) -> Value {
    translated(value, DEEPEST, false)
}

/// `is_one_of` says that the value is one of several, in which a name with a capital letter is that of what it is.
fn translated(value: &Value, depth: usize, is_one_of: bool) -> Value {
    match value {
        Value::Object(fields) if depth > 0 => {
            let mut all = Map::new();
            for (name, value) in fields {
                let holds_one = !is_one_of && holds_one_of(name);
                match translated(value, depth - 1, holds_one) {
                    // One of several: what is inside belongs beside it.
                    Value::Object(inside) if holds_one => all.extend(inside),
                    value => {
                        all.insert(spelled(name), value);
                    }
                }
            }
            Value::Object(all)
        }
        Value::Array(all) if depth > 0 => {
            let all = all.iter();
            all.map(|one| translated(one, depth - 1, false)).collect()
        }
        Value::Object(_) | Value::Array(_) => Value::Null,
        other => other.clone(),
    }
}

/// Whether a field holds one of several contents: its name is an exported one of Go, and no abbreviation.
fn holds_one_of(name: &str) -> bool {
    let mut letters = name.chars();
    let first = letters
        .next()
        .is_some_and(|first| first.is_ascii_uppercase());
    first
        && letters
            .next()
            .is_some_and(|second| second.is_ascii_lowercase())
}

/// A name as the protocol spells it: of a run of capitals only the first stays, and none at the start.
fn spelled(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let is_capital = |at: usize| letters.get(at).is_some_and(char::is_ascii_uppercase);
    let is_small = |at: usize| letters.get(at).is_some_and(char::is_ascii_lowercase);
    let spelled = letters.iter().enumerate().map(|(at, letter)| {
        let goes_on = at > 0 && is_capital(at - 1);
        // The last capital of a run begins a word of its own: `JPEGThumbnail`.
        let begins_a_word = at > 0 && is_small(at + 1);
        if at == 0 || (goes_on && !begins_a_word) {
            letter.to_ascii_lowercase()
        } else {
            *letter
        }
    });
    spelled.collect()
}

/// The key of a message by its `Info` (`types.MessageInfo`).
pub(super) fn key(info: &Value) -> Value {
    let chat = text_at(info, "Chat").unwrap_or_default();
    let own = info["IsFromMe"] == true;
    let mut key = json!({"remoteJid": chat, "fromMe": own, "id": info["ID"]});
    if place(chat) == Place::Group {
        key["participant"] = info["Sender"].clone();
        key["participantAlt"] = info["SenderAlt"].clone();
    } else if own {
        key["remoteJidAlt"] = info["RecipientAlt"].clone();
    } else {
        key["remoteJidAlt"] = info["SenderAlt"].clone();
    }
    key
}

/// A message as it is posted (`events.Message`). Its content is in `Message`, unwrapped of what disappears
/// and of what is seen once.
pub(super) fn posted(event: &Value) -> PostedMessage {
    let info = &event["Info"];
    PostedMessage {
        key: key(info),
        message: message(&event["Message"]),
        hint: text_at(info, "Type").map(str::to_owned),
        name: text_at(info, "PushName").map(str::to_owned),
        ..PostedMessage::default()
    }
}

/// What an `events.Receipt` tells of each message it names; `state` is the server's word for its type.
pub(super) fn receipts(receipt: &Value, state: State) -> Vec<ServerEvent> {
    let ids = receipt["MessageIDs"].as_array().into_iter().flatten();
    let ids = ids.filter_map(Value::as_str);
    let updates = ids.map(|id| {
        let key = json!({"remoteJid": receipt["Chat"], "fromMe": true, "id": id});
        ServerEvent::Update(Box::new(Update {
            name: id.to_owned(),
            key,
            state: Some(state),
            ..Update::default()
        }))
    });
    updates.collect()
}

/// Who writes, by an `events.ChatPresence`.
pub(super) fn typing(presence: &Value) -> Option<ServerEvent> {
    let goes_on = match text_at(presence, "State")? {
        "composing" => true,
        "paused" => false,
        _ => return None,
    };
    Some(ServerEvent::Typing {
        chat: text_at(presence, "Chat")?.to_owned(),
        members: vec![(text_at(presence, "Sender")?.to_owned(), goes_on)],
    })
}

/// The file of a posted message, as those servers ask for it again: the field of the message and what
/// decrypts it, as JSON in a text.
pub(super) fn file_of(message: &Value) -> Option<String> {
    let fields = [
        "imageMessage",
        "videoMessage",
        "ptvMessage",
        "audioMessage",
        "documentMessage",
        "stickerMessage",
    ];
    let (field, file) = fields.iter().find_map(|field| {
        let wrapped = &message["documentWithCaptionMessage"]["message"][*field];
        let file = [&message[*field], wrapped]
            .into_iter()
            .find(|file| text_at(file, "mediaKey").is_some())?;
        Some((*field, file))
    })?;
    let kept = [
        "url",
        "directPath",
        "mediaKey",
        "mimetype",
        "fileEncSha256",
        "fileSha256",
        "fileLength",
    ];
    let kept = kept
        .iter()
        .map(|name| ((*name).to_owned(), file[*name].clone()));
    let kept: Map<String, Value> = kept.filter(|(_, value)| !value.is_null()).collect();
    Some(json!({field: kept}).to_string())
}

/// What whatsmeow and those around it say when there is no connection to `WhatsApp` (`errors.go`; "No session"
/// is wuzapi's, "no active session" and "client disconnected" the Evolution Go's, "you are not" GOWA's).
const NOT_CONNECTED: [&str; 9] = [
    "websocket not connected",
    "websocket is not connected",
    "doesn't contain a device JID",
    "not logged in",
    "you are not connect",
    "No session",
    "no active session",
    "client disconnected",
    "client is not connected",
];

/// What it says where the message may have gone out (`errors.go`, `request.go`).
const MAYBE_SENT: [&str; 5] = [
    "timed out waiting for message send response",
    "disconnected before message send",
    "context deadline exceeded",
    "context canceled",
    "Request timed out waiting",
];

/// What an error means for a message, in words of the server that are told as `text`.
pub(super) fn meaning(said: &str, text: String) -> DeliveryError {
    let has = |words: &[&str]| words.iter().any(|word| said.contains(word));
    if has(&NOT_CONNECTED) {
        return DeliveryError::Channel(super::not_connected(&text));
    }
    if has(&MAYBE_SENT) {
        return DeliveryError::Unknown(text);
    }
    DeliveryError::Transient(text, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_the_spelling_of_the_protocol() {
        for (go, protocol) in [
            ("conversation", "conversation"),
            ("URL", "url"),
            ("ID", "id"),
            ("PTT", "ptt"),
            ("remoteJID", "remoteJid"),
            ("mentionedJID", "mentionedJid"),
            ("stanzaID", "stanzaId"),
            ("fileEncSHA256", "fileEncSha256"),
            ("JPEGThumbnail", "jpegThumbnail"),
            ("selectedRowID", "selectedRowId"),
            ("senderTimestampMS", "senderTimestampMs"),
            ("buttonParamsJSON", "buttonParamsJson"),
            ("pollCreationMessageV3", "pollCreationMessageV3"),
            ("viewOnceMessageV2Extension", "viewOnceMessageV2Extension"),
            ("callLogMesssage", "callLogMesssage"),
            ("SelectedDisplayText", "selectedDisplayText"),
        ] {
            assert_eq!(spelled(go), protocol);
        }
    }

    #[test]
    fn what_is_one_of_several_stands_beside_the_rest() {
        let go = json!({"buttonsResponseMessage": {"selectedButtonID": "b",
            "Response": {"SelectedDisplayText": "Yes"}}, "interactiveMessage": {"header":
            {"Media": {"ImageMessage": {"URL": "u"}}}}});
        let wanted = json!({"buttonsResponseMessage": {"selectedButtonId": "b",
            "selectedDisplayText": "Yes"}, "interactiveMessage": {"header":
            {"imageMessage": {"url": "u"}}}});
        assert_eq!(message(&go), wanted);
        let deep = (0..40).fold(json!("x"), |inside, _| json!({"a": inside}));
        assert!(message(&deep).to_string().contains("null"));
    }

    #[test]
    fn errors_say_what_became_of_the_message() {
        let of = |said: &str| meaning(said, said.to_owned());
        assert!(matches!(
            of("Error sending message: websocket not connected"),
            DeliveryError::Channel(_)
        ));
        assert!(matches!(
            of("failed: timed out waiting for message send response"),
            DeliveryError::Unknown(_)
        ));
        assert!(matches!(
            of("server returned error 479"),
            DeliveryError::Transient(..)
        ));
    }
}
