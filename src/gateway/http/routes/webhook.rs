//! `/webhooks/{integration}`: what services post to us. Its name and what the head tells of its sender
//! are looked at before its body is read, and the body is bounded in bytes and time before an
//! integration sees it; who may post is for each integration to check.

use hyper::{Method, Request, body::Incoming as Body};

use crate::gateway::http::respond::{HttpReply, refuse, reply, whole_body};
use crate::{
    config::Config,
    gateway::{Gateway, admission::Permit},
    integrations::{Hook, HookReply, HookSender},
    log::LogField,
    panics::contained,
};

/// Hands a request to the integration it is meant for.
pub(in crate::gateway::http) async fn answer(
    gateway: &Gateway,
    permit: &Permit,
    name: &str,
    request: Request<Body>,
    config: &Config,
) -> HttpReply {
    let unknown = || refuse(404, "not_found", "no such integration");
    let (head, body) = request.into_parts();
    let mut hook = Hook {
        is_get: head.method == Method::GET,
        query: head.uri.query().unwrap_or_default().to_owned(),
        headers: head.headers,
        body: Vec::new(),
    };
    match gateway.channels.examine_hook(name, &hook) {
        None => return unknown(),
        Some(Err(refusal)) => return replied(gateway, name, refusal),
        Some(Ok(HookSender::Proven)) => permit.mark_authenticated(None),
        Some(Ok(HookSender::Unproven)) => {}
    }
    hook.body = match whole_body(gateway, permit, head.uri.path(), body, &config.limits).await {
        Ok(body) => body,
        Err(refusal) => return refusal,
    };
    let Some(taken) = gateway.channels.hook(name, hook) else {
        return unknown();
    };
    let answered = contained(taken).await;
    let failed = |_| HookReply::new(500, "the integration failed");
    replied(gateway, name, answered.unwrap_or_else(failed))
}

fn replied(gateway: &Gateway, name: &str, HookReply { status, text }: HookReply) -> HttpReply {
    if status == 403 {
        let fields: [LogField<'_>; 2] = [("integration", &name), ("reason", &text)];
        let log = &gateway.log;
        log.warn_limited("gateway", "a webhook was refused", &fields);
    }
    reply(status, "text/plain; charset=utf-8", text)
}
