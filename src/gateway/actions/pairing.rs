//! The actions about who may write to an integration: pairing, approve, reject, revoke.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::{Answer, CommandResult},
    lookup::stored_peer,
};
use crate::{
    gateway::Gateway,
    integrations::{
        allow_list::{plain, private_peer},
        pairing::{PairingRequest, WELCOME},
    },
    language::translated,
    log::LogField,
    panics::run_blocking,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    store::Draft,
};

pub(super) fn list(gateway: &Gateway) -> String {
    let pairings = gateway.channels.pairings();
    let pending: Value = pairings
        .pending()
        .iter()
        .map(|one| {
            let peer = private_peer(&one.channel, &one.sender);
            let mut row = json!({"channel": one.channel, "sender": one.sender, "peer": peer,
                "code": one.code, "at_ms": one.at_ms, "words": one.words});
            name(&mut row, one.name.as_deref());
            row
        })
        .collect();
    let approved: Value = pairings
        .approved()
        .iter()
        .map(|one| {
            let peer = private_peer(&one.channel, &one.sender);
            let mut row = json!({"channel": one.channel, "sender": one.sender, "peer": peer});
            name(&mut row, one.name.as_deref());
            if let Some(since) = one.since_ms {
                row["since_ms"] = json!(since);
            }
            row
        })
        .collect();
    json!({"pending": pending, "approved": approved}).to_string()
}

fn name(row: &mut Value, name: Option<&str>) {
    if let Some(name) = name {
        row["name"] = json!(name);
    }
}

/// Approves or rejects the sender who was given a code. Who was let in is told so.
pub(super) fn decide(gateway: &Arc<Gateway>, payload: &Payload, let_in: bool) -> Answer {
    let text = |name: &str| payload.text(name).to_owned();
    let (pairings, channel, code) = (gateway.channels.pairings(), text("channel"), text("code"));
    let asked = (channel.clone(), code.clone());
    let decided = run_blocking(move || pairings.decide(&asked.0, &asked.1, let_in));
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let request = decided.await.unwrap_or_else(Err);
        let request = request.map_err(|why| Fault::new(ErrorCode::Internal, why))?;
        let nobody = "nobody on this channel holds such a code; pairing lists those who ask";
        let request = request.ok_or_else(|| Fault::new(ErrorCode::NotFound, nobody))?;
        if let_in {
            welcome(&gateway, &request).await;
        }
        Ok(json!({"channel": channel, "sender": request.sender}).to_string())
    }))
}

/// That they were let in is on disk: where this cannot be sent, they learn it by their next message.
async fn welcome(gateway: &Gateway, request: &PairingRequest) {
    let draft = Draft {
        channel: request.channel.clone(),
        peer: private_peer(&request.channel, &request.sender),
        text: translated(request.language, WELCOME).into_owned(),
        idempotency_key: Some(format!("welcome-{}", request.code)),
        ..Draft::default()
    };
    let queued = match gateway.store.queue(draft) {
        Ok(queued) => queued.await.map(drop),
        Err(error) => Err(error),
    };
    if let Err(error) = queued {
        let fields: [LogField<'_>; 2] = [("channel", &request.channel), ("error", &error)];
        gateway
            .log
            .warn("pairing", "who was let in could not be told", &fields);
    }
}

/// Revokes what was approved.
pub(super) fn revoke(gateway: &Gateway, payload: &Payload) -> Answer {
    let text = |name: &str| payload.text(name).to_owned();
    let (pairings, channel) = (gateway.channels.pairings(), text("channel"));
    // However the number was written.
    let sender = plain(&channel, &stored_peer(gateway, &channel, &text("sender")));
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
