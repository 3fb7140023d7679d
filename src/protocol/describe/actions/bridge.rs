//! What a bridge, a client that serves a channel of its own, says became of a message.

use crate::protocol::describe::{
    fields::{MESSAGE_ID, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const DELIVERED: ActionSpec = ActionSpec {
    name: "delivered",
    aliases: &[],
    summary: "A bridge's answer to deliver: the message is sent. Later: how much further it came. When the answer comes it is on disk.",
    request: &[
        MESSAGE_ID,
        may(
            "state",
            FieldKind::Name,
            "sent (unless told), delivered or read; an older one than known changes nothing",
        ),
        may(
            "references",
            FieldKind::Names,
            "what the service calls it, besides what was told before; an answer to this message carries the first as reply_to. 128 are kept",
        ),
    ],
    response: &[MESSAGE_ID, must("state", FieldKind::Name, "as it is now")],
};

pub(super) const FAILED: ActionSpec = ActionSpec {
    name: "failed",
    aliases: &[],
    summary: "A bridge's answer to deliver: the message was not sent, or nobody knows.",
    request: &[
        MESSAGE_ID,
        must("error", FieldKind::Text, "why, for the user"),
        must(
            "certainty",
            FieldKind::Name,
            "transient: try again; permanent: never; unauthorized: not before I announce the channel anew; unknown: it may have been sent",
        ),
        may(
            "retry_after_ms",
            FieldKind::Integer(0, 86_400_000),
            "transient: not before this time, in milliseconds",
        ),
    ],
    response: &[MESSAGE_ID, must("state", FieldKind::Name, "as it is now")],
};
