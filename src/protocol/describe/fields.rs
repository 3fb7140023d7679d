//! Fields that several actions and events share.

use super::{Field, Kind};

/// A field that must be there.
pub(super) const fn must(name: &'static str, kind: Kind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        required: true,
        summary,
    }
}

/// A field that may be left out.
pub(super) const fn may(name: &'static str, kind: Kind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        required: false,
        summary,
    }
}

/// Any whole number that every client can hold (2^53 - 1, RFC 8259 §6).
pub(super) const COUNT: Kind = Kind::Integer(0, (1 << 53) - 1);

/// How messages are named.
pub(super) const MESSAGE_ID: Field = must("message_id", Kind::Name, "the message, as m-17");

/// A message on the wire.
pub(super) const MESSAGE: &[Field] = &[
    MESSAGE_ID,
    must(
        "seq",
        COUNT,
        "sequence number of the event that brought it to this state",
    ),
    must("channel", Kind::Name, "the integration it belongs to"),
    must("direction", Kind::Name, "in or out"),
    must(
        "peer",
        Kind::Name,
        "the other side's address, and so the conversation",
    ),
    may(
        "sender",
        Kind::Name,
        "who wrote it, where that is not the peer itself",
    ),
    may(
        "kind",
        Kind::Name,
        "what it is, where that is not text: image, video, audio, voice, document, sticker, \
         location, contact, poll, vote, choice, order, reaction, call, system or unsupported",
    ),
    must(
        "text",
        Kind::Text,
        "the text; of a kind without words the same in words",
    ),
    may(
        "content",
        Kind::Any,
        "what a kind without words says: location {lat, lng, name?, address?, live?}, \
         contact [{name, phones, emails}], poll {question, options}, vote {poll?, options}, \
         choice {id, title, description?, values?}, \
         order {items: [{id, name?, quantity, price?, currency?}], note?}, reaction {to, emoji}, \
         call {video, outcome?, seconds?}, system {event, …}, unsupported {type}",
    ),
    may("media", Kind::Object, "{kind, url, mime?, name?}"),
    must(
        "state",
        Kind::Name,
        "received, queued, sending, sent, delivered, read, failed or cancelled",
    ),
    may("reply_to", Kind::Name, "the message it answers"),
    must("created_ms", COUNT, "when it was stored, ms since 1970"),
    must(
        "updated_ms",
        COUNT,
        "when it came to this state, ms since 1970",
    ),
    may("attempts", COUNT, "how often delivery was tried"),
    may("error", Kind::Text, "why the last attempt did not succeed"),
    may(
        "meta",
        Kind::Any,
        "what an integration or a client keeps with it",
    ),
    may(
        "edits",
        Kind::Objects,
        "what it said before its author edited it, oldest first: {text, until_ms}",
    ),
    may(
        "deleted_ms",
        COUNT,
        "when its author deleted it, ms since 1970; it stays in the archive",
    ),
];

/// A message on its way to a bridge.
pub(super) const DELIVERY: &[Field] = &{
    const LAST: Field = may(
        "redelivered",
        Kind::Boolean,
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
pub(super) const CHANNEL: Field = must(
    "name",
    Kind::Name,
    "an integration; integrations lists them",
);

/// An integration as it stands.
pub(super) const INTEGRATION: &[Field] = &[
    must("name", Kind::Name, "which"),
    must(
        "state",
        Kind::Name,
        "stopped, starting, running, impaired, away, backing_off or parked",
    ),
    must("since_ms", COUNT, "since when, ms since 1970"),
    may("until_ms", COUNT, "backing_off: when it starts again"),
    may("last_error", Kind::Text, "what went wrong last"),
    may("advice", Kind::Text, "what the user can do about it"),
    must("counters", Kind::Object, "what it has done, by name"),
];

/// Where someone asks to be let in.
pub(super) const PAIRING_CHANNEL: Field = must("channel", Kind::Name, "where");

/// What someone was told.
pub(super) const PAIRING_CODE: Field = must("code", Kind::Name, "the code of 8 characters");

/// Who asks to be let in.
pub(super) const PAIRING_SENDER: Field = must("sender", Kind::Name, "who");
