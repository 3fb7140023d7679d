//! `POST /rpc`: one command, JSON-RPC call or batch per request, for curl and for other systems.

use std::sync::Arc;

use hyper::{Request, body::Incoming as Body};

use crate::gateway::http::respond::{HttpReply, JSON, refuse, reply, whole_body};
use crate::{
    config::Config,
    gateway::{
        Gateway,
        actions::{
            answer::{Batch, batch, joined, outcome_text, write_unreadable},
            connection::pong_text,
            perform,
        },
        admission::Permit,
        metrics::GatewayCounters,
        permissions::Access,
    },
    protocol::{
        call::ClientMessage, dialect::Dialect, error_code::ErrorCode, frame, reply as write,
    },
};

/// Answers a request whose token was checked.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    access: &Access,
    request: Request<Body>,
    config: &Config,
) -> HttpReply {
    let body = match whole_body(gateway, permit, "/rpc", request.into_body(), &config.limits).await
    {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    match std::str::from_utf8(&body) {
        Ok(text) => do_text(gateway, access, text, config).await,
        Err(_) => refuse(400, ErrorCode::BadJson.as_str(), "the body is not UTF-8"),
    }
}

async fn do_text(
    gateway: &Arc<Gateway>,
    access: &Access,
    text: &str,
    config: &Config,
) -> HttpReply {
    match frame::read(text, config.limits.max_json_depth, Dialect::Triple) {
        ClientMessage::BarePing => reply(200, "text/plain; charset=utf-8", "pong"),
        ClientMessage::TypedPing { id, payload } => {
            let mut out = String::new();
            write::pong(&mut out, id, |out| out.push_str(&pong_text(payload)));
            reply(200, JSON, out)
        }
        ClientMessage::Unreadable(unreadable) if !unreadable.wants_answer => reply(204, JSON, ""),
        ClientMessage::Unreadable(unreadable) => {
            GatewayCounters::add(&gateway.counters.unreadable);
            let mut out = String::new();
            write_unreadable(&mut out, &unreadable);
            reply(unreadable.fault.code.row().http, JSON, out)
        }
        ClientMessage::Call(call) => {
            let (asker, wanted) = (call.asker().to_owned(), call.wants_answer);
            let outcome = perform(gateway, access, &call, None).outcome();
            let outcome = outcome.await;
            let status = outcome
                .as_ref()
                .err()
                .map_or(200, |fault| fault.code.row().http);
            if wanted {
                reply(status, JSON, outcome_text(&asker, &outcome))
            } else {
                reply(204, JSON, "")
            }
        }
        ClientMessage::Batch(elements) => {
            let Batch { parts, .. } = batch(elements, |call| perform(gateway, access, call, None));
            let text = joined(parts, config.limits.max_queue_bytes / 2, usize::MAX).await;
            if text.is_empty() {
                reply(204, JSON, "")
            } else {
                reply(200, JSON, text)
            }
        }
    }
}
