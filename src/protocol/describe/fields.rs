//! Fields that several actions and events share.

use super::shape::{FieldKind, FieldSpec};

/// A field that must be there.
pub(super) const fn must(name: &'static str, kind: FieldKind, summary: &'static str) -> FieldSpec {
    FieldSpec {
        name,
        kind,
        required: true,
        summary,
    }
}

/// A field that may be left out.
pub(super) const fn may(name: &'static str, kind: FieldKind, summary: &'static str) -> FieldSpec {
    FieldSpec {
        name,
        kind,
        required: false,
        summary,
    }
}

/// Any whole number that every client can hold (2^53 - 1, RFC 8259 §6).
pub(super) const COUNT: FieldKind = FieldKind::Integer(0, (1 << 53) - 1);

/// The id of a message.
pub(super) const MESSAGE_ID: FieldSpec =
    must("message_id", FieldKind::Name, "the message, as m-17");

/// What a text is written in.
pub(super) const FORMAT: FieldSpec = may(
    "format",
    FieldKind::Name,
    "markdown: the text is shown formatted, in the dialect of its service, and in words where that has none; text unless told",
);

/// When to send.
pub(super) const AT: FieldSpec = may(
    "at",
    FieldKind::Any,
    "send it then: RFC 3339 with an offset, a time of the gateway's zone as 2026-11-27 08:00, or ms since 1970",
);

/// How long to wait.
pub(super) const IN: FieldSpec = may(
    "in",
    FieldKind::Name,
    "send it after this long: 30s, 10m, 2h, 3d",
);

/// How late it may be.
pub(super) const GRACE: FieldSpec = may(
    "grace",
    FieldKind::Name,
    "with at or in: after a downtime it goes out no later than this, else it has failed; 1h unless told",
);

/// A turn of an agent.
pub(super) const TURN_ID: FieldSpec = must("turn_id", FieldKind::Name, "the turn, as t-17");

/// The conversation that it is about: its integration and the other side.
pub(super) const CONVERSATION: [FieldSpec; 2] = [
    must("channel", FieldKind::Name, "the integration it belongs to"),
    must("peer", FieldKind::Name, "the other side's address"),
];

/// How the user keeps a conversation.
pub(super) const KEPT: &[FieldSpec] = &[
    CONVERSATION[0],
    CONVERSATION[1],
    must("pinned", FieldKind::Boolean, "clients show it first"),
    must("archived", FieldKind::Boolean, "clients put it away"),
    must(
        "muted",
        FieldKind::Boolean,
        "nobody is notified of its messages",
    ),
    must(
        "unread_mark",
        FieldKind::Boolean,
        "it is marked to be read again",
    ),
];

/// What is known of a kept file.
pub(super) const MEDIA_ROW: &[FieldSpec] = &[
    must(
        "media_id",
        FieldKind::Name,
        "the file: the SHA-256 of its bytes",
    ),
    must("bytes", COUNT, "how many it has"),
    must(
        "mime",
        FieldKind::Name,
        "its type, by its bytes where they tell",
    ),
    may("name", FieldKind::Name, "the name it came with"),
    must(
        "kind",
        FieldKind::Name,
        "what it makes of a message: image, video, audio, voice, document or sticker",
    ),
    may("width", COUNT, "in pixels, where known"),
    may("height", COUNT, "in pixels, where known"),
    may("seconds", COUNT, "how long it plays, where known"),
    may(
        "elsewhere",
        FieldKind::Boolean,
        "true where it is on another machine of the cluster, and comes when somebody opens it",
    ),
    may(
        "created_ms",
        COUNT,
        "when it was first kept, ms since 1970; not for a limited key",
    ),
    may(
        "references",
        COUNT,
        "how many messages have it; not for a limited key",
    ),
];

/// A message on the wire.
pub(super) const MESSAGE: &[FieldSpec] = &[
    MESSAGE_ID,
    must(
        "seq",
        COUNT,
        "sequence number of the event that brought it to this state",
    ),
    may(
        "cursor",
        FieldKind::Name,
        "in events of a cluster: what since takes on each of its machines; on one machine alone that is seq",
    ),
    must("channel", FieldKind::Name, "the integration it belongs to"),
    must("direction", FieldKind::Name, "in or out"),
    must(
        "peer",
        FieldKind::Name,
        "the other side's address, and so the conversation",
    ),
    may(
        "sender",
        FieldKind::Name,
        "who wrote it, where that is not the peer itself",
    ),
    may(
        "kind",
        FieldKind::Name,
        "what it is, where that is not text: image, video, audio, voice, document, sticker, \
         location, contact, poll, vote, choice, order, reaction, call, system or unsupported",
    ),
    must(
        "text",
        FieldKind::Text,
        "the text; of a kind without words the same in words",
    ),
    may(
        "content",
        FieldKind::Any,
        "what a kind without words says: location {lat, lng, name?, address?, live?}, \
         contact [{name, phones, emails}], poll {question, options}, vote {poll?, options}, \
         choice {id, title, description?, values?}, \
         order {items: [{id, name?, quantity, price?, currency?}], note?}, reaction {to, emoji}, \
         call {video, outcome?, seconds?}, system {event, …}, unsupported {type}",
    ),
    may(
        "media",
        FieldKind::Files,
        "its file, or the list of them: {kind, media_id?, url?, id?, mime?, name?, bytes?, width?, height?, \
         seconds?, round? (a round video), transcript? (what is said in a voice note), state?: fetching, ready or failed, error?, path? (in deliver: where to get it)}",
    ),
    must(
        "state",
        FieldKind::Name,
        "received, scheduled, queued, sending, sent, delivered, read, failed or cancelled",
    ),
    may("reply_to", FieldKind::Name, "the message it answers"),
    must("created_ms", COUNT, "when it was stored, ms since 1970"),
    must(
        "updated_ms",
        COUNT,
        "when it came to this state, ms since 1970",
    ),
    may(
        "at_ms",
        COUNT,
        "while it is scheduled: when it is to be sent, ms since 1970",
    ),
    may("attempts", COUNT, "how often delivery was tried"),
    may(
        "error",
        FieldKind::Text,
        "why the last attempt did not succeed",
    ),
    may(
        "meta",
        FieldKind::Any,
        "what an integration or a client keeps with it",
    ),
    may(
        "edits",
        FieldKind::Objects,
        "what it said before its author edited it, oldest first: {text, until_ms}",
    ),
    may(
        "deleted_ms",
        COUNT,
        "when its author deleted it, ms since 1970; it stays in the archive",
    ),
];

/// A message on its way to a bridge.
pub(super) const DELIVERY: &[FieldSpec] = &{
    const LAST: FieldSpec = may(
        "redelivered",
        FieldKind::Boolean,
        "true where you may have got it before: send it only if you did not",
    );
    let mut fields = [LAST; MESSAGE.len() + 1];
    let mut i = 0;
    while i < MESSAGE.len() {
        fields[i] = MESSAGE[i];
        i += 1;
    }
    fields
};

/// An integration that is named.
pub(super) const CHANNEL: FieldSpec = must(
    "name",
    FieldKind::Name,
    "an integration; integrations lists them",
);

/// The status of an integration.
pub(super) const INTEGRATION: &[FieldSpec] = &[
    must("name", FieldKind::Name, "which"),
    must(
        "state",
        FieldKind::Name,
        "stopped, starting, running, impaired, away, backing_off or parked",
    ),
    must("since_ms", COUNT, "since when, ms since 1970"),
    may("until_ms", COUNT, "backing_off: when it starts again"),
    may("last_error", FieldKind::Text, "what went wrong last"),
    may("advice", FieldKind::Text, "what the user can do about it"),
    may(
        "held",
        FieldKind::Text,
        "why its messages wait: paused, outside of its hours, at its daily limit",
    ),
    may(
        "pairable",
        FieldKind::Boolean,
        "true where integration.connect pairs a device",
    ),
    may(
        "deletes",
        FieldKind::Boolean,
        "true where delete takes a message back",
    ),
    must("counters", FieldKind::Object, "what it has done, by name"),
];

/// The status of an agent.
pub(super) const AGENT: &[FieldSpec] = &[
    must("name", FieldKind::Name, "which"),
    must(
        "state",
        FieldKind::Name,
        "stopped, starting, running, backing_off, parked, or away: it is not connected",
    ),
    must("since_ms", COUNT, "since when, ms since 1970"),
    may("until_ms", COUNT, "backing_off: when it starts again"),
    may("last_error", FieldKind::Text, "what went wrong last"),
    may("advice", FieldKind::Text, "what the user can do about it"),
    must(
        "supervised",
        FieldKind::Boolean,
        "true where the daemon starts it",
    ),
    must("counters", FieldKind::Object, "what it has done, by name"),
];

/// The channel on which a sender asks to be approved.
pub(super) const PAIRING_CHANNEL: FieldSpec = must("channel", FieldKind::Name, "where");

/// The code that a sender was given.
pub(super) const PAIRING_CODE: FieldSpec =
    must("code", FieldKind::Name, "the code of 8 characters");

/// The sender who asks to be approved.
pub(super) const PAIRING_SENDER: FieldSpec = must("sender", FieldKind::Name, "who");
