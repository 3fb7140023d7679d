//! The actions about what is kept, and for how long.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

const CONFIRM: FieldSpec = may(
    "confirm",
    FieldKind::Boolean,
    "true does it, and nothing brings it back; without it the answer only says what there is",
);

const DONE: FieldSpec = must(
    "done",
    FieldKind::Boolean,
    "true where it was removed, and nothing of it is in a file any more",
);

const MESSAGES: FieldSpec = must("messages", COUNT, "messages that go, or went");

const FILES: FieldSpec = must(
    "files",
    COUNT,
    "their files; those that other messages have too stay",
);

pub(super) const FORGET: ActionSpec = ActionSpec {
    name: "forget",
    aliases: &[],
    summary: "Removes for good what is kept of a person: messages in both directions and those they wrote in groups, files, names, pairings, schedules, what agents remember, lines of the log. What others wrote of them stays. Backups keep it until they are gone.",
    request: &[
        must("channel", FieldKind::Name, "the integration they write by"),
        must(
            "peer",
            FieldKind::Name,
            "their address, or another that leads to it",
        ),
        CONFIRM,
    ],
    response: &[
        must("channel", FieldKind::Name, "the integration"),
        must("peer", FieldKind::Name, "their address"),
        must(
            "names",
            FieldKind::Texts,
            "every address by which they are known",
        ),
        must("called", FieldKind::Texts, "what their service calls them"),
        MESSAGES,
        must("in_groups", COUNT, "of these, those they wrote in groups"),
        must(
            "waiting",
            COUNT,
            "of these, those that wait to be sent to them: cancelled first",
        ),
        must(
            "mentions",
            COUNT,
            "messages of others that name them besides the text: the name is taken out",
        ),
        FILES,
        must("turns", COUNT, "turns of agents"),
        must(
            "schedules",
            FieldKind::Texts,
            "names of what is sent to them again and again",
        ),
        must(
            "paired",
            FieldKind::Boolean,
            "true where they were let in, or ask to be",
        ),
        must(
            "agent_files",
            COUNT,
            "files in which agents remember their conversations",
        ),
        must(
            "damaged_copies",
            FieldKind::Texts,
            "copies of a damaged message file: they go as a whole",
        ),
        must(
            "settings",
            FieldKind::Texts,
            "keys of .env that name them: change these yourself",
        ),
        may(
            "being_sent",
            COUNT,
            "messages that stayed, since they were being sent: ask again",
        ),
        may("log_lines", COUNT, "lines taken out of the log"),
        DONE,
    ],
};

pub(super) const PURGE: ActionSpec = ActionSpec {
    name: "purge",
    aliases: &[],
    summary: "Removes for good every message that was stored before a moment, with its files and keys. What waits to be sent stays.",
    request: &[
        must(
            "before",
            FieldKind::Any,
            "the moment: how long ago, as 90d, a day as 2026-01-31, a time as at of send, or ms since 1970",
        ),
        may("channel", FieldKind::Name, "only of this integration"),
        CONFIRM,
    ],
    response: &[
        must("before_ms", COUNT, "the moment, ms since 1970"),
        may(
            "channel",
            FieldKind::Name,
            "the integration, where only its messages were meant",
        ),
        MESSAGES,
        FILES,
        may(
            "first_ms",
            COUNT,
            "when the first of them was stored, ms since 1970",
        ),
        may(
            "last_ms",
            COUNT,
            "when the last of them was stored, ms since 1970",
        ),
        DONE,
    ],
};
