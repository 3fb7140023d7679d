//! The bus between clients: what each hears, what they tell each other, and who is there.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const SUBSCRIBE: ActionSpec = ActionSpec {
    name: "subscribe",
    aliases: &[],
    summary: "Adds topics. With since, every stored event after that one is replayed first, in order.",
    request: &[
        must(
            "topics",
            FieldKind::Names,
            "event names, NAME.*, or NAME.*@CHANNEL/PEER for one conversation",
        ),
        may(
            "since",
            FieldKind::Since,
            "replay stored events after this one: its seq, or its cursor, also where another machine of the cluster told it",
        ),
    ],
    response: &[
        must("topics", FieldKind::Texts, "all topics of this connection"),
        must("seq", COUNT, "the last stored event's sequence number"),
    ],
};

pub(super) const UNSUBSCRIBE: ActionSpec = ActionSpec {
    name: "unsubscribe",
    aliases: &[],
    summary: "Takes topics away.",
    request: &[must("topics", FieldKind::Names, "as they were subscribed")],
    response: &[must("topics", FieldKind::Texts, "what is left")],
};

pub(super) const PUBLISH: ActionSpec = ActionSpec {
    name: "publish",
    aliases: &[],
    summary: "Sends an event to every client that subscribed to it; not stored.",
    request: &[
        must("topic", FieldKind::Name, "app. and what you like"),
        may(
            "data",
            FieldKind::Any,
            "the event's payload, {} unless told",
        ),
    ],
    response: &[must("delivered", COUNT, "clients it was queued for")],
};

pub(super) const CLIENTS: ActionSpec = ActionSpec {
    name: "clients",
    aliases: &[],
    summary: "Who is connected.",
    request: &[],
    response: &[must(
        "clients",
        FieldKind::Objects,
        "{id, name?, kind?, version?, channel?, key_id?, key?, role, since_ms, address, topics, received, sent, queued_bytes}",
    )],
};
