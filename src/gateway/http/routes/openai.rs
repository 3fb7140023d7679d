//! `/v1`: the chat completions of `OpenAI`. Every refusal has the shape that its clients read, also those that
//! all paths share.

use std::sync::Arc;

use hyper::{
    Method, Request,
    body::Incoming as Body,
    header::{CONTENT_TYPE, HeaderName, HeaderValue},
};
use serde_json::Value;

use crate::{
    body::AnyBody,
    config::Config,
    gateway::{
        Gateway,
        admission::Permit,
        http::respond::{HttpReply, JSON, reply, retry_after, whole_body},
        openai::{self, ApiError, Completion},
        permissions::Door,
    },
};

/// What all paths begin with.
pub(in crate::gateway::http) const PREFIX: &str = "/v1/";

/// Tells clients that would try again by themselves not to.
const NO_RETRY: HeaderName = HeaderName::from_static("x-should-retry");

/// The methods of a path below `/v1/`; `None` where there is none such.
pub(in crate::gateway::http) fn methods(path: &str) -> Option<&'static [Method]> {
    match path {
        "chat/completions" => Some(&[Method::POST]),
        "models" => Some(&[Method::GET]),
        one if one.starts_with("models/") => Some(&[Method::GET]),
        _ => None,
    }
}

/// What of the keys a path below `/v1/` asks for.
pub(in crate::gateway::http) fn door(path: &str) -> Door {
    match path {
        "chat/completions" => Door::Completions,
        _ => Door::Models,
    }
}

/// Answers a request whose method and token were checked.
pub(in crate::gateway::http) async fn answer(
    gateway: &Arc<Gateway>,
    permit: &Permit,
    request: Request<Body>,
    base: &str,
    config: &Config,
) -> HttpReply {
    let path = request.uri().path().strip_prefix(PREFIX);
    let path = path.unwrap_or_default();
    if path == "models" {
        return whole(&openai::list(gateway));
    }
    if let Some(name) = path.strip_prefix("models/") {
        let model = openai::model(gateway, name);
        return model.map_or_else(|error| refused(&error), |model| whole(&model));
    }
    let body = request.into_body();
    let body = match whole_body(gateway, permit, "/v1", body, &config.limits).await {
        Ok(body) => body,
        Err(refusal) => return shaped(refusal),
    };
    match openai::complete(gateway, &body, base).await {
        Ok(Completion::Whole(answer)) => whole(&answer),
        Ok(Completion::Stream(stream)) => {
            let mut reply = reply(200, "text/event-stream", "");
            *reply.body_mut() = AnyBody::Made(stream).into();
            reply
        }
        Err(error) => refused(&error),
    }
}

fn whole(answer: &Value) -> HttpReply {
    reply(200, JSON, answer.to_string())
}

fn refused(error: &ApiError) -> HttpReply {
    let mut reply = reply(error.status, JSON, error.json().to_string());
    if error.status == 502 {
        let value = HeaderValue::from_static("false");
        reply.headers_mut().insert(NO_RETRY, value);
    }
    match error.retry_after {
        Some(wait) => retry_after(reply, wait),
        None => reply,
    }
}

/// There is no such path.
pub(in crate::gateway::http) fn unknown() -> HttpReply {
    let text = "there are POST /v1/chat/completions and GET /v1/models";
    refused(&ApiError::new(404, text))
}

/// A refusal of ours in the shape of this interface, with its headers.
pub(in crate::gateway::http) fn shaped(mut refusal: HttpReply) -> HttpReply {
    let said = refusal.body_mut().take_whole();
    let said: Value = serde_json::from_slice(&said).unwrap_or_default();
    let message = said["message"]
        .as_str()
        .unwrap_or("the request was refused");
    let error = ApiError {
        code: code(refusal.status().as_u16()),
        ..ApiError::new(refusal.status().as_u16(), message)
    };
    *refusal.body_mut() = AnyBody::whole(error.json().to_string()).into();
    let json = HeaderValue::from_static(JSON);
    refusal.headers_mut().insert(CONTENT_TYPE, json);
    refusal
}

fn code(status: u16) -> Option<&'static str> {
    match status {
        401 => Some("invalid_api_key"),
        429 => Some("rate_limit_exceeded"),
        _ => None,
    }
}
