//! The action `outbox`: what waits to be sent, and what was given up.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::gateway::actions::{answer::Answer, lookup::reading};
use crate::{
    gateway::{Gateway, permissions::Access},
    message::{Direction, Message, State},
    protocol::{message_json::push_message, payload::Payload},
    store::{HistoryQuery, Store, StoreError},
};

/// Messages where the client names no limit.
const PAGE: u64 = 50;

/// Messages looked at, newest first, in search of failed ones.
const SEARCHED: usize = 20_000;

pub(in crate::gateway::actions) fn outbox(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Answer {
    let access = access.clone();
    let store = gateway.store.clone();
    let channel = payload.optional_text("channel").map(str::to_owned);
    let limit = usize::try_from(payload.integer("limit").unwrap_or(PAGE)).unwrap_or(usize::MAX);
    let max_bytes = gateway.settings().limits.max_message_bytes;
    let held = held_channels(gateway, &access);
    Answer::Later(Box::pin(async move {
        let found = reading(&store, move |store| {
            let waiting = waiting(store, &access, channel.as_deref(), limit)?;
            let failed = failed(store, &access, channel, limit)?;
            Ok((waiting, failed))
        });
        let (waiting, failed) = found.await?;
        let mut out = "{\"waiting\":[".to_owned();
        let mut room = max_bytes / 2;
        push(&mut out, &waiting, &mut room);
        out.push_str("],\"failed\":[");
        room += max_bytes / 4;
        push(&mut out, &failed, &mut room);
        out.push(']');
        if !held.is_empty() {
            let _ = write!(out, ",\"held\":{}", Value::from(held));
        }
        out.push('}');
        Ok(out)
    }))
}

/// Which channels are held back, and why.
fn held_channels(gateway: &Gateway, access: &Access) -> Vec<Value> {
    let names = gateway.store.outbox_depth().into_keys();
    let seen = names.filter(|name| access.covers_channel(name));
    let held = seen.filter_map(|name| Some((gateway.gate.held(&name)?, name)));
    held.map(|(why, name)| json!({"channel": name, "held": why}))
        .collect()
}

/// Appends what fits; the first is always there.
fn push(out: &mut String, messages: &[(Message, Option<u64>)], room: &mut usize) {
    for (i, (message, due_ms)) in messages.iter().enumerate() {
        let before = out.len();
        if i > 0 {
            out.push(',');
        }
        push_message(out, message);
        if let Some(due_ms) = due_ms {
            out.pop();
            let _ = write!(out, ",\"due_ms\":{due_ms}}}");
        }
        let size = out.len() - before;
        if i > 0 && size > *room {
            out.truncate(before);
            return;
        }
        *room = room.saturating_sub(size);
    }
}

fn waiting(
    store: &Store,
    access: &Access,
    channel: Option<&str>,
    limit: usize,
) -> Result<Vec<(Message, Option<u64>)>, StoreError> {
    let mut waiting = Vec::new();
    // Others' messages may stand before those that a limited key may see.
    let looked_at = access.limits().map_or(limit, |_| SEARCHED);
    for name in store.outbox_depth().into_keys() {
        if channel.is_none_or(|channel| channel == name) {
            let found = store.outbox(&name, None, looked_at)?;
            let seen = found
                .into_iter()
                .filter(|(message, _)| access.covers(&message.channel, &message.peer));
            waiting.extend(seen.map(|(message, due)| (message, Some(due.at_ms))));
        }
    }
    waiting.sort_by_key(|(message, _)| message.id);
    waiting.truncate(limit);
    Ok(waiting)
}

/// The newest failed messages, newest last.
fn failed(
    store: &Store,
    access: &Access,
    channel: Option<String>,
    limit: usize,
) -> Result<Vec<(Message, Option<u64>)>, StoreError> {
    let mut query = HistoryQuery {
        channel,
        within: access.limits().cloned(),
        limit: 1000,
        ..HistoryQuery::default()
    };
    let (mut failed, mut searched) = (Vec::new(), 0);
    while searched < SEARCHED && failed.len() < limit {
        let page = store.history(&query)?;
        searched += page.messages.len();
        let is_failed = |message: &Message| {
            message.direction == Direction::Out && message.state == State::Failed
        };
        failed.extend(page.messages.into_iter().rev().filter(is_failed));
        match page.next {
            Some(next) => query.before = Some(next),
            None => break,
        }
    }
    failed.truncate(limit);
    failed.reverse();
    Ok(failed.into_iter().map(|message| (message, None)).collect())
}
