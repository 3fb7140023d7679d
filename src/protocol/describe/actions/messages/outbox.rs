//! What waits to be sent.

use crate::protocol::describe::{
    fields::{may, must},
    shape::{ActionSpec, FieldKind},
};

pub(in crate::protocol::describe::actions) const OUTBOX: ActionSpec = ActionSpec {
    name: "outbox",
    aliases: &[],
    summary: "What waits to be sent, oldest first, and the newest of what was given up.",
    request: &[
        may("channel", FieldKind::Name, "only of this channel"),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "messages of each kind at most, 50 unless told",
        ),
    ],
    response: &[
        must(
            "waiting",
            FieldKind::Objects,
            "messages, each with due_ms besides: when it is tried next",
        ),
        must(
            "failed",
            FieldKind::Objects,
            "messages; retry queues one again",
        ),
    ],
};
