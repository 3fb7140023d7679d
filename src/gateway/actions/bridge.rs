//! The commands of a bridge: that it serves a channel, and what became of the messages it was given.
//!
//! Not here: how messages reach it (`clients::bridge`).

use std::{sync::Arc, time::Duration};

use super::{
    answer::Answer,
    lookup::{message_id, reading, state_json},
};
use crate::{
    gateway::{
        Gateway,
        clients::{
            bridge::{MailboxBridge, refusal_fault},
            handle::ClientHandle,
        },
        control::{IntegrationStatus, Steer},
    },
    integrations::{
        Accepted, DeliveryError,
        bridge::{BridgeLease, Verdict},
    },
    message::{Direction, Message, MessageId, State},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    store::{StatusUpdate, StoreError},
};

/// Characters of a bridge's error that are kept.
const MAX_ERROR: usize = 500;

/// Makes this client the bridge of a channel, then answers `hello`.
pub(in crate::gateway) fn announce(
    gateway: &Arc<Gateway>,
    handle: &Arc<ClientHandle>,
    channel: String,
    hello: String,
) -> Answer {
    let (gateway, handle) = (Arc::clone(gateway), Arc::clone(handle));
    let has_it = move |handle: &ClientHandle, channel: &str| {
        let held = handle.lease();
        held.is_some_and(|lease| lease.channel() == channel && lease.is_valid())
    };
    let access = handle.access();
    let client = Arc::new(MailboxBridge(Arc::clone(&handle)));
    let asked = Arc::clone(&gateway.channels).bridge(channel.clone(), client);
    Answer::Later(Box::pin(async move {
        if has_it(&handle, &channel) {
            resume(&gateway, &channel);
        } else {
            let lease = asked.await.map_err(|refusal| refusal_fault(&refusal))?;
            if !handle.access().is_same(&access) {
                lease.release("it showed another key");
                let text = "another key was shown before the channel was known; announce it again";
                return Err(Fault::new(ErrorCode::Conflict, text));
            }
            handle.set_lease(lease, "it announced another channel");
        }
        Ok(hello)
    }))
}

/// A bridge that announces its own channel again may have better credentials by now, so a parked channel
/// is started.
fn resume(gateway: &Gateway, channel: &str) {
    let all = gateway.channels.integrations();
    let parked = |one: &IntegrationStatus| one.name == channel && one.state == "parked";
    if all.iter().any(parked) {
        gateway.channels.steer(channel, Steer::Start);
    }
}

/// The lease of the channel whose bridge this client is.
fn held(handle: &ClientHandle) -> Result<Arc<BridgeLease>, Fault> {
    match handle.lease() {
        Some(lease) if lease.is_valid() => Ok(lease),
        Some(lease) => {
            let text = format!(
                "another client announced {} and answers for it",
                lease.channel()
            );
            Err(Fault::new(ErrorCode::Conflict, text))
        }
        None => {
            let text = "only the bridge of a channel may say that; announce yours with auth: \
                        {\"client\": {\"kind\": \"integration\", \"channel\": \"NAME\"}}";
            Err(Fault::new(ErrorCode::Conflict, text))
        }
    }
}

/// Does `answer` for the channel whose bridge this client is. Where it is none yet, its announcement
/// may still be on the way to the disk: answers keep the order of commands, so it is checked again when
/// this answer is due.
fn as_bridge(
    handle: &Arc<ClientHandle>,
    answer: impl FnOnce(Arc<BridgeLease>) -> Answer + Send + 'static,
) -> Answer {
    if let Ok(lease) = held(handle) {
        return answer(lease);
    }
    let handle = Arc::clone(handle);
    Answer::Later(Box::pin(async move {
        let lease = held(&handle)?;
        answer(lease).outcome().await
    }))
}

/// `delivered`: the message was sent, or got further.
pub(super) fn delivered(
    gateway: &Arc<Gateway>,
    handle: &Arc<ClientHandle>,
    payload: &Payload,
) -> Answer {
    let state = match payload.optional_text("state") {
        None | Some("sent") => State::Sent,
        Some("delivered") => State::Delivered,
        Some("read") => State::Read,
        Some(_) => {
            let expected = "sent, delivered or read";
            return Answer::Now(Err(bad_field("state", expected, "something else")));
        }
    };
    let report = DeliveryReport {
        id: match message_id(payload, "message_id") {
            Ok(id) => id,
            Err(fault) => return Answer::Now(Err(fault)),
        },
        references: payload.names("references").map(str::to_owned).collect(),
        step: StatusUpdate::to(state),
        verdict: Ok(Accepted::Sent(Vec::new())),
    };
    let gateway = Arc::clone(gateway);
    as_bridge(handle, move |lease| settled(&gateway, lease, report))
}

/// What a bridge reported about a message: what is stored, and how the attempt ends.
struct DeliveryReport {
    id: MessageId,
    references: Vec<String>,
    step: StatusUpdate,
    verdict: Verdict,
}

/// Stores what was reported, then ends the attempt that waits for it.
fn settled(gateway: &Gateway, lease: Arc<BridgeLease>, report: DeliveryReport) -> Answer {
    let (store, said) = (&gateway.store, report.step.state);
    match store.answered(lease.channel(), report.id, report.references, report.step) {
        Err(error) => Answer::Now(Err(error.into())),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let message = pending.await?;
            lease.settle(report.id, report.verdict);
            if message.state.is_given_up() == said.is_given_up() {
                Ok(state_json(&message))
            } else {
                Err(too_late(&message))
            }
        })),
    }
}

/// The report comes too late: the message ended otherwise before.
fn too_late(message: &Message) -> Fault {
    let text = format!(
        "the message is {} already and stays so; a failed one is sent again by retry",
        message.state
    );
    Fault::new(ErrorCode::Conflict, text)
}

/// `failed`: the message was not sent, or nobody knows.
pub(super) fn failed(
    gateway: &Arc<Gateway>,
    handle: &Arc<ClientHandle>,
    payload: &Payload,
) -> Answer {
    let read = message_id(payload, "message_id").and_then(|id| Ok((id, failure(payload)?)));
    let (id, failure) = match read {
        Ok(read) => read,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    if let DeliveryError::Permanent(why) = &failure {
        let step = StatusUpdate {
            error: Some(why.clone()),
            ..StatusUpdate::to(State::Failed)
        };
        let report = DeliveryReport {
            id,
            references: Vec::new(),
            step,
            verdict: Err(failure),
        };
        return as_bridge(handle, move |lease| settled(&gateway, lease, report));
    }
    as_bridge(handle, move |lease| {
        lease.settle(id, Err(failure));
        standing(&gateway, lease, id)
    })
}

fn why(payload: &Payload) -> String {
    payload.text("error").chars().take(MAX_ERROR).collect()
}

fn failure(payload: &Payload) -> Result<DeliveryError, Fault> {
    let earliest = payload.integer("retry_after_ms").map(Duration::from_millis);
    match payload.text("certainty") {
        "transient" => Ok(DeliveryError::Transient(why(payload), earliest)),
        "permanent" => Ok(DeliveryError::Permanent(why(payload))),
        "unauthorized" => Ok(DeliveryError::Unauthorized(why(payload))),
        "unknown" => Ok(DeliveryError::Unknown(why(payload))),
        _ => Err(bad_field(
            "certainty",
            "transient, permanent, unauthorized or unknown",
            "something else",
        )),
    }
}

/// The state of a message of this channel.
fn standing(gateway: &Gateway, lease: Arc<BridgeLease>, id: MessageId) -> Answer {
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let found = reading(&store, move |store| store.message(id)).await?;
        let message = found.map(|(message, _)| message).filter(|message| {
            message.channel == lease.channel() && message.direction == Direction::Out
        });
        let message = message.ok_or(StoreError::NotFound)?;
        Ok(state_json(&message))
    }))
}
