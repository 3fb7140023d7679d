//! The Model Context Protocol (modelcontextprotocol.io): programs with a language model read and write
//! messages by tools. One path serves both eras of it, without sessions: revisions with a handshake
//! (`initialize`, up to 2025-11-25), and the stateless one (2026-07-28), whose requests each say who asks.
//!
//! Reading order: `message` (what was posted) → `revision` (of which era it is) → `methods` → `tools` and
//! `resources`; `rpc` writes what they are answered. A tool is an action of `protocol::describe`, so its
//! description, its arguments and their check are those of the action; `wait` alone has no counterpart there.
//!
//! Not here: HTTP (`gateway::http::routes::mcp`), and what a key may do (`gateway::permissions`).

mod action;
mod exchange;
mod message;
mod methods;
mod places;
mod resources;
mod revision;
mod rpc;
mod tools;
mod wait;

use std::sync::{Arc, OnceLock};

use tokio::sync::Semaphore;

pub(super) use self::revision::RevisionHeaders;
use self::{
    exchange::Caller,
    message::{Element, Incoming, Request},
    places::Places,
    rpc::{Era, RpcError},
};
use super::{Gateway, permissions::Access};

/// Called once the answer is in the socket, whole.
pub(super) type OnSent = Box<dyn FnOnce() + Send>;

/// What was posted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posted<'a> {
    /// The JSON text.
    pub(super) body: &'a str,
    /// The headers that say something of it.
    pub(super) headers: RevisionHeaders<'a>,
    /// The beginning of our addresses, as the client reaches them: scheme, host and port.
    pub(super) base: &'a str,
    /// Whose place among the messages it goes on from, unless a call says otherwise.
    pub(super) reader: Option<&'a str>,
    /// What it may do.
    pub(super) access: &'a Access,
}

/// The answer to it.
pub(super) struct Reply {
    /// The HTTP status.
    pub(super) status: u16,
    /// The JSON text; empty where nothing is answered.
    pub(super) body: String,
    /// What is to be done once it is sent.
    pub(super) on_sent: Vec<OnSent>,
}

/// What the door keeps while it is used.
#[derive(Debug, Default)]
pub(super) struct McpState {
    files: OnceLock<Arc<Semaphore>>,
    places: Places,
}

impl Reply {
    fn new(status: u16, body: String) -> Self {
        Self {
            status,
            body,
            on_sent: Vec::new(),
        }
    }

    /// Nothing to say: the message was a notification or an answer.
    fn accepted() -> Self {
        Self::new(202, String::new())
    }
}

/// Answers what was posted.
pub(super) async fn answer(gateway: &Arc<Gateway>, posted: Posted<'_>) -> Reply {
    let depth = gateway.settings().limits.max_json_depth;
    match message::read(posted.body, depth) {
        Incoming::One(element) => one(gateway, posted, element)
            .await
            .unwrap_or_else(Reply::accepted),
        Incoming::Batch(_) if !revision::accepts_batches(posted.headers) => {
            let error = RpcError::new(
                rpc::INVALID_REQUEST,
                "no batches in this revision; send one message a request",
            );
            Reply::new(400, rpc::error_text(None, &error))
        }
        Incoming::Batch(elements) => batch(gateway, posted, elements).await,
    }
}

/// One after the other, in order.
async fn batch(gateway: &Arc<Gateway>, posted: Posted<'_>, elements: Vec<Element<'_>>) -> Reply {
    let max_bytes = gateway.settings().limits.max_queue_bytes;
    let mut reply = Reply::accepted();
    for element in elements {
        if reply.body.len() > max_bytes {
            let error = RpcError::new(
                rpc::INTERNAL_ERROR,
                "the answers of this batch are too long; send the rest again alone",
            );
            push(&mut reply.body, &rpc::error_text(None, &error));
            break;
        }
        if let Some(answered) = one(gateway, posted, element).await {
            push(&mut reply.body, &answered.body);
            reply.on_sent.extend(answered.on_sent);
        }
    }
    if !reply.body.is_empty() {
        reply.body.push(']');
        reply.status = 200;
    }
    reply
}

fn push(batch: &mut String, answer: &str) {
    batch.push(if batch.is_empty() { '[' } else { ',' });
    batch.push_str(answer);
}

/// The answer to one message; `None` where it wants none.
async fn one(gateway: &Arc<Gateway>, posted: Posted<'_>, element: Element<'_>) -> Option<Reply> {
    let request = match element {
        Ok(request) => request,
        Err(unreadable) => {
            let text = rpc::error_text(unreadable.id, &unreadable.error);
            return Some(Reply::new(400, text));
        }
    };
    let Some(id) = request.id else {
        let client = wait::client(posted.access, posted.reader);
        notified(gateway, client.as_deref(), &request);
        return None;
    };
    let era = match revision::era(&request, posted.headers) {
        Ok(era) => era,
        Err(error) => return Some(Reply::new(400, rpc::error_text(Some(id), &error))),
    };
    let caller = Caller {
        era,
        id,
        base: posted.base,
        reader: posted.reader,
        access: posted.access,
    };
    Some(match methods::perform(gateway, &caller, &request).await {
        Ok(done) => Reply {
            status: 200,
            body: rpc::result_text(id, era, done.result, done.ttl_ms),
            on_sent: done.on_sent.into_iter().collect(),
        },
        Err(error) => Reply::new(status(era, &error), rpc::error_text(Some(id), &error)),
    })
}

/// Of what clients notify only the end of a request concerns us.
fn notified(gateway: &Arc<Gateway>, client: Option<&str>, request: &Request<'_>) {
    if request.method == "notifications/cancelled"
        && let Some(id) = request.params.get("requestId")
    {
        wait::given_up(gateway, client, &id.to_string());
    }
}

/// Revisions with a handshake have the error in the message alone.
fn status(era: Era, error: &RpcError) -> u16 {
    match (era, error.code) {
        (Era::Handshake, _) | (Era::Stateless, rpc::INTERNAL_ERROR) => 200,
        (Era::Stateless, rpc::METHOD_NOT_FOUND) => 404,
        (Era::Stateless, _) => 400,
    }
}
