//! What the Rust peers do with a message, so that they differ only in how they use sockets.

use std::{borrow::Cow, cell::RefCell, rc::Rc};

use cleudocodebot::protocol::{call::ClientMessage, dialect::Dialect, frame, reply};
use tokio_tungstenite::tungstenite::{
    Utf8Bytes,
    handshake::server::{ErrorResponse, Request, Response},
    http::StatusCode,
};

/// The gateway's default.
const MAX_DEPTH: usize = 64;

/// Room for the usual text, so that none is grown while it is written.
const ROOM: usize = 160;

/// What is to be done about a message.
pub(super) enum Asked {
    /// Send this back.
    Answer(String),
    /// Send this back, and events from now on.
    Subscribed(String),
    /// Send the first back, the second to all who subscribed.
    Publish(String, Utf8Bytes),
}

/// Milliseconds since 1970. Peers that handle several messages at a time read the clock once for all,
/// as the gateway does.
pub(super) fn now_ms() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    now.map_or(0, |since| {
        u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
    })
}

/// Parses one message and builds its answer in one text, at the time `now_ms`.
pub(super) fn answer(text: &str, now_ms: u64) -> Asked {
    let Some((action, id, payload)) = read(text) else {
        return Asked::Answer(
            r#"{"type":"error","action":"","payload":{"code":"bad_json"}}"#.to_owned(),
        );
    };
    let reply = |parts: &[&str]| {
        let mut all = String::with_capacity(ROOM);
        for part in [
            r#"{"type":"response","action":""#,
            &*action,
            r#"","id":"#,
            id,
        ] {
            all.push_str(part);
        }
        all.push_str(r#","payload":"#);
        for part in parts {
            all.push_str(part);
        }
        all.push('}');
        all
    };
    match &*action {
        "ping" => {
            let mut time = String::with_capacity(ROOM);
            reply::push_number(&mut time, now_ms);
            let pong = [
                r#"{"pong":true,"time_ms":"#,
                &time,
                r#","echo":"#,
                payload,
                "}",
            ];
            Asked::Answer(reply(&pong))
        }
        "subscribe" => Asked::Subscribed(reply(&[r#"{"topics":["app.bench"],"seq":0}"#])),
        "publish" => {
            let mut event = String::with_capacity(ROOM + payload.len());
            for part in [
                r#"{"type":"event","action":"app.bench","payload":"#,
                payload,
                "}",
            ] {
                event.push_str(part);
            }
            Asked::Publish(reply(&[r#"{"delivered":0}"#]), event.into())
        }
        _ => Asked::Answer(
            r#"{"type":"error","action":"","payload":{"code":"unknown_action"}}"#.to_owned(),
        ),
    }
}

/// Uses the gateway's own parser: the comparison is about sockets, not about JSON.
fn read(text: &str) -> Option<(Cow<'_, str>, &str, &str)> {
    let ClientMessage::Call(call) = frame::read(text, MAX_DEPTH, Dialect::Triple) else {
        return None;
    };
    Some((call.action, call.id?, call.payload?))
}

/// Accepts the upgrade if the token is right.
#[allow(
    clippy::result_large_err,
    reason = "the type of the handshake's callback"
)]
pub(super) fn check(request: &Request, response: Response) -> Result<Response, ErrorResponse> {
    let expected = format!("Bearer {}", super::TOKEN);
    let given = request.headers().get("authorization");
    if given.is_some_and(|given| given.as_bytes() == expected.as_bytes()) {
        return Ok(response);
    }
    let mut refusal = ErrorResponse::new(None);
    *refusal.status_mut() = StatusCode::UNAUTHORIZED;
    Err(refusal)
}

/// The event queue of each subscriber.
pub(super) type Subscribers = Rc<RefCell<Vec<tokio::sync::mpsc::UnboundedSender<Utf8Bytes>>>>;

/// Queues an event for every subscriber that is still connected.
pub(super) fn publish(subscribers: &Subscribers, event: &Utf8Bytes) {
    subscribers
        .borrow_mut()
        .retain(|subscriber| subscriber.send(event.clone()).is_ok());
}
