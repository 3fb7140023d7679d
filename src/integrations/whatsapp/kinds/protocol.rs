//! `protocolMessage`: edits, deletions, settings of a chat, and what programs tell each other.

use serde_json::{Value, json};

use super::{
    Body, Said,
    number::{name_of, whole},
    read,
};
use crate::message::text_at;

/// `Message.ProtocolMessage.Type` by number; the gaps are the protocol's.
pub(in super::super) const PROTOCOL_TYPES: [&str; 31] = [
    "REVOKE",
    "",
    "",
    "EPHEMERAL_SETTING",
    "EPHEMERAL_SYNC_RESPONSE",
    "HISTORY_SYNC_NOTIFICATION",
    "APP_STATE_SYNC_KEY_SHARE",
    "APP_STATE_SYNC_KEY_REQUEST",
    "MSG_FANOUT_BACKFILL_REQUEST",
    "INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC",
    "APP_STATE_FATAL_EXCEPTION_NOTIFICATION",
    "SHARE_PHONE_NUMBER",
    "",
    "",
    "MESSAGE_EDIT",
    "",
    "PEER_DATA_OPERATION_REQUEST_MESSAGE",
    "PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE",
    "REQUEST_WELCOME_MESSAGE",
    "BOT_FEEDBACK_MESSAGE",
    "MEDIA_NOTIFY_MESSAGE",
    "CLOUD_API_THREAD_CONTROL_NOTIFICATION",
    "LID_MIGRATION_MAPPING_SYNC",
    "REMINDER_MESSAGE",
    "BOT_MEMU_ONBOARDING_MESSAGE",
    "STATUS_MENTION_MESSAGE",
    "STOP_GENERATION_MESSAGE",
    "LIMIT_SHARING",
    "AI_PSI_METADATA",
    "AI_QUERY_FANOUT",
    "GROUP_MEMBER_LABEL_CHANGE",
];

/// What a `protocolMessage` comes to. Of its key only the id is to be trusted: the rest is as its author
/// sees it (evolution-api#1367, #1647, #2098).
pub(in super::super) fn read_protocol(value: &Value) -> Body {
    let kind = name_of(&value["type"], &PROTOCOL_TYPES).unwrap_or_default();
    let name = text_at(&value["key"], "id");
    match (kind, name) {
        ("REVOKE", Some(name)) => Body::Deleted(name.to_owned()),
        ("MESSAGE_EDIT" | "", Some(name)) if value["editedMessage"].is_object() => {
            edited(name, &value["editedMessage"])
        }
        (kind, _) => match setting(kind, value) {
            Some(said) => Body::Said(Box::new(said)),
            None => Body::Nothing(format!("protocolMessage {kind}").trim_end().to_owned()),
        },
    }
}

/// The new content may be of any kind, wrapped as any.
fn edited(name: &str, message: &Value) -> Body {
    match read(message, Some("editedMessage")) {
        Body::Said(said) | Body::Edited(_, said) => Body::Edited(Some(name.to_owned()), said),
        other => other,
    }
}

/// Settings of the chat that people see.
fn setting(kind: &str, value: &Value) -> Option<Said> {
    let event = kind.to_ascii_lowercase();
    let words = match kind {
        "EPHEMERAL_SETTING" => {
            let seconds = whole(&value["ephemeralExpiration"]).unwrap_or(0);
            let words = match seconds {
                0 => "messages no longer disappear".to_owned(),
                seconds => format!("messages disappear after {} hours", seconds / 3600),
            };
            return Some(Said::system(&event, words, json!({"seconds": seconds})));
        }
        "SHARE_PHONE_NUMBER" => "the phone number was shared",
        "LIMIT_SHARING" => "what may be shared of this chat was changed",
        "STATUS_MENTION_MESSAGE" => "a status mentions you",
        "REMINDER_MESSAGE" => "a reminder",
        _ => return None,
    };
    Some(Said::system(&event, words, Value::Null))
}
