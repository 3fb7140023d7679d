//! Stored messages, read back.

use crate::protocol::describe::{
    fields::{MESSAGE_ID, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(in crate::protocol::describe::actions) const MESSAGE: ActionSpec = ActionSpec {
    name: "message",
    aliases: &[],
    summary: "One message with the states it went through.",
    request: &[MESSAGE_ID],
    response: &[
        must("message", FieldKind::Object, "the message"),
        must(
            "history",
            FieldKind::Objects,
            "{seq, state, at_ms, attempts?, error?}, oldest first",
        ),
    ],
};

pub(in crate::protocol::describe::actions) const HISTORY: ActionSpec = ActionSpec {
    name: "history",
    aliases: &[],
    summary: "Stored messages, newest last. Without after: the newest page, or the one before a message.",
    request: &[
        may("channel", FieldKind::Name, "only of this channel"),
        may(
            "peer",
            FieldKind::Name,
            "only of this conversation; needs channel",
        ),
        may("before", FieldKind::Name, "only older than this message id"),
        may(
            "after",
            FieldKind::Name,
            "only younger than this message id",
        ),
        may(
            "words",
            FieldKind::Name,
            "only with all of these words, or with words that begin so, whatever their case and accents; in quotation \
             marks, whole words as they follow on each other. By the index, so at once",
        ),
        may(
            "contains",
            FieldKind::Name,
            "only with this anywhere in the text, also within a word, in any case of letters; not together with words",
        ),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "messages at most, 50 unless told",
        ),
    ],
    response: &[
        must("messages", FieldKind::Objects, "the page"),
        may(
            "next",
            FieldKind::Name,
            "pass it as before (or after) for the next page; absent at the end. One call with contains, or with words that the index does not have yet, looks at 20,000 messages or 64 MiB of them, so a page may hold few or none and still name it",
        ),
        may(
            "peer",
            FieldKind::Name,
            "where one was given, what it is called here: a number on WhatsApp may be written in many ways",
        ),
        may(
            "expected",
            FieldKind::Text,
            "where the peer given cannot be one of this channel, what is expected of it",
        ),
    ],
};
