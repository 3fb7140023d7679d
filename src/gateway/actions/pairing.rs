//! The actions about who may write to an integration: pairing, approve, reject, revoke.

use serde_json::{Value, json};

use super::{
    answer::{Answer, CommandResult},
    lookup::stored_peer,
};
use crate::{
    gateway::Gateway,
    panics::run_blocking,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
};

pub(super) fn list(gateway: &Gateway) -> String {
    let pairings = gateway.channels.pairings();
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

/// Approves or rejects the sender who was given a code.
pub(super) fn decide(gateway: &Gateway, payload: &Payload, let_in: bool) -> Answer {
    let text = |name: &str| payload.text(name).to_owned();
    let (pairings, channel, code) = (gateway.channels.pairings(), text("channel"), text("code"));
    written(move || match pairings.decide(&channel, &code, let_in) {
        Ok(Some(request)) => Ok(json!({"channel": channel, "sender": request.sender}).to_string()),
        Ok(None) => {
            let text = "nobody on this channel holds such a code; pairing lists those who ask";
            Err(Fault::new(ErrorCode::NotFound, text))
        }
        Err(why) => Err(Fault::new(ErrorCode::Internal, why)),
    })
}

/// Revokes what was approved.
pub(super) fn revoke(gateway: &Gateway, payload: &Payload) -> Answer {
    let text = |name: &str| payload.text(name).to_owned();
    let (pairings, channel) = (gateway.channels.pairings(), text("channel"));
    // However the number was written.
    let sender = stored_peer(gateway, &channel, &text("sender"));
    written(move || match pairings.revoke(&channel, &sender) {
        Ok(true) => Ok(json!({"channel": channel, "sender": sender}).to_string()),
        Ok(false) => {
            let text = "this sender was not paired; those in *_ALLOW_FROM are taken out of .env";
            Err(Fault::new(ErrorCode::NotFound, text))
        }
        Err(why) => Err(Fault::new(ErrorCode::Internal, why)),
    })
}

/// Runs what waits for the disk on a thread that may block. It starts at once, not only when the answer
/// is polled in its turn.
fn written(work: impl FnOnce() -> CommandResult + Send + 'static) -> Answer {
    let done = run_blocking(work);
    Answer::Later(Box::pin(async move {
        let fault = || Err(Fault::new(ErrorCode::Internal, "the log says more"));
        done.await.unwrap_or_else(|_| fault())
    }))
}
