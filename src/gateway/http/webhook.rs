//! `/webhooks/{integration}`: what services post to us. The body is bounded in bytes and time before
//! an integration sees it; who may post is for each integration to check.

use std::sync::Arc;

use hyper::{Method, Request, body::Incoming as Body};

use super::respond::{HttpReply, refuse, reply, whole_body};
use crate::{
    config::Config,
    gateway::Gateway,
    integrations::{Hook, HookReply},
    log::LogField,
    panics::contained,
};

/// Hands a request to the integration it is meant for.
pub(super) async fn answer(
    gateway: &Arc<Gateway>,
    name: &str,
    request: Request<Body>,
    config: &Config,
) -> HttpReply {
    let (head, body) = request.into_parts();
    let body = match whole_body(gateway, head.uri.path(), body, &config.limits).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let hook = Hook {
        is_get: head.method == Method::GET,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body,
    };
    let Some(taken) = gateway.channels.hook(name, hook) else {
        return refuse(404, "not_found", "no such integration");
    };
    let answered = contained(taken).await;
    let HookReply { status, text } =
        answered.unwrap_or_else(|_| HookReply::new(500, "the integration failed"));
    if status == 403 {
        let fields: [LogField<'_>; 2] = [("integration", &name), ("reason", &text)];
        let log = &gateway.log;
        log.warn_limited("gateway", "a webhook was refused", &fields);
    }
    reply(status, "text/plain; charset=utf-8", text)
}
