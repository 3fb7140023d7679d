//! Every event and what it carries.

use super::{
    Event, Kind,
    fields::{COUNT, DELIVERY, INTEGRATION, MESSAGE, MESSAGE_ID, may, must},
};

/// Every event, in the order of the manual.
pub const EVENTS: &[Event] = &[
    Event {
        name: "message.received",
        summary: "A peer wrote. Stored.",
        payload: MESSAGE,
    },
    Event {
        name: "message.status",
        summary: "A message came to a new state. Stored.",
        payload: MESSAGE,
    },
    Event {
        name: "message.edited",
        summary: "The author of a message changed it: the text is the new one. Stored.",
        payload: MESSAGE,
    },
    Event {
        name: "message.deleted",
        summary: "The author of a message deleted it for everyone. It stays in the archive. Stored.",
        payload: MESSAGE,
    },
    Event {
        name: "conversation.read",
        summary: "A conversation was read up to a message.",
        payload: &[
            must("channel", Kind::Name, "the integration it belongs to"),
            must("peer", Kind::Name, "the other side's address"),
            MESSAGE_ID,
        ],
    },
    Event {
        name: "typing",
        summary: "Someone writes; in is from the peer. It lapses unless it is repeated.",
        payload: &[
            must("channel", Kind::Name, "the integration it belongs to"),
            must("peer", Kind::Name, "the other side's address"),
            may("sender", Kind::Name, "who writes in a group"),
            must("direction", Kind::Name, "in or out"),
            may("text", Kind::Text, "the text as far as it has grown"),
            must(
                "until_ms",
                COUNT,
                "when it lapses, ms since 1970; past where it ended",
            ),
        ],
    },
    Event {
        name: "deliver",
        summary: "To a bridge alone: send this message, and say with delivered or failed what became of it.",
        payload: DELIVERY,
    },
    Event {
        name: "integration.state",
        summary: "An integration changed its state.",
        payload: INTEGRATION,
    },
    Event {
        name: "client.connected",
        summary: "A client authenticated.",
        payload: &[
            must("id", Kind::Name, "as c-3"),
            must("address", Kind::Name, "from where"),
        ],
    },
    Event {
        name: "client.disconnected",
        summary: "An authenticated client left.",
        payload: &[
            must("id", Kind::Name, "as c-3"),
            must("reason", Kind::Text, "why"),
        ],
    },
    Event {
        name: "log",
        summary: "A log line.",
        payload: &[
            must("time_ms", COUNT, "when, ms since 1970"),
            must("level", Kind::Name, "how grave"),
            must("target", Kind::Name, "which part spoke"),
            must("message", Kind::Text, "what"),
            must("fields", Kind::Object, "what varies"),
        ],
    },
    Event {
        name: "app.*",
        summary: "What a client published.",
        payload: &[],
    },
    Event {
        name: "lagged",
        summary: "You were too slow; unstored events were left out.",
        payload: &[
            must("dropped", COUNT, "how many"),
            must("from", COUNT, "when the first was, ms since 1970"),
            must("to", COUNT, "when the last was, ms since 1970"),
        ],
    },
    Event {
        name: "shutdown",
        summary: "The daemon goes down; sent to everyone.",
        payload: &[
            must("reason", Kind::Text, "why"),
            must(
                "restart_expected",
                Kind::Boolean,
                "true where it comes back by itself",
            ),
        ],
    },
    Event {
        name: "error",
        summary: "A message of yours could not be read, so there is no id to answer to.",
        payload: &[
            must("code", Kind::Name, "as in errors"),
            must("message", Kind::Text, "what is wrong"),
        ],
    },
];
