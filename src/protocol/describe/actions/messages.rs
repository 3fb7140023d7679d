//! Messages: sending, handing in, reading back.

use crate::protocol::describe::{
    Action, Kind,
    fields::{MESSAGE_ID, may, must},
};

pub(super) const SEND: Action = Action {
    name: "send",
    aliases: &["send_message"],
    summary: "Queues a message; when the answer comes it is on disk. With wait, the answer comes (out of order) when it is sent or failed.",
    request: &[
        must(
            "channel",
            Kind::Name,
            "an integration; integrations lists them",
        ),
        must(
            "to",
            Kind::Name,
            "the peer's address on that channel; a number on WhatsApp however it is written",
        ),
        may("text", Kind::Text, "the text; needed unless there is media"),
        may(
            "media",
            Kind::Object,
            "{kind: image|video|audio|document, url, mime?, name?}",
        ),
        may("reply_to", Kind::Name, "the message it answers"),
        may(
            "reaction",
            Kind::Boolean,
            "the text is an emoji put on the message in reply_to, where the channel can",
        ),
        may(
            "template",
            Kind::Object,
            "whatsapp-cloud: {name, language: {code}, components?}",
        ),
        may(
            "idempotency_key",
            Kind::Name,
            "the same key again gives the first message, for 7 days",
        ),
        may(
            "wait",
            Kind::Boolean,
            "answer when it is sent, failed or cancelled",
        ),
    ],
    response: &[
        MESSAGE_ID,
        must(
            "state",
            Kind::Name,
            "queued; with wait: sent, delivered, read, failed or cancelled",
        ),
        must(
            "duplicate",
            Kind::Boolean,
            "true where the idempotency_key was known",
        ),
        may("error", Kind::Text, "why it failed"),
    ],
};

pub(super) const RECEIVE: Action = Action {
    name: "receive",
    aliases: &[],
    summary: "Hands in a message from a peer: what a WebChat visitor or a bridge says.",
    request: &[
        must(
            "channel",
            Kind::Name,
            "the integration it came by, such as webchat",
        ),
        must(
            "peer",
            Kind::Name,
            "who it is from, and so the conversation",
        ),
        may("text", Kind::Text, "the text; needed unless there is media"),
        may(
            "sender",
            Kind::Name,
            "who wrote it, where that is not the peer itself",
        ),
        may(
            "media",
            Kind::Object,
            "{kind: image|video|audio|document, url, mime?, name?}",
        ),
        may("reply_to", Kind::Name, "the message it answers"),
        may(
            "dedup_key",
            Kind::Name,
            "the same key again gives the first message, for 7 days",
        ),
        may("meta", Kind::Any, "kept with the message"),
    ],
    response: &[
        MESSAGE_ID,
        must(
            "duplicate",
            Kind::Boolean,
            "true where the dedup_key was known",
        ),
    ],
};

pub(super) const DELIVERED: Action = Action {
    name: "delivered",
    aliases: &[],
    summary: "A bridge's answer to deliver: the message is sent. Later: how much further it came. When the answer comes it is on disk.",
    request: &[
        MESSAGE_ID,
        may(
            "state",
            Kind::Name,
            "sent (unless told), delivered or read; an older one than known changes nothing",
        ),
        may(
            "references",
            Kind::Names,
            "what the service calls it, besides what was told before; an answer to this message carries the first as reply_to. 128 are kept",
        ),
    ],
    response: &[MESSAGE_ID, must("state", Kind::Name, "as it is now")],
};

pub(super) const FAILED: Action = Action {
    name: "failed",
    aliases: &[],
    summary: "A bridge's answer to deliver: the message was not sent, or nobody knows.",
    request: &[
        MESSAGE_ID,
        must("error", Kind::Text, "why, for the user"),
        must(
            "certainty",
            Kind::Name,
            "transient: try again; permanent: never; unauthorized: not before I announce the channel anew; unknown: it may have been sent",
        ),
        may(
            "retry_after_ms",
            Kind::Integer(0, 86_400_000),
            "transient: not before this time, in milliseconds",
        ),
    ],
    response: &[MESSAGE_ID, must("state", Kind::Name, "as it is now")],
};

pub(super) const MESSAGE: Action = Action {
    name: "message",
    aliases: &[],
    summary: "One message with the states it went through.",
    request: &[MESSAGE_ID],
    response: &[
        must("message", Kind::Object, "the message"),
        must(
            "history",
            Kind::Objects,
            "{seq, state, at_ms, attempts?, error?}, oldest first",
        ),
    ],
};

pub(super) const HISTORY: Action = Action {
    name: "history",
    aliases: &[],
    summary: "Stored messages, newest last. Without after: the newest page, or the one before a message.",
    request: &[
        may("channel", Kind::Name, "only of this channel"),
        may(
            "peer",
            Kind::Name,
            "only of this conversation; needs channel",
        ),
        may("before", Kind::Name, "only older than this message id"),
        may("after", Kind::Name, "only younger than this message id"),
        may("contains", Kind::Name, "only with this in the text"),
        may(
            "limit",
            Kind::Integer(1, 1000),
            "messages at most, 50 unless told",
        ),
    ],
    response: &[
        must("messages", Kind::Objects, "the page"),
        may(
            "next",
            Kind::Name,
            "pass it as before (or after) for the next page; absent at the end. One call with contains looks at 20,000 messages or 64 MiB of them, in any case of letters, so a page may hold few or none and still name it",
        ),
        may(
            "peer",
            Kind::Name,
            "where one was given, what it is called here: a number on WhatsApp may be written in many ways",
        ),
    ],
};

pub(super) const CANCEL: Action = Action {
    name: "cancel",
    aliases: &[],
    summary: "Withdraws a message that is still queued.",
    request: &[MESSAGE_ID],
    response: &[MESSAGE_ID, must("state", Kind::Name, "cancelled")],
};

pub(super) const RETRY: Action = Action {
    name: "retry",
    aliases: &[],
    summary: "Queues a failed message again.",
    request: &[MESSAGE_ID],
    response: &[MESSAGE_ID, must("state", Kind::Name, "queued")],
};

pub(super) const OUTBOX: Action = Action {
    name: "outbox",
    aliases: &[],
    summary: "What waits to be sent, oldest first, and the newest of what was given up.",
    request: &[
        may("channel", Kind::Name, "only of this channel"),
        may(
            "limit",
            Kind::Integer(1, 1000),
            "messages of each kind at most, 50 unless told",
        ),
    ],
    response: &[
        must(
            "waiting",
            Kind::Objects,
            "messages, each with due_ms besides: when it is tried next",
        ),
        must("failed", Kind::Objects, "messages; retry queues one again"),
    ],
};
