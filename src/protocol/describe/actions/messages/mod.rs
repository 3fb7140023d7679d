//! Messages: sending, handing in, and what is done to one that waits or failed.

pub(super) mod history;
pub(super) mod outbox;

use crate::protocol::describe::{
    fields::{AT, COUNT, FORMAT, GRACE, IN, MESSAGE_ID, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const SEND: ActionSpec = ActionSpec {
    name: "send",
    aliases: &["send_message"],
    summary: "Queues a message; when the answer comes it is on disk. With wait, the answer comes (out of order) when it is sent or failed.",
    request: &[
        must(
            "channel",
            FieldKind::Name,
            "an integration; integrations lists them",
        ),
        must(
            "to",
            FieldKind::Targets,
            "the peer's address on that channel; a number on WhatsApp however it is written; or a list of them: a message each",
        ),
        may(
            "text",
            FieldKind::Text,
            "the text; needed unless there is media",
        ),
        FORMAT,
        may(
            "media",
            FieldKind::Files,
            "a file, or up to 10 in one message: {media_id} of POST /media, {url} that its service fetches, or \
             {data: base64}; with kind: image|video|audio|voice|document|sticker (needed for url), name?, mime?",
        ),
        may(
            "kind",
            FieldKind::Name,
            "with content: location, contact or poll",
        ),
        may(
            "content",
            FieldKind::Any,
            "a place, contact cards or a poll, as in a message; in words where the channel has no such thing",
        ),
        may("reply_to", FieldKind::Name, "the message it answers"),
        may(
            "reaction",
            FieldKind::Boolean,
            "the text is an emoji put on the message in reply_to, where the channel can",
        ),
        may(
            "template",
            FieldKind::Object,
            "whatsapp-cloud: {name, language: {code}, components?}",
        ),
        may(
            "idempotency_key",
            FieldKind::Name,
            "the same key again gives the first message, for 7 days; the daemon keeps turn-t-, apology-t-, command-m-, slash-m-, usage-m- and schedule- for itself",
        ),
        AT,
        IN,
        GRACE,
        may(
            "urgent",
            FieldKind::Boolean,
            "it goes outside of the channel's hours too; needs a key of role operator",
        ),
        may(
            "by_hand",
            FieldKind::Boolean,
            "false: a script writes, and agents go on there; true of cli, webchat and mobile unless told",
        ),
        may(
            "wait",
            FieldKind::Boolean,
            "answer when it is sent, failed or cancelled",
        ),
    ],
    response: &[
        may(
            "batch_id",
            FieldKind::Name,
            "to a list: what they have in common",
        ),
        may(
            "messages",
            FieldKind::Objects,
            "to a list, in place of the others here: {to, message_id, state, duplicate, at_ms?}",
        ),
        may("message_id", FieldKind::Name, "the message, as m-17"),
        may(
            "state",
            FieldKind::Name,
            "queued, or scheduled; with wait: sent, delivered, read, failed or cancelled",
        ),
        may(
            "duplicate",
            FieldKind::Boolean,
            "true where the idempotency_key was known",
        ),
        may("at_ms", COUNT, "scheduled: when it goes out, ms since 1970"),
        may(
            "held",
            FieldKind::Text,
            "why it waits, where the channel is paused, outside of its hours or at its daily limit",
        ),
        may("error", FieldKind::Text, "why it failed"),
    ],
};

pub(super) const RECEIVE: ActionSpec = ActionSpec {
    name: "receive",
    aliases: &[],
    summary: "Hands in a message from a peer: what a WebChat visitor or a bridge says.",
    request: &[
        must(
            "channel",
            FieldKind::Name,
            "the integration it came by, such as webchat",
        ),
        must(
            "peer",
            FieldKind::Name,
            "who it is from, and so the conversation",
        ),
        may(
            "kind",
            FieldKind::Name,
            "what it is, where that is not text or the media says it: as in a message",
        ),
        may(
            "text",
            FieldKind::Text,
            "the text; needed unless there is media or content",
        ),
        may(
            "content",
            FieldKind::Any,
            "what a kind without words says: as in a message",
        ),
        may(
            "sender",
            FieldKind::Name,
            "who wrote it, where that is not the peer itself",
        ),
        may(
            "media",
            FieldKind::Files,
            "a file, or up to 10: {media_id}, {data: base64}, {url} or {id} of its service; kind?, name?, mime?",
        ),
        may("reply_to", FieldKind::Name, "the message it answers"),
        may(
            "dedup_key",
            FieldKind::Name,
            "the same key again gives the first message, for 7 days",
        ),
        may("meta", FieldKind::Any, "kept with the message"),
    ],
    response: &[
        MESSAGE_ID,
        must(
            "duplicate",
            FieldKind::Boolean,
            "true where the dedup_key was known",
        ),
    ],
};

pub(super) const REVISE: ActionSpec = ActionSpec {
    name: "revise",
    aliases: &[],
    summary: "Hands in that a peer edited or deleted a message that was handed in before.",
    request: &[
        must(
            "channel",
            FieldKind::Name,
            "the integration it came by, such as webchat",
        ),
        must(
            "dedup_key",
            FieldKind::Name,
            "the key it was handed in with",
        ),
        may("text", FieldKind::Text, "what it says now"),
        may(
            "content",
            FieldKind::Any,
            "what a kind without words says now",
        ),
        may("deleted", FieldKind::Boolean, "true where it was deleted"),
    ],
    response: &[must(
        "changed",
        FieldKind::Boolean,
        "false where that was known",
    )],
};

pub(super) const CANCEL: ActionSpec = ActionSpec {
    name: "cancel",
    aliases: &[],
    summary: "Withdraws a message that is still queued, or waits for its next attempt and has not gone out.",
    request: &[MESSAGE_ID],
    response: &[MESSAGE_ID, must("state", FieldKind::Name, "cancelled")],
};

pub(super) const DELETE: ActionSpec = ActionSpec {
    name: "delete",
    aliases: &[],
    summary: "Deletes a message that was sent, for everybody, where its service can (deletes in integrations). It \
              stays in the archive.",
    request: &[MESSAGE_ID],
    response: &[MESSAGE_ID, must("deleted_ms", COUNT, "when, ms since 1970")],
};

pub(super) const RETRY: ActionSpec = ActionSpec {
    name: "retry",
    aliases: &[],
    summary: "Queues a failed message again.",
    request: &[MESSAGE_ID],
    response: &[MESSAGE_ID, must("state", FieldKind::Name, "queued")],
};
