//! The actions about who may write: pairing, approve, reject, revoke.

use serde_json::{Value, json};

use super::answer::Outcome;
use crate::{
    gateway::Gateway,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
};

pub(super) fn list(gateway: &Gateway) -> String {
    let pairings = gateway.control.pairings();
    let pending: Value = pairings
        .pending()
        .iter()
        .map(|one| {
            json!({"channel": one.channel, "sender": one.sender, "code": one.code, "at_ms": one.at_ms})
        })
        .collect();
    let approved: Value = pairings
        .approved()
        .iter()
        .map(|(channel, sender)| json!({"channel": channel, "sender": sender}))
        .collect();
    json!({"pending": pending, "approved": approved}).to_string()
}

pub(super) fn decide(gateway: &Gateway, payload: &Payload, let_in: bool) -> Outcome {
    let (channel, code) = (payload.text("channel"), payload.text("code"));
    let decided = gateway.control.pairings().decide(channel, code, let_in);
    match decided {
        Ok(Some(request)) => Ok(json!({"channel": channel, "sender": request.sender}).to_string()),
        Ok(None) => {
            let text = "nobody on this channel holds such a code; pairing lists those who ask";
            Err(Fault::new(ErrorCode::NotFound, text))
        }
        Err(why) => Err(Fault::new(ErrorCode::Internal, why)),
    }
}

pub(super) fn revoke(gateway: &Gateway, payload: &Payload) -> Outcome {
    let (channel, sender) = (payload.text("channel"), payload.text("sender"));
    match gateway.control.pairings().revoke(channel, sender) {
        Ok(true) => Ok(json!({"channel": channel, "sender": sender}).to_string()),
        Ok(false) => {
            let text = "this sender was not paired; those in *_ALLOW_FROM are taken out of .env";
            Err(Fault::new(ErrorCode::NotFound, text))
        }
        Err(why) => Err(Fault::new(ErrorCode::Internal, why)),
    }
}
