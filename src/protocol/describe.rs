//! The protocol documents itself: one table of actions and events. `payload` checks what clients
//! send against it, the `describe` action shows it, so the two cannot differ.

use serde_json::{Value, json};

/// What a field may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any string.
    Text,
    /// A string of 1 to 256 bytes without control characters.
    Name,
    /// A whole number in this range.
    Integer(u64, u64),
    /// `true` or `false`.
    Boolean,
    /// An object.
    Object,
    /// An array of strings, each as `Name`, 1 to 64 of them.
    Names,
    /// An array of objects.
    Objects,
    /// Any JSON value.
    Any,
}

/// One field of a payload.
#[derive(Debug)]
pub struct Field {
    /// Its key.
    pub name: &'static str,
    /// What it may hold.
    pub kind: Kind,
    /// False where it may be left out.
    pub required: bool,
    /// One line of text.
    pub summary: &'static str,
}

/// One action and the shape of both its payloads.
#[derive(Debug)]
pub struct Action {
    /// Its name.
    pub name: &'static str,
    /// Older names that stay accepted.
    pub aliases: &'static [&'static str],
    /// One line of text.
    pub summary: &'static str,
    /// What the client sends.
    pub request: &'static [Field],
    /// What the gateway answers.
    pub response: &'static [Field],
}

/// One event and the shape of its payload.
#[derive(Debug)]
pub struct Event {
    /// Its name; `*` stands for what the publisher chose.
    pub name: &'static str,
    /// One line of text.
    pub summary: &'static str,
    /// What it carries.
    pub payload: &'static [Field],
}

const fn must(name: &'static str, kind: Kind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        required: true,
        summary,
    }
}

const fn may(name: &'static str, kind: Kind, summary: &'static str) -> Field {
    Field {
        name,
        kind,
        required: false,
        summary,
    }
}

/// Any whole number that every client can hold (2^53 - 1, RFC 8259 §6).
const COUNT: Kind = Kind::Integer(0, (1 << 53) - 1);

const MESSAGE_ID: Field = must("message_id", Kind::Name, "the message, as m-17");

/// A message on the wire.
const MESSAGE: &[Field] = &[
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
    must("text", Kind::Text, "the text"),
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
];

/// Every action, in the order of the manual.
pub const ACTIONS: &[Action] = &[
    Action {
        name: "auth",
        aliases: &[],
        summary: "Opens the connection; answers with the hello. After a header token, asks for the hello.",
        request: &[
            may(
                "token",
                Kind::Text,
                "the token of .env; needed unless the upgrade carried it",
            ),
            may(
                "client",
                Kind::Object,
                "{name?, kind?: cli|webchat|agent|mobile|integration, version?}",
            ),
        ],
        response: &[
            must("protocol", COUNT, "1"),
            must("server", Kind::Name, "cleudocodebot"),
            must("version", Kind::Name, "of the server"),
            must("client_id", Kind::Name, "this connection, as c-3"),
            must(
                "limits",
                Kind::Object,
                "{max_message_bytes, max_queue_bytes, heartbeat_ms}",
            ),
        ],
    },
    Action {
        name: "ping",
        aliases: &[],
        summary: "Answers at once.",
        request: &[],
        response: &[
            must("pong", Kind::Boolean, "true"),
            must("time_ms", COUNT, "the gateway's clock, ms since 1970"),
            may("echo", Kind::Any, "the payload, where one was sent"),
        ],
    },
    Action {
        name: "status",
        aliases: &["get_status"],
        summary: "How the daemon is.",
        request: &[],
        response: &[
            must("version", Kind::Name, "of the server"),
            must("pid", COUNT, "its process"),
            must("started_ms", COUNT, "when it started, ms since 1970"),
            must("uptime_ms", COUNT, "for how long it runs"),
            must("ready", Kind::Boolean, "as /readyz"),
            may("not_ready", Kind::Text, "why it is not ready"),
            must("home", Kind::Text, "its home folder"),
            must("clients", COUNT, "connected now"),
            must("integrations", Kind::Objects, "as the action integrations"),
            must(
                "queues",
                Kind::Object,
                "{outbox: {channel: count}, store, events}: what waits where",
            ),
            must(
                "store",
                Kind::Object,
                "{kind, messages, seq, commits, writes, failing_since_ms?, error?}",
            ),
            must("memory", Kind::Object, "{rss_bytes?}"),
            must("counters", Kind::Object, "as /metrics, by name"),
        ],
    },
    Action {
        name: "describe",
        aliases: &[],
        summary: "This table.",
        request: &[],
        response: &[
            must("protocol", COUNT, "1"),
            must(
                "actions",
                Kind::Objects,
                "{name, aliases, summary, request, response}",
            ),
            must("events", Kind::Objects, "{name, summary, payload}"),
            must("errors", Kind::Objects, "{code, jsonrpc, http, meaning}"),
        ],
    },
    Action {
        name: "send",
        aliases: &["send_message"],
        summary: "Queues a message; when the answer comes it is on disk. With wait, the answer comes (out of order) when it is sent or failed.",
        request: &[
            must(
                "channel",
                Kind::Name,
                "an integration; integrations lists them",
            ),
            must("to", Kind::Name, "the peer's address on that channel"),
            may("text", Kind::Text, "the text; needed unless there is media"),
            may(
                "media",
                Kind::Object,
                "{kind: image|video|audio|document, url, mime?, name?}",
            ),
            may("reply_to", Kind::Name, "the message it answers"),
            may(
                "idempotency_key",
                Kind::Name,
                "the same key again gives the first message, for 7 days",
            ),
            may(
                "wait",
                Kind::Boolean,
                "answer when it is sent, failed or cancelled",
            ),
        ],
        response: &[
            MESSAGE_ID,
            must(
                "state",
                Kind::Name,
                "queued; with wait: sent, delivered, read, failed or cancelled",
            ),
            must(
                "duplicate",
                Kind::Boolean,
                "true where the idempotency_key was known",
            ),
            may("error", Kind::Text, "why it failed"),
        ],
    },
    Action {
        name: "receive",
        aliases: &[],
        summary: "Hands in a message from a peer: what a WebChat visitor or a bridge says.",
        request: &[
            must(
                "channel",
                Kind::Name,
                "the integration it came by, such as webchat",
            ),
            must(
                "peer",
                Kind::Name,
                "who it is from, and so the conversation",
            ),
            may("text", Kind::Text, "the text; needed unless there is media"),
            may(
                "sender",
                Kind::Name,
                "who wrote it, where that is not the peer itself",
            ),
            may(
                "media",
                Kind::Object,
                "{kind: image|video|audio|document, url, mime?, name?}",
            ),
            may("reply_to", Kind::Name, "the message it answers"),
            may(
                "dedup_key",
                Kind::Name,
                "the same key again gives the first message, for 7 days",
            ),
            may("meta", Kind::Any, "kept with the message"),
        ],
        response: &[
            MESSAGE_ID,
            must(
                "duplicate",
                Kind::Boolean,
                "true where the dedup_key was known",
            ),
        ],
    },
    Action {
        name: "message",
        aliases: &[],
        summary: "One message with the states it went through.",
        request: &[MESSAGE_ID],
        response: &[
            must("message", Kind::Object, "the message"),
            must(
                "history",
                Kind::Objects,
                "{seq, state, at_ms, attempts?, error?}, oldest first",
            ),
        ],
    },
    Action {
        name: "history",
        aliases: &[],
        summary: "Stored messages, newest last. Without after: the newest page, or the one before a message.",
        request: &[
            may("channel", Kind::Name, "only of this channel"),
            may(
                "peer",
                Kind::Name,
                "only of this conversation; needs channel",
            ),
            may("before", Kind::Name, "only older than this message id"),
            may("after", Kind::Name, "only younger than this message id"),
            may(
                "limit",
                Kind::Integer(1, 1000),
                "messages at most, 50 unless told",
            ),
        ],
        response: &[
            must("messages", Kind::Objects, "the page"),
            may(
                "next",
                Kind::Name,
                "pass it as before (or after) for the next page; absent at the end",
            ),
        ],
    },
    Action {
        name: "cancel",
        aliases: &[],
        summary: "Withdraws a message that is still queued.",
        request: &[MESSAGE_ID],
        response: &[MESSAGE_ID, must("state", Kind::Name, "cancelled")],
    },
    Action {
        name: "retry",
        aliases: &[],
        summary: "Queues a failed message again.",
        request: &[MESSAGE_ID],
        response: &[MESSAGE_ID, must("state", Kind::Name, "queued")],
    },
    Action {
        name: "subscribe",
        aliases: &[],
        summary: "Adds topics. With since, every stored event after that number is replayed first, in order.",
        request: &[
            must(
                "topics",
                Kind::Names,
                "event names, NAME.*, or NAME.*@CHANNEL/PEER for one conversation",
            ),
            may(
                "since",
                COUNT,
                "replay stored events after this sequence number",
            ),
        ],
        response: &[
            must("topics", Kind::Names, "all topics of this connection"),
            must("seq", COUNT, "the last stored event's sequence number"),
        ],
    },
    Action {
        name: "unsubscribe",
        aliases: &[],
        summary: "Takes topics away.",
        request: &[must("topics", Kind::Names, "as they were subscribed")],
        response: &[must("topics", Kind::Names, "what is left")],
    },
    Action {
        name: "publish",
        aliases: &[],
        summary: "Sends an event to every client that subscribed to it; not stored.",
        request: &[
            must("topic", Kind::Name, "app. and what you like"),
            may("data", Kind::Any, "the event's payload, {} unless told"),
        ],
        response: &[must("delivered", COUNT, "clients it was queued for")],
    },
    Action {
        name: "clients",
        aliases: &[],
        summary: "Who is connected.",
        request: &[],
        response: &[must(
            "clients",
            Kind::Objects,
            "{id, name?, kind?, version?, since_ms, address, topics, received, sent, queued_bytes}",
        )],
    },
    Action {
        name: "integrations",
        aliases: &["channels"],
        summary: "The channels and how each is.",
        request: &[],
        response: &[must(
            "integrations",
            Kind::Objects,
            "{name, state, since_ms, last_error?, counters}",
        )],
    },
    Action {
        name: "logs",
        aliases: &[],
        summary: "The last log lines; subscribe to log to follow.",
        request: &[
            may("lines", Kind::Integer(1, 1000), "at most, 100 unless told"),
            may(
                "level",
                Kind::Name,
                "error, warn, info or debug: at least this grave",
            ),
        ],
        response: &[must(
            "lines",
            Kind::Objects,
            "{time_ms, level, target, message, fields}, oldest first",
        )],
    },
    Action {
        name: "reload",
        aliases: &[],
        summary: "Reads .env again. A wrong file changes nothing and is explained.",
        request: &[],
        response: &[
            must("changed", Kind::Names, "keys that took effect"),
            must(
                "needs_restart",
                Kind::Names,
                "keys that take effect at the next start",
            ),
        ],
    },
    Action {
        name: "shutdown",
        aliases: &[],
        summary: "Drains and stops the daemon.",
        request: &[may(
            "restart",
            Kind::Boolean,
            "end with exit code 75, so that a supervisor starts it again",
        )],
        response: &[must("stopping", Kind::Boolean, "true")],
    },
];

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
        name: "integration.state",
        summary: "An integration changed its state.",
        payload: &[
            must("name", Kind::Name, "which"),
            must("state", Kind::Name, "its state now"),
        ],
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

/// The action of this name or alias.
pub fn action(name: &str) -> Option<&'static Action> {
    ACTIONS
        .iter()
        .find(|action| action.name == name || action.aliases.contains(&name))
}

impl Kind {
    /// What a field must be, with its article.
    pub fn expectation(self) -> String {
        match self {
            Self::Text => "a string".to_owned(),
            Self::Name => "a string of 1 to 256 bytes without control characters".to_owned(),
            Self::Integer(low, high) => format!("a whole number from {low} to {high}"),
            Self::Boolean => "true or false".to_owned(),
            Self::Object => "an object".to_owned(),
            Self::Names => "an array of 1 to 64 strings".to_owned(),
            Self::Objects => "an array of objects".to_owned(),
            Self::Any => "any JSON value".to_owned(),
        }
    }
}

fn fields_json(fields: &[Field]) -> Value {
    fields
        .iter()
        .map(|field| {
            json!({"name": field.name, "type": field.kind.expectation(), "required": field.required, "summary": field.summary})
        })
        .collect()
}

/// The response of `describe`.
pub fn describe() -> Value {
    let actions = ACTIONS.iter().map(|action| {
        json!({"name": action.name, "aliases": action.aliases, "summary": action.summary,
            "request": fields_json(action.request), "response": fields_json(action.response)})
    });
    let events = EVENTS.iter().map(|event| {
        json!({"name": event.name, "summary": event.summary, "payload": fields_json(event.payload)})
    });
    let errors = super::error_code::ROWS.iter().map(|row| {
        json!({"code": row.name, "jsonrpc": row.number, "http": row.http, "meaning": row.meaning})
    });
    json!({"protocol": super::VERSION, "actions": actions.collect::<Value>(),
        "events": events.collect::<Value>(), "errors": errors.collect::<Value>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_aliases_are_found_and_unique() {
        let mut names: Vec<&str> = ACTIONS
            .iter()
            .flat_map(|a| std::iter::once(a.name).chain(a.aliases.iter().copied()))
            .collect();
        assert!(names.iter().all(|name| action(name).is_some()));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn describe_lists_every_action_event_and_error() {
        let description = describe();
        assert_eq!(
            description["actions"].as_array().map(Vec::len),
            Some(ACTIONS.len())
        );
        assert_eq!(
            description["events"].as_array().map(Vec::len),
            Some(EVENTS.len())
        );
        assert!(
            description["errors"]
                .as_array()
                .is_some_and(|rows| !rows.is_empty())
        );
    }
}
