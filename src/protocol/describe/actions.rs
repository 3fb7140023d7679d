//! Every action: what a client sends and what it is answered.

use super::{
    Action, Kind, conversations,
    fields::{
        CHANNEL, COUNT, INTEGRATION, MESSAGE_ID, PAIRING_CHANNEL, PAIRING_CODE, PAIRING_SENDER,
        may, must,
    },
};

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
                "reaction",
                Kind::Boolean,
                "the text is an emoji put on the message in reply_to, where the channel can",
            ),
            may(
                "template",
                Kind::Object,
                "whatsapp-cloud: {name, language: {code}, components?}",
            ),
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
    conversations::CONVERSATIONS,
    conversations::READ,
    conversations::TYPING,
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
            "{name, state, since_ms, until_ms?, last_error?, advice?, counters}",
        )],
    },
    Action {
        name: "integration.start",
        aliases: &[],
        summary: "Starts an integration that was stopped, or was parked because its credentials were refused.",
        request: &[CHANNEL],
        response: INTEGRATION,
    },
    Action {
        name: "integration.stop",
        aliases: &[],
        summary: "Stops an integration until it is started; what is sent meanwhile waits.",
        request: &[CHANNEL],
        response: INTEGRATION,
    },
    Action {
        name: "integration.restart",
        aliases: &[],
        summary: "Stops an integration and starts it again at once.",
        request: &[CHANNEL],
        response: INTEGRATION,
    },
    Action {
        name: "integration.connect",
        aliases: &[],
        summary: "Asks an integration for what pairs a device. The answer may come out of order.",
        request: &[CHANNEL],
        response: &[
            must("state", Kind::Name, "connected, pairing or waiting"),
            may("code", Kind::Text, "the text of a QR code to scan"),
            may(
                "qr",
                Kind::Any,
                "its rows: strings of 1 (dark) and 0; 4 light go around",
            ),
            may("pairing_code", Kind::Name, "to be typed instead"),
        ],
    },
    Action {
        name: "pairing",
        aliases: &[],
        summary: "Who asks to be let in, with the codes they were told, and who was.",
        request: &[],
        response: &[
            must("pending", Kind::Objects, "{channel, sender, code, at_ms}"),
            must("approved", Kind::Objects, "{channel, sender}"),
        ],
    },
    Action {
        name: "pairing.approve",
        aliases: &[],
        summary: "Lets in whoever was told this code: from now on they are heard.",
        request: &[PAIRING_CHANNEL, PAIRING_CODE],
        response: &[PAIRING_CHANNEL, PAIRING_SENDER],
    },
    Action {
        name: "pairing.reject",
        aliases: &[],
        summary: "Turns away whoever was told this code.",
        request: &[PAIRING_CHANNEL, PAIRING_CODE],
        response: &[PAIRING_CHANNEL, PAIRING_SENDER],
    },
    Action {
        name: "pairing.revoke",
        aliases: &[],
        summary: "Takes back what was approved.",
        request: &[PAIRING_CHANNEL, PAIRING_SENDER],
        response: &[PAIRING_CHANNEL, PAIRING_SENDER],
    },
    Action {
        name: "outbox",
        aliases: &[],
        summary: "What waits to be sent, oldest first, and the newest of what was given up.",
        request: &[
            may("channel", Kind::Name, "only of this channel"),
            may(
                "limit",
                Kind::Integer(1, 1000),
                "messages of each kind at most, 50 unless told",
            ),
        ],
        response: &[
            must(
                "waiting",
                Kind::Objects,
                "messages, each with due_ms besides: when it is tried next",
            ),
            must("failed", Kind::Objects, "messages; retry queues one again"),
        ],
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
