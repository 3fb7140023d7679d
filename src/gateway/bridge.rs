//! A client that is the integration of a channel of its own: how it takes the channel, how messages
//! reach it, and what it says became of them.
//!
//! Not here: what that means for a message (`integrations::external` and the delivery workers).

use std::{sync::Arc, time::Duration};

use serde_json::Value;
use tokio::sync::mpsc;

use super::{
    Gateway,
    bus::event_frame,
    client_handle::{ClientHandle, Identity},
    control::{IntegrationStatus, Steer},
    dispatch::{answer::Answer, message_id, reading, state_json, store_fault},
};
use crate::{
    integrations::{
        Accepted, DeliveryError,
        bridge::{BridgeClient, BridgeLease, Handed, Refusal, Verdict, check_name},
    },
    message::{Direction, Message, MessageId, State},
    protocol::{
        error_code::{ErrorCode, Fault, close},
        message_json::push_message,
        payload::{Payload, bad_field},
    },
    store::{StatusUpdate, StoreError},
};

/// The kind of client that may announce a channel.
const KIND: &str = "integration";

/// Characters of a bridge's error that are kept.
const MAX_ERROR: usize = 500;

/// The way to one client.
struct Way(Arc<ClientHandle>);

impl BridgeClient for Way {
    fn deliver(&self, message: &Message, again: bool) -> Handed {
        let frame = event_frame(self.0.dialect, "deliver", |out| {
            push_message(out, message);
            if again {
                out.pop();
                out.push_str(",\"redelivered\":true}");
            }
        });
        if !self.0.has_room_for(frame.len()) {
            return Handed::TooLarge;
        }
        if self.0.push_fitting(frame) {
            return Handed::Over;
        }
        let (fired, room) = mpsc::channel(1);
        self.0.mark(fired);
        Handed::Full(room)
    }

    fn replaced(&self) {
        let reason = "another client announced this channel";
        self.0.dismiss(None, close::REPLACED, reason);
    }
}

/// The channel that `auth` announces, where it does: beside the kind or beside the token.
pub(super) fn announced(
    payload: &Payload,
    identity: &mut Identity,
) -> Result<Option<String>, Fault> {
    let inside = match payload.value("client").map(|client| &client["channel"]) {
        None | Some(Value::Null) => None,
        Some(Value::String(name)) => Some(name.as_str()),
        Some(_) => return Err(bad_field("client.channel", "a string", "something else")),
    };
    let run_blocking = payload.optional_text("channel");
    let (field, name) = match (inside, run_blocking) {
        (None, None) => return Ok(None),
        (Some(name), None) => ("client.channel", name),
        (None, Some(name)) => ("channel", name),
        (Some(inside), Some(run_blocking)) if inside == run_blocking => ("channel", run_blocking),
        (Some(_), Some(run_blocking)) => {
            let expected = "the same as client.channel, or left out";
            return Err(bad_field("channel", expected, &format!("{run_blocking:?}")));
        }
    };
    if identity.kind.get_or_insert_with(|| KIND.to_owned()) != KIND {
        let expected = format!("{KIND} where a channel is announced");
        return Err(bad_field("client.kind", &expected, "something else"));
    }
    check_name(name)
        .map_err(|refusal| bad_field(field, &refusal.to_string(), &format!("{name:?}")))?;
    Ok(Some(name.to_owned()))
}

/// Makes this client the bridge of a channel, then says `hello`.
pub(super) fn announce(
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
    let asked = gateway
        .control
        .bridge(channel.clone(), Arc::new(Way(Arc::clone(&handle))));
    Answer::Later(Box::pin(async move {
        if has_it(&handle, &channel) {
            resume(&gateway, &channel);
        } else {
            let lease = asked.await.map_err(|refusal| refused(&refusal))?;
            handle.holds_now(Some(lease), "it announced another channel");
        }
        Ok(hello)
    }))
}

/// Who announces its own channel again may have found credentials that are taken.
fn resume(gateway: &Gateway, channel: &str) {
    let all = gateway.control.integrations();
    let parked = |one: &IntegrationStatus| one.name == channel && one.state == "parked";
    if all.iter().any(parked) {
        gateway.control.steer(channel, Steer::Start);
    }
}

/// What a refusal is on the wire.
pub(super) fn refused(refusal: &Refusal) -> Fault {
    let code = match refusal {
        Refusal::Malformed | Refusal::BuiltIn => ErrorCode::BadPayload,
        Refusal::TooMany | Refusal::Held => ErrorCode::Conflict,
        Refusal::Unknown => ErrorCode::UnknownChannel,
        Refusal::Unwritten(_) => ErrorCode::Internal,
    };
    Fault::new(code, refusal.to_string())
}

/// The channel that this client speaks for.
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

/// Does `answer` for the channel that this client speaks for. Where it speaks for none, its
/// announcement may still be on the way to the disk: answers keep the order of commands, so it is
/// looked at again in its turn.
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

/// The message was sent, or came further.
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
    let told = Told {
        id: match message_id(payload, "message_id") {
            Ok(id) => id,
            Err(fault) => return Answer::Now(Err(fault)),
        },
        references: payload.names("references").map(str::to_owned).collect(),
        step: StatusUpdate::to(state),
        verdict: Ok(Accepted::Sent(Vec::new())),
    };
    let gateway = Arc::clone(gateway);
    as_bridge(handle, move |lease| settled(&gateway, lease, told))
}

/// What is certain about a message, and how its attempt ends.
struct Told {
    id: MessageId,
    references: Vec<String>,
    step: StatusUpdate,
    verdict: Verdict,
}

/// Writes down what is certain, then ends the attempt that waits for it.
fn settled(gateway: &Gateway, lease: Arc<BridgeLease>, told: Told) -> Answer {
    let (store, said) = (&gateway.store, told.step.state);
    match store.answered(lease.channel(), told.id, told.references, told.step) {
        Err(error) => Answer::Now(Err(store_fault(&error))),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let message = pending.await.map_err(|error| store_fault(&error))?;
            lease.settle(told.id, told.verdict);
            if message.state.is_given_up() == said.is_given_up() {
                Ok(state_json(&message))
            } else {
                Err(too_late(&message))
            }
        })),
    }
}

/// What was said cannot be: the message ended otherwise before.
fn too_late(message: &Message) -> Fault {
    let text = format!(
        "the message is {} already and stays so; a failed one is sent again by retry",
        message.state
    );
    Fault::new(ErrorCode::Conflict, text)
}

/// The message was not sent, or nobody knows.
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
        let told = Told {
            id,
            references: Vec::new(),
            step,
            verdict: Err(failure),
        };
        return as_bridge(handle, move |lease| settled(&gateway, lease, told));
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

/// How a message of this channel stands.
fn standing(gateway: &Gateway, lease: Arc<BridgeLease>, id: MessageId) -> Answer {
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let found = reading(&store, move |store| store.message(id)).await?;
        let message = found.map(|(message, _)| message).filter(|message| {
            message.channel == lease.channel() && message.direction == Direction::Out
        });
        let message = message.ok_or_else(|| store_fault(&StoreError::NotFound))?;
        Ok(state_json(&message))
    }))
}
