//! The actions about conversations: which there are, up to where each was read, who writes.

use crate::protocol::describe::{
    fields::{COUNT, KEPT, MESSAGE_ID, may, must},
    shape::{ActionSpec, FieldKind, FieldSpec},
};

const CHANNEL: FieldSpec = must("channel", FieldKind::Name, "the integration it belongs to");

pub(super) const CONVERSATIONS: ActionSpec = ActionSpec {
    name: "conversations",
    aliases: &[],
    summary: "Who there is to talk to: every conversation with its newest message, newest first.",
    request: &[
        may("channel", FieldKind::Name, "only of this channel"),
        may(
            "limit",
            FieldKind::Integer(1, 1000),
            "conversations at most, 100 unless told",
        ),
        may(
            "only",
            FieldKind::Name,
            "only these: pinned, archived, unread (also by its mark) or groups",
        ),
        may(
            "before",
            FieldKind::Name,
            "only those whose newest message is older than this message id",
        ),
    ],
    response: &[
        must(
            "conversations",
            FieldKind::Objects,
            "{channel, peer, name?, unread, last, read_up_to?, pinned?, archived?, muted?, unread_mark?}; name is the newest that came with a message, or what the service called the group when integration.groups asked it; unread counts what the peer wrote behind the read mark, among the newest 1,000 messages; the last four are there where true",
        ),
        may(
            "next",
            FieldKind::Name,
            "pass it as before for the next page; absent at the end",
        ),
        may(
            "partial",
            FieldKind::Boolean,
            "true where there are more than 100,000 conversations: not all were looked at",
        ),
    ],
};

pub(super) const READ: ActionSpec = ActionSpec {
    name: "read",
    aliases: &[],
    summary: "Marks a conversation as read, up to its newest message or the one named; the service shows it where it can. A mark never moves back. It takes off unread of conversation.set.",
    request: &[
        CHANNEL,
        must("peer", FieldKind::Name, "the other side's address"),
        may(
            "message_id",
            FieldKind::Name,
            "up to this message, the newest unless told",
        ),
    ],
    response: &[
        MESSAGE_ID,
        must("unread", COUNT, "what the peer wrote behind the mark"),
    ],
};

pub(super) const CONVERSATION_SET: ActionSpec = ActionSpec {
    name: "conversation.set",
    aliases: &[],
    summary: "Pins a conversation, archives, mutes or marks it as unread, or the opposite; at least one of the four. A new message brings back what is archived, unless it is muted.",
    request: &[
        CHANNEL,
        must("peer", FieldKind::Name, "the other side's address"),
        may(
            "pinned",
            FieldKind::Boolean,
            "whether clients show it first",
        ),
        may(
            "archived",
            FieldKind::Boolean,
            "whether clients put it away",
        ),
        may(
            "muted",
            FieldKind::Boolean,
            "whether nobody is notified of its messages; they count as unread nevertheless",
        ),
        may(
            "unread",
            FieldKind::Boolean,
            "whether it is marked to be read again, until the action read",
        ),
    ],
    response: KEPT,
};

pub(super) const TYPING: ActionSpec = ActionSpec {
    name: "typing",
    aliases: &[],
    summary: "We write to a peer (to), or one of webchat or of a bridge writes (peer): tells subscribers, and the service where it can. Repeat it while it lasts.",
    request: &[
        CHANNEL,
        may(
            "to",
            FieldKind::Name,
            "we write to this peer; either this or peer",
        ),
        may(
            "peer",
            FieldKind::Name,
            "this peer writes: a WebChat visitor, or one behind a bridge",
        ),
        may("text", FieldKind::Text, "the text as far as it has grown"),
    ],
    response: &[must(
        "shown",
        FieldKind::Boolean,
        "true where the other side can see it; not that it does",
    )],
};
