//! The actions about conversations: which there are, up to where each was read, who writes.

use crate::protocol::describe::{
    Action, Field, Kind,
    fields::{COUNT, MESSAGE_ID, may, must},
};

const CHANNEL: Field = must("channel", Kind::Name, "the integration it belongs to");

pub(super) const CONVERSATIONS: Action = Action {
    name: "conversations",
    aliases: &[],
    summary: "Who there is to talk to: every conversation with its newest message, newest first.",
    request: &[
        may("channel", Kind::Name, "only of this channel"),
        may(
            "limit",
            Kind::Integer(1, 1000),
            "conversations at most, 100 unless told",
        ),
        may(
            "before",
            Kind::Name,
            "only those whose newest message is older than this message id",
        ),
    ],
    response: &[
        must(
            "conversations",
            Kind::Objects,
            "{channel, peer, name?, unread, last, read_up_to?}; unread counts what the peer wrote behind the read mark, among the newest 1,000 messages",
        ),
        may(
            "next",
            Kind::Name,
            "pass it as before for the next page; absent at the end",
        ),
        may(
            "partial",
            Kind::Boolean,
            "true where there are more than 100,000 conversations: not all were looked at",
        ),
    ],
};

pub(super) const READ: Action = Action {
    name: "read",
    aliases: &[],
    summary: "Marks a conversation as read, up to its newest message or the one named; the service shows it where it can. A mark never moves back.",
    request: &[
        CHANNEL,
        must("peer", Kind::Name, "the other side's address"),
        may(
            "message_id",
            Kind::Name,
            "up to this message, the newest unless told",
        ),
    ],
    response: &[
        MESSAGE_ID,
        must("unread", COUNT, "what the peer wrote behind the mark"),
    ],
};

pub(super) const TYPING: Action = Action {
    name: "typing",
    aliases: &[],
    summary: "We write to a peer (to), or one of webchat or of a bridge writes (peer): tells subscribers, and the service where it can. Repeat it while it lasts.",
    request: &[
        CHANNEL,
        may(
            "to",
            Kind::Name,
            "we write to this peer; either this or peer",
        ),
        may(
            "peer",
            Kind::Name,
            "this peer writes: a WebChat visitor, or one behind a bridge",
        ),
        may("text", Kind::Text, "the text as far as it has grown"),
    ],
    response: &[must(
        "shown",
        Kind::Boolean,
        "true where the other side can see it; not that it does",
    )],
};
