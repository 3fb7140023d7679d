//! The connection itself, what it hears, and who else is there.

use crate::protocol::describe::{
    Action, Kind,
    fields::{COUNT, may, must},
};

pub(super) const AUTH: Action = Action {
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
            "{name?, kind?: cli|webchat|agent|mobile|integration, version?, channel?}",
        ),
        may(
            "channel",
            Kind::Name,
            "as client.channel: the channel whose bridge this client is from now on",
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
};

pub(super) const PING: Action = Action {
    name: "ping",
    aliases: &[],
    summary: "Answers at once.",
    request: &[],
    response: &[
        must("pong", Kind::Boolean, "true"),
        must("time_ms", COUNT, "the gateway's clock, ms since 1970"),
        may("echo", Kind::Any, "the payload, where one was sent"),
    ],
};

pub(super) const DESCRIBE: Action = Action {
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
};

pub(super) const SUBSCRIBE: Action = Action {
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
};

pub(super) const UNSUBSCRIBE: Action = Action {
    name: "unsubscribe",
    aliases: &[],
    summary: "Takes topics away.",
    request: &[must("topics", Kind::Names, "as they were subscribed")],
    response: &[must("topics", Kind::Names, "what is left")],
};

pub(super) const PUBLISH: Action = Action {
    name: "publish",
    aliases: &[],
    summary: "Sends an event to every client that subscribed to it; not stored.",
    request: &[
        must("topic", Kind::Name, "app. and what you like"),
        may("data", Kind::Any, "the event's payload, {} unless told"),
    ],
    response: &[must("delivered", COUNT, "clients it was queued for")],
};

pub(super) const CLIENTS: Action = Action {
    name: "clients",
    aliases: &[],
    summary: "Who is connected.",
    request: &[],
    response: &[must(
        "clients",
        Kind::Objects,
        "{id, name?, kind?, version?, channel?, since_ms, address, topics, received, sent, queued_bytes}",
    )],
};
