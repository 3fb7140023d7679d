//! One message to several: `send` with a list in `to`, and the action `batch`.
//!
//! Each target has a message of its own, with an id of its own; all of them are queued, or none is where one of the
//! targets is wrong. What belongs together is told by `meta.batch`.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Writer, draft, sent_json};
use crate::{
    gateway::{
        Gateway,
        actions::{
            answer::Answer,
            limits::own_names,
            lookup::{reading, stored_peer},
        },
        permissions::Access,
    },
    message::Message,
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field},
    },
    random,
    store::{Draft, HistoryQuery, Store, StoreError},
};

/// Messages that are looked at, newest first, for those of a batch.
const SEARCHED: usize = 20_000;

/// The targets, where there are several.
pub(in crate::gateway::actions) fn targets(payload: &Payload) -> Option<&Vec<Value>> {
    payload.value("to").and_then(Value::as_array)
}

/// Queues a message for each target.
pub(in crate::gateway::actions) fn send(
    gateway: &Arc<Gateway>,
    access: &Access,
    payload: &Payload,
    writer: Writer,
) -> Answer {
    let drafts = match drafts(gateway, access, payload) {
        Ok(drafts) => drafts,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let (batch, drafts) = drafts;
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let mut pending = Vec::with_capacity(drafts.len());
        for draft in drafts {
            if writer == Writer::Person {
                gateway.agents.wrote_by_hand(&draft.channel, &draft.peer);
            }
            pending.push(gateway.store.queue(draft)?);
        }
        let mut messages = Vec::with_capacity(pending.len());
        for one in pending {
            let queued = one.await?;
            let told = sent_json(&queued.message, queued.duplicate, None);
            let mut told: Value = serde_json::from_str(&told).unwrap_or_default();
            told["to"] = json!(queued.message.peer);
            messages.push(told);
        }
        Ok(json!({"batch_id": batch, "messages": messages}).to_string())
    }))
}

/// The drafts for all targets: each is checked before the first is queued.
fn drafts(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Result<(String, Vec<Draft>), Fault> {
    let all = targets(payload).cloned().unwrap_or_default();
    if payload.flag("wait") {
        return Err(bad_field("wait", "left out where to is a list", "true"));
    }
    let key = payload.optional_text("idempotency_key");
    // The same key names the same batch again.
    let batch = match key {
        Some(key) => key.to_owned(),
        None => format!("b-{}", &random::token()[..16]),
    };
    let mut drafts: Vec<Draft> = Vec::with_capacity(all.len());
    for target in all {
        let name = target.as_str().unwrap_or_default();
        let mut one = payload.clone();
        one.put("to", target.clone());
        if let Some(key) = key {
            one.put("idempotency_key", json!(format!("{key}/{name}")));
        }
        let channel = one.text("channel").to_owned();
        // Before anything is told of a channel or an address that the key is not for.
        let peer = stored_peer(gateway, &channel, name);
        access.expect_within(&channel, Some(&peer))?;
        own_names(access, &channel, &mut one);
        let mut draft = draft(gateway, one)?;
        if drafts.iter().any(|other| other.peer == draft.peer) {
            continue;
        }
        let mut meta = draft.meta.take().unwrap_or_else(|| json!({}));
        meta["batch"] = json!(batch);
        draft.meta = Some(meta);
        drafts.push(draft);
    }
    Ok((batch, drafts))
}

/// Shows the messages of a batch, or cancels those that can be.
pub(in crate::gateway::actions) fn batch(
    gateway: &Arc<Gateway>,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let id = payload.text("batch_id").to_owned();
    let cancels = payload.flag("cancel");
    let (gateway, within) = (Arc::clone(gateway), access.limits().cloned());
    Answer::Later(Box::pin(async move {
        let wanted = id.clone();
        let found = reading(&gateway.store, move |store| {
            of_batch(store, &wanted, within)
        });
        let mut messages = found.await?;
        if messages.is_empty() {
            let text = format!("no batch {id:?} is among the newest messages");
            return Err(Fault::new(ErrorCode::NotFound, text));
        }
        if cancels {
            cancel_all(&gateway.store, &mut messages).await?;
        }
        let told = messages.iter().map(|one| {
            let mut told = json!({"message_id": one.id.to_string(), "channel": one.channel, "to": one.peer,
                "state": one.state.as_str()});
            if let Some(error) = &one.error {
                told["error"] = json!(error);
            }
            told
        });
        let told: Vec<Value> = told.collect();
        Ok(json!({"batch_id": id, "messages": told}).to_string())
    }))
}

async fn cancel_all(store: &Store, messages: &mut [Message]) -> Result<(), Fault> {
    for message in messages {
        if !message.may_be_withdrawn() {
            continue;
        }
        match store.cancel(message.id)?.await {
            Ok(cancelled) => *message = cancelled,
            // It was on its way already.
            Err(StoreError::WrongState(state)) => message.state = state,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// The messages of a batch, oldest first.
fn of_batch(
    store: &Store,
    id: &str,
    within: Option<crate::message::ConversationSet>,
) -> Result<Vec<Message>, StoreError> {
    let mut query = HistoryQuery {
        within,
        limit: 1000,
        ..HistoryQuery::default()
    };
    let (mut found, mut searched) = (Vec::new(), 0);
    while searched < SEARCHED {
        let page = store.history(&query)?;
        searched += page.messages.len().max(1);
        let is_of_it = |one: &Message| one.meta.as_ref().is_some_and(|meta| meta["batch"] == id);
        let of_page = page.messages.into_iter().rev().filter(is_of_it);
        let before = found.len();
        found.extend(of_page);
        // They were queued one behind the other.
        let is_over = before > 0 && found.len() == before;
        match page.next {
            Some(next) if !is_over => query.before = Some(next),
            _ => break,
        }
    }
    found.reverse();
    Ok(found)
}
