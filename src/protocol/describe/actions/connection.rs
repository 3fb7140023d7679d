//! The connection itself: who opens it, whether it lives, and what may be asked on it.

use crate::protocol::describe::{
    fields::{COUNT, may, must},
    shape::{ActionSpec, FieldKind},
};

pub(super) const AUTH: ActionSpec = ActionSpec {
    name: "auth",
    aliases: &[],
    summary: "Opens the connection; answers with the hello. After a header token, asks for the hello.",
    request: &[
        may(
            "token",
            FieldKind::Text,
            "the token of .env or a key; needed unless the upgrade carried it",
        ),
        may(
            "client",
            FieldKind::Object,
            "{name?, kind?: cli|webchat|agent|mobile|integration, version?, channel?, turns?}; an agent with a name answers turns, so many at a time (16 unless told)",
        ),
        may(
            "channel",
            FieldKind::Name,
            "as client.channel: the channel whose bridge this client is from now on",
        ),
    ],
    response: &[
        must("protocol", COUNT, "1"),
        must("server", FieldKind::Name, "cleudocodebot"),
        must("version", FieldKind::Name, "of the server"),
        must("client_id", FieldKind::Name, "this connection, as c-3"),
        must(
            "limits",
            FieldKind::Object,
            "{max_message_bytes, max_media_bytes, max_queue_bytes, heartbeat_ms}",
        ),
        must("role", FieldKind::Name, "what the key may do"),
        may(
            "key",
            FieldKind::Object,
            "{key_id, name, channels?, peers?, expires_ms?}; not where it is the token of .env",
        ),
    ],
};

pub(super) const PING: ActionSpec = ActionSpec {
    name: "ping",
    aliases: &[],
    summary: "Answers at once.",
    request: &[],
    response: &[
        must("pong", FieldKind::Boolean, "true"),
        must("time_ms", COUNT, "the gateway's clock, ms since 1970"),
        may("echo", FieldKind::Any, "the payload, where one was sent"),
    ],
};

pub(super) const DESCRIBE: ActionSpec = ActionSpec {
    name: "describe",
    aliases: &[],
    summary: "This table, as far as the key goes.",
    request: &[],
    response: &[
        must("protocol", COUNT, "1"),
        must(
            "actions",
            FieldKind::Objects,
            "{name, aliases, summary, role, also, request, response}; role: the least that may, also: those beside the ladder read, send, operator, owner",
        ),
        must(
            "events",
            FieldKind::Objects,
            "{name, summary, role, also, payload}",
        ),
        must(
            "errors",
            FieldKind::Objects,
            "{code, jsonrpc, http, meaning}",
        ),
    ],
};
