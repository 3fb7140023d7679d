//! `GET /asyncapi.json`: the protocol as a document for programs, as far as the client's key goes.

use crate::{
    gateway::{
        http::respond::{HttpReply, JSON, reply},
        permissions::Access,
    },
    protocol::describe,
};

/// The document; `base` is where the client found us, such as `http://127.0.0.1:18789`.
pub(in crate::gateway::http) fn answer(access: &Access, base: &str) -> HttpReply {
    let (scheme, endpoint) = base.split_once("://").unwrap_or(("http", base));
    let document = describe::asyncapi(
        endpoint,
        scheme == "https",
        |action| access.may_do(action),
        |event| access.may_hear(event),
    );
    reply(200, JSON, format!("{document}\n"))
}
