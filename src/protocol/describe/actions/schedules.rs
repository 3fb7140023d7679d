//! What is sent again and again.

use crate::protocol::describe::{
    fields::{COUNT, GRACE, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

/// The greatest number of times.
const MAX_COUNT: u64 = 1_000_000;

/// A schedule as it is shown.
const SCHEDULE: &str = "{name, channel, to, text, media?, content?, reply_to?, meta?, cron | every_ms, zone?, until_ms?, count? (how often yet), grace_ms, \
                        state: active, paused or over, next_ms?, last?: {at_ms, message_id?, error?}}";

const NAME: FieldSpec = must("name", FieldKind::Name, "what it is called");

/// What an action with one of them answers: the schedule as it is then.
const TOLD: [FieldSpec; 18] = [
    NAME,
    may("channel", FieldKind::Name, "where it sends"),
    may("to", FieldKind::Name, "to whom"),
    may("text", FieldKind::Text, "what"),
    may("media", FieldKind::Files, "with which files"),
    may(
        "content",
        FieldKind::Any,
        "what it is where it is neither text nor file",
    ),
    may("reply_to", FieldKind::Name, "the message it answers"),
    may(
        "meta",
        FieldKind::Object,
        "how it is sent: its format, a template",
    ),
    may("cron", FieldKind::Name, "at these times"),
    may("every_ms", COUNT, "or after every so long"),
    may("zone", FieldKind::Name, "the zone of the times"),
    may("state", FieldKind::Name, "active, paused or over"),
    may("next_ms", COUNT, "when it sends next, ms since 1970"),
    may("count", COUNT, "how often yet"),
    may("until_ms", COUNT, "no later than this, ms since 1970"),
    may("grace_ms", COUNT, "how late a time may be, in ms"),
    may("paused", FieldKind::Boolean, "whether it is paused"),
    may(
        "last",
        FieldKind::Object,
        "the last time: {at_ms, message_id?, error?}",
    ),
];

pub(super) const SCHEDULES: ActionSpec = ActionSpec {
    name: "schedules",
    aliases: &["schedule.list"],
    summary: "What is sent again and again.",
    request: &[],
    response: &[must("schedules", FieldKind::Objects, SCHEDULE)],
};

pub(super) const SCHEDULE_ADD: ActionSpec = ActionSpec {
    name: "schedule.add",
    aliases: &[],
    summary: "Has a message sent again and again. Each time is a message of its own, once; what a downtime missed is sent once at most. One of the same name is replaced.",
    request: &[
        must(
            "name",
            FieldKind::Name,
            "what to call it, up to 64 characters; CHANNEL/PEER/ is put in front for a limited key",
        ),
        may(
            "cron",
            FieldKind::Name,
            "the times: minute, hour, day of the month, month, day of the week, as 0 8 * * mon-fri; or @daily",
        ),
        may("every", FieldKind::Name, "or a span: 30m, 2h, 1d"),
        may(
            "zone",
            FieldKind::Name,
            "the zone of the times, as America/Sao_Paulo; that of the settings unless told",
        ),
        must(
            "send",
            FieldKind::Object,
            "the message, as send takes it, without a time of its own",
        ),
        may(
            "until",
            FieldKind::Any,
            "no later than this: a time as at takes it, or a day, which counts whole",
        ),
        may(
            "count",
            FieldKind::Integer(1, MAX_COUNT),
            "so many times; one at which the channel is not there is none of them",
        ),
        GRACE,
        may(
            "paused",
            FieldKind::Boolean,
            "true: it sends nothing until it is resumed; left out: as the one of its name was",
        ),
    ],
    response: &TOLD,
};

pub(super) const SCHEDULE_REMOVE: ActionSpec = ActionSpec {
    name: "schedule.remove",
    aliases: &[],
    summary: "Ends a schedule. What it has sent or queued stays.",
    request: &[NAME],
    response: &[NAME],
};

pub(super) const SCHEDULE_PAUSE: ActionSpec = ActionSpec {
    name: "schedule.pause",
    aliases: &[],
    summary: "Has a schedule send nothing, or go on; what it would have sent meanwhile is not sent.",
    request: &[
        NAME,
        may(
            "paused",
            FieldKind::Boolean,
            "false: it goes on; true unless told",
        ),
    ],
    response: &TOLD,
};

pub(super) const SCHEDULE_RUN: ActionSpec = ActionSpec {
    name: "schedule.run",
    aliases: &[],
    summary: "Has a schedule send now, besides its times.",
    request: &[NAME],
    response: &TOLD,
};
