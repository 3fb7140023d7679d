//! Webhooks: where stored events are posted to, and how each receiver is.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

const NAME: FieldSpec = must(
    "name",
    FieldKind::Name,
    "webhook, webhook-2, …, or its number; webhooks lists them",
);

const WEBHOOK: &[FieldSpec] = &[
    must("name", FieldKind::Name, "which"),
    must(
        "url",
        FieldKind::Text,
        "where it is, without user and query",
    ),
    must("topics", FieldKind::Texts, "which events it gets"),
    must("signed", FieldKind::Boolean, "whether they are signed"),
    must(
        "state",
        FieldKind::Name,
        "running, backing_off, paused, or parked: it answered 410, or its topics cannot be",
    ),
    must("since_ms", COUNT, "since when, ms since 1970"),
    may("until_ms", COUNT, "backing_off: when it is tried again"),
    may("last_error", FieldKind::Text, "what went wrong last"),
    may("advice", FieldKind::Text, "what the user can do about it"),
    must(
        "cursor",
        COUNT,
        "it has the events up to this sequence number",
    ),
    must("lag", COUNT, "how many stored events are behind that"),
    may("last_ok_ms", COUNT, "when it took one last"),
    must("failures", COUNT, "attempts in a row that failed"),
    must("sent", COUNT, "events that it took since the start"),
    must(
        "missed",
        COUNT,
        "events that were no longer kept when their turn came",
    ),
];

pub(super) const WEBHOOKS: ActionSpec = ActionSpec {
    name: "webhooks",
    aliases: &[],
    summary: "The receivers that stored events are posted to, and how each is.",
    request: &[],
    response: &[must(
        "webhooks",
        FieldKind::Objects,
        "{name, url, topics, signed, state, since_ms, until_ms?, last_error?, advice?, cursor, lag, last_ok_ms?, failures, sent, missed}",
    )],
};

pub(super) const WEBHOOK_TEST: ActionSpec = ActionSpec {
    name: "webhook.test",
    aliases: &[],
    summary: "Posts an event webhook.test to a receiver, out of turn. The answer may come out of order.",
    request: &[NAME],
    response: &[
        must("name", FieldKind::Name, "which"),
        must(
            "id",
            FieldKind::Name,
            "the webhook-id that it was posted with",
        ),
        must("took_ms", COUNT, "how long that took"),
        must("signed", FieldKind::Boolean, "whether it was signed"),
    ],
};

pub(super) const WEBHOOK_REPLAY: ActionSpec = ActionSpec {
    name: "webhook.replay",
    aliases: &[],
    summary: "Posts a receiver again what is stored after a sequence number; goes on with one that is paused or parked.",
    request: &[
        NAME,
        must(
            "since",
            COUNT,
            "the sequence number after which it begins; 0 is all that is kept",
        ),
    ],
    response: WEBHOOK,
};

pub(super) const WEBHOOK_PAUSE: ActionSpec = ActionSpec {
    name: "webhook.pause",
    aliases: &[],
    summary: "Posts a receiver nothing until it is resumed, also after a restart; what is stored meanwhile waits.",
    request: &[NAME],
    response: WEBHOOK,
};

pub(super) const WEBHOOK_RESUME: ActionSpec = ActionSpec {
    name: "webhook.resume",
    aliases: &[],
    summary: "Goes on with a receiver that is paused, parked or waiting for its next attempt.",
    request: &[NAME],
    response: WEBHOOK,
};
