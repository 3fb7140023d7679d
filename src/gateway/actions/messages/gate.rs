//! The actions about what holds messages back: pause, resume, pauses.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use crate::{
    clock::parse_span,
    gateway::{
        Gateway,
        actions::answer::Answer,
        control::{NewPause, Reply},
        permissions::Access,
    },
    protocol::{
        error_code::Fault,
        payload::{Payload, bad_field},
    },
};

/// What a pause without a channel is of.
const ALL: &str = "all";

/// Longest reason, in characters.
const MAX_REASON: usize = 200;

/// The longest pause with an end: a year.
const LONGEST: Duration = Duration::from_secs(366 * 24 * 3600);

pub(in crate::gateway::actions) fn pause(gateway: &Gateway, payload: &Payload) -> Answer {
    match asked(payload) {
        Ok(new) => answered(Arc::clone(&gateway.gate).pause(new)),
        Err(fault) => Answer::Now(Err(fault)),
    }
}

pub(in crate::gateway::actions) fn resume(gateway: &Gateway, payload: &Payload) -> Answer {
    answered(Arc::clone(&gateway.gate).resume(channel(payload)))
}

pub(in crate::gateway::actions) fn list(gateway: &Gateway, access: &Access) -> String {
    json!({"pauses": pauses(gateway, access)}).to_string()
}

/// The pauses that a client may know of.
pub(in crate::gateway::actions) fn pauses(gateway: &Gateway, access: &Access) -> Vec<Value> {
    let seen = |pause: &Value| {
        let channel = pause["channel"].as_str().unwrap_or_default();
        channel == ALL || access.covers_channel(channel)
    };
    gateway.gate.pauses().into_iter().filter(seen).collect()
}

fn answered(reply: Reply<Value>) -> Answer {
    Answer::Later(Box::pin(async move { Ok(reply.await?.to_string()) }))
}

fn channel(payload: &Payload) -> String {
    payload.optional_text("channel").unwrap_or(ALL).to_owned()
}

fn asked(payload: &Payload) -> Result<NewPause, Fault> {
    let wait = payload.optional_text("for").map(|text| {
        let wait = parse_span(text).filter(|wait| !wait.is_zero() && *wait <= LONGEST);
        wait.ok_or_else(|| bad_field("for", "a span such as 30m, 2h or 3d", &format!("{text:?}")))
    });
    let reason = payload.optional_text("reason").map(str::trim);
    let is_long = reason.is_some_and(|reason| reason.chars().count() > MAX_REASON);
    if is_long || reason.is_some_and(|reason| reason.chars().any(char::is_control)) {
        let expected = format!("one line of at most {MAX_REASON} characters");
        return Err(bad_field("reason", &expected, "something else"));
    }
    Ok(NewPause {
        channel: channel(payload),
        wait_ms: wait
            .transpose()?
            .map(|wait| u64::try_from(wait.as_millis()).unwrap_or(u64::MAX)),
        reason: reason
            .filter(|reason| !reason.is_empty())
            .map(str::to_owned),
    })
}
