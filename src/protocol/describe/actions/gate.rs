//! What holds messages back: pauses.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

const CHANNEL: FieldSpec = may("channel", FieldKind::Name, "a channel; all unless told");

/// A pause as it is.
const TOLD: [FieldSpec; 5] = [
    must("channel", FieldKind::Name, "the channel, or all"),
    must("paused", FieldKind::Boolean, "whether it is"),
    may("since_ms", COUNT, "since when, ms since 1970"),
    may(
        "until_ms",
        COUNT,
        "until when, ms since 1970; without it until resume",
    ),
    may("reason", FieldKind::Text, "why"),
];

pub(super) const PAUSE: ActionSpec = ActionSpec {
    name: "pause",
    aliases: &[],
    summary: "Stops sending: from the answer on nothing leaves, also after a restart. Everything is accepted and waits.",
    request: &[
        CHANNEL,
        may(
            "for",
            FieldKind::Name,
            "for so long: 30m, 2h, 3d; until resume unless told",
        ),
        may("reason", FieldKind::Text, "why, for people"),
    ],
    response: &[
        TOLD[0],
        TOLD[1],
        TOLD[2],
        TOLD[3],
        TOLD[4],
        may(
            "in_flight",
            COUNT,
            "how many messages a service had already and did not answer yet",
        ),
    ],
};

pub(super) const RESUME: ActionSpec = ActionSpec {
    name: "resume",
    aliases: &[],
    summary: "Lets what was paused go on, in order.",
    request: &[CHANNEL],
    response: &TOLD,
};

pub(super) const PAUSES: ActionSpec = ActionSpec {
    name: "pauses",
    aliases: &[],
    summary: "What is paused.",
    request: &[],
    response: &[must(
        "pauses",
        FieldKind::Objects,
        "{channel, paused, since_ms, until_ms?, reason?}",
    )],
};
