//! The actions about messages: send, receive, read back, cancel, retry.

use std::{fmt::Write as _, sync::Arc};

use serde_json::json;

use super::{answer::Answer, routed, store_fault};
use crate::{
    gateway::Gateway,
    message::{Message, MessageId},
    phone,
    protocol::{
        error_code::{ErrorCode, Fault},
        message_json::push_message,
        payload::{Payload, bad_field},
        reply::push_string,
    },
    store::{Draft, HistoryQuery, Inbound, Pending, Store, StoreError},
};

/// Messages in a page of `history` unless told.
const PAGE: usize = 50;

/// Kinds of media a message may carry.
const MEDIA_KINDS: [&str; 4] = ["image", "video", "audio", "document"];

pub(super) fn send(gateway: &Arc<Gateway>, payload: Payload) -> Answer {
    let wait = payload.flag("wait");
    let queued = draft(gateway, payload).and_then(|draft| {
        gateway
            .store
            .queue(draft)
            .map_err(|error| store_fault(&error))
    });
    let pending = match queued {
        Ok(pending) => pending,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    if wait {
        let gateway = Arc::clone(gateway);
        return Answer::Unordered(Box::pin(async move {
            let queued = pending.await.map_err(|error| store_fault(&error))?;
            let settled = settled(&gateway, queued.message).await?;
            Ok(sent_json(&settled, queued.duplicate))
        }));
    }
    Answer::Later(Box::pin(async move {
        let queued = pending.await.map_err(|error| store_fault(&error))?;
        Ok(sent_json(&queued.message, queued.duplicate))
    }))
}

fn draft(gateway: &Gateway, mut payload: Payload) -> Result<Draft, Fault> {
    let channel = payload.take_text("channel").unwrap_or_default();
    routed(gateway, &channel)?;
    let template = payload.take("template");
    if template.is_none() {
        check_content(&payload)?;
    }
    let meta = match (template, payload.flag("reaction")) {
        (Some(template), _) => Some(json!({"template": template})),
        (None, true) if payload.text("reply_to").is_empty() => {
            return Err(bad_field("reply_to", "the message to react to", "left out"));
        }
        (None, true) => Some(json!({"reaction": true})),
        (None, false) => None,
    };
    Ok(Draft {
        peer: phone::peer(&channel, payload.text("to")),
        channel,
        text: payload.take_text("text").unwrap_or_default(),
        media: payload.take("media"),
        reply_to: payload.take_text("reply_to"),
        meta,
        idempotency_key: payload.take_text("idempotency_key"),
        ..Draft::default()
    })
}

/// A message says something: text, or media by reference.
fn check_content(payload: &Payload) -> Result<(), Fault> {
    let Some(media) = payload.value("media") else {
        return match payload.text("text") {
            "" => Err(bad_field(
                "text",
                "a string that is not empty, unless there is media",
                "empty or left out",
            )),
            _ => Ok(()),
        };
    };
    let kind = media["kind"].as_str().unwrap_or_default();
    if !MEDIA_KINDS.contains(&kind) {
        let expected = format!("one of {}", MEDIA_KINDS.join(", "));
        return Err(bad_field("media.kind", &expected, "something else"));
    }
    match media["url"].as_str() {
        Some(url) if url.starts_with("https://") || url.starts_with("http://") => Ok(()),
        _ => Err(bad_field(
            "media.url",
            "an http or https address",
            "something else",
        )),
    }
}

/// Waits until the message has left the outbox.
async fn settled(gateway: &Arc<Gateway>, queued: Message) -> Result<Message, Fault> {
    let forget = Forget {
        gateway: Arc::clone(gateway),
        id: queued.id,
    };
    let wait = gateway.listeners.waiters.wait_for(queued.id);
    // It may have settled before we began to wait.
    let now = read(gateway, queued.id).await?;
    if now.state.has_left_the_outbox() {
        return Ok(now);
    }
    let settled = tokio::select! {
        settled = wait => settled.ok(),
        _ = gateway.shutdown.begun() => None,
    };
    drop(forget);
    settled.ok_or_else(|| {
        Fault::new(
            ErrorCode::ShuttingDown,
            "the daemon stops; the message stays queued",
        )
    })
}

/// Takes a waiter away also when its client left.
struct Forget {
    gateway: Arc<Gateway>,
    id: MessageId,
}

impl Drop for Forget {
    fn drop(&mut self) {
        self.gateway.listeners.waiters.gave_up(self.id);
    }
}

async fn read(gateway: &Gateway, id: MessageId) -> Result<Message, Fault> {
    let found = reading(&gateway.store, move |store| store.message(id)).await?;
    found
        .map(|(message, _)| message)
        .ok_or_else(|| store_fault(&StoreError::NotFound))
}

fn sent_json(message: &Message, duplicate: bool) -> String {
    let mut answer = json!({"message_id": message.id.to_string(), "state": message.state.as_str(), "duplicate": duplicate});
    if let Some(error) = &message.error {
        answer["error"] = json!(error);
    }
    answer.to_string()
}

pub(super) fn receive(gateway: &Arc<Gateway>, payload: Payload) -> Answer {
    let stored = inbound(gateway, payload).and_then(|inbound| {
        gateway
            .store
            .receive(inbound)
            .map_err(|error| store_fault(&error))
    });
    match stored {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let received = pending.await.map_err(|error| store_fault(&error))?;
            Ok(json!({"message_id": received.message.id.to_string(), "duplicate": received.duplicate}).to_string())
        })),
    }
}

/// Fails where what comes by this channel is not for clients to say.
pub(super) fn expect_hand_in(gateway: &Gateway, channel: &str) -> Result<(), Fault> {
    if routed(gateway, channel)?.clients_hand_in {
        return Ok(());
    }
    let text = format!("messages of {channel} come from its service, clients cannot hand them in");
    Err(Fault::new(ErrorCode::ChannelUnavailable, text))
}

fn inbound(gateway: &Gateway, mut payload: Payload) -> Result<Inbound, Fault> {
    let channel = payload.take_text("channel").unwrap_or_default();
    expect_hand_in(gateway, &channel)?;
    check_content(&payload)?;
    Ok(Inbound {
        channel,
        peer: payload.take_text("peer").unwrap_or_default(),
        sender: payload.take_text("sender"),
        text: payload.take_text("text").unwrap_or_default(),
        media: payload.take("media"),
        reply_to: payload.take_text("reply_to"),
        meta: payload.take("meta"),
        dedup_key: payload.take_text("dedup_key"),
        ..Inbound::default()
    })
}

pub(super) fn cancel(gateway: &Gateway, payload: &Payload) -> Answer {
    change(payload, |id| gateway.store.cancel(id))
}

/// Only where somebody would send it: a bridge's channel may have been forgotten since.
pub(super) fn retry(gateway: &Arc<Gateway>, payload: &Payload) -> Answer {
    let id = match message_id(payload, "message_id") {
        Ok(id) => id,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let store = &gateway.store;
        if let Some((message, _)) = reading(store, move |store| store.message(id)).await? {
            routed(&gateway, &message.channel)?;
        }
        let pending = store.retry(id).map_err(|error| store_fault(&error))?;
        let message = pending.await.map_err(|error| store_fault(&error))?;
        Ok(state_json(&message))
    }))
}

fn change(
    payload: &Payload,
    ask: impl FnOnce(MessageId) -> Result<Pending<Message>, StoreError>,
) -> Answer {
    let pending = message_id(payload, "message_id")
        .and_then(|id| ask(id).map_err(|error| store_fault(&error)));
    match pending {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let message = pending.await.map_err(|error| store_fault(&error))?;
            Ok(state_json(&message))
        })),
    }
}

/// A message's id and where it stands.
pub(in crate::gateway) fn state_json(message: &Message) -> String {
    json!({"message_id": message.id.to_string(), "state": message.state.as_str()}).to_string()
}

/// An id that is none of ours cannot be found, whatever it looks like.
pub(in crate::gateway) fn message_id(payload: &Payload, field: &str) -> Result<MessageId, Fault> {
    payload
        .text(field)
        .parse()
        .map_err(|()| store_fault(&StoreError::NotFound))
}

pub(super) fn message(gateway: &Gateway, payload: &Payload) -> Answer {
    let id = match message_id(payload, "message_id") {
        Ok(id) => id,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let (message, transitions) = reading(&store, move |store| store.message(id))
            .await?
            .ok_or_else(|| store_fault(&StoreError::NotFound))?;
        let history: Vec<_> = transitions
            .iter()
            .map(|step| {
                let mut row =
                    json!({"seq": step.seq, "state": step.state.as_str(), "at_ms": step.at_ms});
                if step.attempts > 0 {
                    row["attempts"] = json!(step.attempts);
                }
                if let Some(error) = &step.error {
                    row["error"] = json!(error);
                }
                row
            })
            .collect();
        let mut out = "{\"message\":".to_owned();
        push_message(&mut out, &message);
        out.push_str(",\"history\":");
        out.push_str(&serde_json::Value::from(history).to_string());
        out.push('}');
        Ok(out)
    }))
}

pub(super) fn history(gateway: &Gateway, payload: &Payload) -> Answer {
    let query = match query(gateway, payload) {
        Ok(query) => query,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let peer = query.peer.clone();
        let page = reading(&store, move |store| store.history(&query)).await?;
        let mut out = "{\"messages\":[".to_owned();
        for (i, message) in page.messages.iter().enumerate() {
            if i > 0 {
                out.push(',');
            }
            push_message(&mut out, message);
        }
        out.push(']');
        if let Some(next) = page.next {
            let _ = write!(out, ",\"next\":\"{next}\"");
        }
        if let Some(peer) = peer {
            out.push_str(",\"peer\":");
            push_string(&mut out, &peer);
        }
        out.push('}');
        Ok(out)
    }))
}

/// A message id that says where a page begins.
pub(super) fn position(payload: &Payload, field: &str) -> Result<Option<MessageId>, Fault> {
    let wrong = |()| bad_field(field, "a message id such as m-17", "something else");
    let text = payload.optional_text(field);
    text.map(|text| text.parse().map_err(wrong)).transpose()
}

fn query(gateway: &Gateway, payload: &Payload) -> Result<HistoryQuery, Fault> {
    let (channel, peer) = (
        payload.optional_text("channel"),
        payload.optional_text("peer"),
    );
    Ok(HistoryQuery {
        channel: channel.map(str::to_owned),
        peer: peer.map(|peer| phone::peer(channel.unwrap_or_default(), peer)),
        before: position(payload, "before")?,
        after: position(payload, "after")?,
        contains: payload.optional_text("contains").map(str::to_owned),
        limit: payload
            .integer("limit")
            .map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE)),
        max_bytes: gateway.settings().limits.max_message_bytes,
        ..HistoryQuery::default()
    })
}

/// Reads the store beside the runtime; a failure is told as on the wire.
pub(in crate::gateway) async fn reading<T: Send + 'static>(
    store: &Store,
    read: impl FnOnce(&Store) -> Result<T, StoreError> + Send + 'static,
) -> Result<T, Fault> {
    let read = store.run_blocking(read).await;
    read.map_err(|error| store_fault(&error))
}
