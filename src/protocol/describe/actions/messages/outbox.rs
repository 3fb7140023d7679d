//! What waits to be sent.

use crate::protocol::describe::{
    fields::{AT, COUNT, GRACE, IN, MESSAGE_ID, may, must},
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
        may(
            "held",
            FieldKind::Objects,
            "channels with messages that are held back: {channel, held: why}",
        ),
    ],
};

pub(in crate::protocol::describe::actions) const BATCH: ActionSpec = ActionSpec {
    name: "batch",
    aliases: &[],
    summary: "The messages of a send to several, or the end of those that were not tried yet.",
    request: &[
        must("batch_id", FieldKind::Name, "of the answer to send"),
        may("cancel", FieldKind::Boolean, "cancel what can be"),
    ],
    response: &[
        must("batch_id", FieldKind::Name, "the batch"),
        must(
            "messages",
            FieldKind::Objects,
            "{message_id, channel, to, state, error?}, oldest first",
        ),
    ],
};

pub(in crate::protocol::describe::actions) const SCHEDULED: ActionSpec = ActionSpec {
    name: "scheduled",
    aliases: &[],
    summary: "What is to be sent later, the earliest first.",
    request: &[
        may("channel", FieldKind::Name, "only of this channel"),
        may("peer", FieldKind::Name, "only to this peer; needs channel"),
        may("after", FieldKind::Name, "next of the page before"),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "messages at most, 50 unless told",
        ),
    ],
    response: &[
        must("messages", FieldKind::Objects, "messages, each with at_ms"),
        may("next", FieldKind::Name, "there are more: pass it as after"),
    ],
};

pub(in crate::protocol::describe::actions) const RESCHEDULE: ActionSpec = ActionSpec {
    name: "reschedule",
    aliases: &[],
    summary: "Gives a scheduled message another time.",
    request: &[MESSAGE_ID, AT, IN, GRACE],
    response: &[
        MESSAGE_ID,
        must("state", FieldKind::Name, "scheduled"),
        must("at_ms", COUNT, "when it is to be sent, ms since 1970"),
    ],
};
