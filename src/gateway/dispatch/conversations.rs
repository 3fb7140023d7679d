//! The actions about conversations: list them, mark one as read.

use std::{fmt::Write as _, sync::Arc};

use serde_json::json;

use super::{
    answer::{Answer, Outcome},
    messages::{position, reading},
    store_fault,
};
use crate::{
    gateway::{Gateway, control::ReadUpTo},
    message::MessageId,
    phone,
    protocol::{
        error_code::Fault, message_json::push_message, payload::Payload, reply::push_string,
    },
    store::{Conversation, ConversationQuery, Conversations, StoreError},
};

/// Conversations in a page unless told.
const PAGE: usize = 100;

pub(super) fn conversations(gateway: &Gateway, payload: &Payload) -> Answer {
    let query = match query(gateway, payload) {
        Ok(query) => query,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let page = reading(&store, move |store| store.conversations(&query)).await?;
        Ok(page_json(&page))
    }))
}

fn query(gateway: &Gateway, payload: &Payload) -> Result<ConversationQuery, Fault> {
    Ok(ConversationQuery {
        channel: payload.optional_text("channel").map(str::to_owned),
        before: position(payload, "before")?,
        limit: payload
            .integer("limit")
            .map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE)),
        max_bytes: gateway.settings().limits.max_message_bytes,
    })
}

fn page_json(page: &Conversations) -> String {
    let mut out = "{\"conversations\":[".to_owned();
    for (i, conversation) in page.list.iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        push_conversation(&mut out, conversation);
    }
    out.push(']');
    if let Some(next) = page.next {
        let _ = write!(out, ",\"next\":\"{next}\"");
    }
    if page.partial {
        out.push_str(",\"partial\":true");
    }
    out.push('}');
    out
}

fn push_conversation(out: &mut String, conversation: &Conversation) {
    out.push_str("{\"channel\":");
    push_string(out, &conversation.last.channel);
    out.push_str(",\"peer\":");
    push_string(out, &conversation.last.peer);
    if let Some(name) = &conversation.name {
        out.push_str(",\"name\":");
        push_string(out, name);
    }
    let _ = write!(out, ",\"unread\":{},\"last\":", conversation.unread);
    push_message(out, &conversation.last);
    if let Some(read_up_to) = conversation.read_up_to {
        let _ = write!(out, ",\"read_up_to\":\"{read_up_to}\"");
    }
    out.push('}');
}

pub(super) fn read(gateway: &Arc<Gateway>, mut payload: Payload) -> Answer {
    let up_to = match payload.optional_text("message_id").map(str::parse) {
        Some(Err(())) => return Answer::Now(Err(store_fault(&StoreError::NotFound))),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let channel = payload.take_text("channel").unwrap_or_default();
    let peer = phone::peer(&channel, payload.text("peer"));
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        marked(&gateway, channel, peer, up_to).await
    }))
}

async fn marked(
    gateway: &Gateway,
    channel: String,
    peer: String,
    up_to: Option<MessageId>,
) -> Outcome {
    let fault = |error: StoreError| store_fault(&error);
    let store = &gateway.store;
    let up_to = if let Some(up_to) = up_to {
        up_to
    } else {
        let (channel, peer) = (channel.clone(), peer.clone());
        let newest = reading(store, move |store| store.newest(&channel, &peer)).await?;
        newest.ok_or_else(|| fault(StoreError::NotFound))?
    };
    let marked = store.mark_read(&channel, &peer, up_to).map_err(fault)?;
    let marked = marked.await.map_err(fault)?;
    let message_id = marked.up_to.to_string();
    if marked.before != Some(marked.up_to) {
        let event = json!({"channel": channel, "peer": peer, "message_id": message_id}).to_string();
        let conversation = (channel.as_str(), peer.as_str());
        gateway
            .listeners
            .bus
            .publish_about(conversation, "conversation.read", |out| {
                out.push_str(&event);
            });
        gateway.control.read(ReadUpTo {
            channel: channel.clone(),
            peer: peer.clone(),
            after: marked.before,
            up_to: marked.up_to,
        });
    }
    let unread = reading(store, move |store| store.unread(&channel, &peer)).await?;
    Ok(json!({"message_id": message_id, "unread": unread}).to_string())
}
