//! The actions about conversations: list them, keep one apart, mark one as read, say that somebody is typing
//! in one.

use std::{fmt::Write as _, sync::Arc};

use serde_json::json;

use super::{
    answer::{Answer, CommandResult},
    lookup::{expect_hand_in, position, reading, routed, stored_peer, target},
};
use crate::{
    gateway::{Gateway, control::ReadUpTo, permissions::Access},
    integrations::Typing,
    message::{Direction, MessageId},
    protocol::{
        describe::event,
        error_code::{ErrorCode, Fault},
        message_json::push_message,
        payload::{Payload, bad_field},
        reply::push_string,
    },
    store::{
        Conversation, ConversationFlags, ConversationQuery, ConversationSort, Conversations,
        FlagsUpdate, StoreError,
    },
};

/// Conversations in a page where the client names no limit.
const PAGE: usize = 100;

pub(super) fn conversations(gateway: &Gateway, access: &Access, payload: &Payload) -> Answer {
    let query = match query(gateway, access, payload) {
        Ok(query) => query,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let store = gateway.store.clone();
    Answer::Later(Box::pin(async move {
        let page = reading(&store, move |store| store.conversations(&query)).await?;
        Ok(page_json(&page))
    }))
}

fn query(
    gateway: &Gateway,
    access: &Access,
    payload: &Payload,
) -> Result<ConversationQuery, Fault> {
    Ok(ConversationQuery {
        channel: payload.optional_text("channel").map(str::to_owned),
        within: access.limits().cloned(),
        only: only(payload)?,
        before: position(payload, "before")?,
        limit: payload
            .integer("limit")
            .map_or(PAGE, |limit| usize::try_from(limit).unwrap_or(PAGE)),
        max_bytes: gateway.settings().limits.max_message_bytes,
    })
}

fn only(payload: &Payload) -> Result<Option<ConversationSort>, Fault> {
    let wrong = |()| {
        let all = ConversationSort::ALL.map(ConversationSort::as_str);
        let expected = format!("one of {}", all.join(", "));
        bad_field("only", &expected, "something else")
    };
    let text = payload.optional_text("only");
    text.map(|text| text.parse().map_err(wrong)).transpose()
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
    for (name, _) in named(conversation.flags).iter().filter(|(_, set)| *set) {
        let _ = write!(out, ",\"{name}\":true");
    }
    out.push('}');
}

/// How a conversation is kept, by the names on the wire.
fn named(flags: ConversationFlags) -> [(&'static str, bool); 4] {
    [
        ("pinned", flags.pinned),
        ("archived", flags.archived),
        ("muted", flags.muted),
        ("unread_mark", flags.unread_mark),
    ]
}

pub(super) fn set(gateway: &Arc<Gateway>, mut payload: Payload) -> Answer {
    let update = FlagsUpdate {
        pinned: payload.optional_flag("pinned"),
        archived: payload.optional_flag("archived"),
        muted: payload.optional_flag("muted"),
        unread: payload.optional_flag("unread"),
    };
    if update == FlagsUpdate::default() {
        let expected = "given, or archived, muted or unread";
        return Answer::Now(Err(bad_field("pinned", expected, "none of them")));
    }
    let channel = payload.take_text("channel").unwrap_or_default();
    let peer = stored_peer(gateway, &channel, payload.text("peer"));
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let changed = gateway.store.set_flags(&channel, &peer, update)?.await;
        let changed = changed.map_err(|error| or_nobody(error, &channel, &peer))?;
        let kept = kept_json(&channel, &peer, changed.after);
        if changed.before != changed.after {
            tell_kept(&gateway, &channel, &peer, &kept);
        }
        Ok(kept)
    }))
}

/// What became of a command about a conversation as a whole, which names no message.
fn or_nobody(error: StoreError, channel: &str, peer: &str) -> Fault {
    match error {
        StoreError::NotFound => nobody(channel, peer),
        other => other.into(),
    }
}

fn nobody(channel: &str, peer: &str) -> Fault {
    let text =
        format!("there is no conversation with {peer:?} on {channel}; conversations lists them");
    Fault::new(ErrorCode::NotFound, text)
}

fn kept_json(channel: &str, peer: &str, flags: ConversationFlags) -> String {
    let mut kept = json!({"channel": channel, "peer": peer});
    for (name, set) in named(flags) {
        kept[name] = set.into();
    }
    kept.to_string()
}

fn tell_kept(gateway: &Gateway, channel: &str, peer: &str, kept: &str) {
    let bus = &gateway.listeners.bus;
    bus.publish_about((channel, peer), event::CONVERSATION_CHANGED, |out| {
        out.push_str(kept);
    });
}

pub(super) fn read(gateway: &Arc<Gateway>, mut payload: Payload) -> Answer {
    let up_to = match payload.optional_text("message_id").map(str::parse) {
        Some(Err(())) => return Answer::Now(Err(StoreError::NotFound.into())),
        Some(Ok(id)) => Some(id),
        None => None,
    };
    let channel = payload.take_text("channel").unwrap_or_default();
    let peer = stored_peer(gateway, &channel, payload.text("peer"));
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
) -> CommandResult {
    let store = &gateway.store;
    let up_to = if let Some(up_to) = up_to {
        up_to
    } else {
        let asked = (channel.clone(), peer.clone());
        let newest = reading(store, move |store| store.newest(&asked.0, &asked.1)).await?;
        newest.ok_or_else(|| nobody(&channel, &peer))?
    };
    let marked = store.mark_read(&channel, &peer, up_to)?.await?;
    let message_id = marked.up_to.to_string();
    let moved = marked.before != Some(marked.up_to);
    if let Some(flags) = marked.flags {
        tell_kept(gateway, &channel, &peer, &kept_json(&channel, &peer, flags));
    }
    if moved || marked.flags.is_some() {
        let payload =
            json!({"channel": channel, "peer": peer, "message_id": message_id}).to_string();
        let conversation = (channel.as_str(), peer.as_str());
        gateway
            .listeners
            .bus
            .publish_about(conversation, event::CONVERSATION_READ, |out| {
                out.push_str(&payload);
            });
    }
    if moved {
        gateway.channels.read(ReadUpTo {
            channel: channel.clone(),
            peer: peer.clone(),
            after: marked.before,
            up_to: marked.up_to,
        });
    }
    let unread = reading(store, move |store| store.unread(&channel, &peer)).await?;
    Ok(json!({"message_id": message_id, "unread": unread}).to_string())
}

pub(super) fn typing(gateway: &Gateway, payload: &Payload) -> CommandResult {
    let channel = payload.text("channel");
    let text = payload.optional_text("text");
    let bus = &gateway.listeners.bus;
    let shown = match (payload.optional_text("to"), payload.optional_text("peer")) {
        (Some(to), None) => {
            routed(gateway, channel)?;
            let to = target(gateway, channel, "to", to)?;
            bus.publish_typing(&about(channel, &to), Direction::Out, text);
            gateway.channels.typing(channel, &to)
        }
        (None, Some(peer)) => {
            expect_hand_in(gateway, channel)?;
            bus.publish_typing(&about(channel, peer), Direction::In, text) > 0
        }
        (to, _) => {
            let came = if to.is_some() { "both" } else { "neither" };
            return Err(bad_field("to", "given, or else peer", came));
        }
    };
    Ok(json!({"shown": shown}).to_string())
}

fn about<'a>(channel: &'a str, peer: &'a str) -> Typing<'a> {
    Typing {
        channel,
        peer,
        sender: None,
        goes_on: true,
    }
}
