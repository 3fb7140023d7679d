//! What clients hand in: a message from a peer, and what its author did to it since.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{check_content, keep_data};
use crate::{
    gateway::{
        Gateway,
        actions::{
            answer::Answer,
            lookup::expect_hand_in,
            media::{self, Place},
        },
    },
    integrations::mark_agent_command,
    message::{Content, Kind, Message, content::file_text, media::files, text_at},
    protocol::{
        error_code::Fault,
        payload::{Payload, bad_field},
    },
    store::{Inbound, Pending, Revision},
};

pub(in crate::gateway::actions) fn receive(gateway: &Arc<Gateway>, mut payload: Payload) -> Answer {
    if !media::has_data(payload.value("media")) {
        return take(gateway, payload);
    }
    let gateway = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        expect_hand_in(&gateway, payload.text("channel"))?;
        keep_data(&gateway, &mut payload, Place::Received).await?;
        take(&gateway, payload).outcome().await
    }))
}

fn take(gateway: &Gateway, payload: Payload) -> Answer {
    let stored = inbound(gateway, payload)
        .and_then(|inbound| gateway.store.receive(inbound).map_err(Fault::from));
    match stored {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let received = pending.await?;
            Ok(json!({"message_id": received.message.id.to_string(), "duplicate": received.duplicate}).to_string())
        })),
    }
}

fn inbound(gateway: &Gateway, mut payload: Payload) -> Result<Inbound, Fault> {
    let channel = payload.take_text("channel").unwrap_or_default();
    expect_hand_in(gateway, &channel)?;
    if let Some(media) = payload.value("media") {
        media::check(media, Place::Received)?;
    }
    let (kind, content) = kind_and_content(&mut payload)?;
    let text = payload.take_text("text").filter(|text| !text.is_empty());
    let text = match (text, &content) {
        (Some(text), _) => text,
        (None, Some(content)) => content.text(),
        (None, None) => {
            let file = files(payload.value("media")).first();
            let text = file.map(|file| file_text(kind, text_at(file, "name")));
            text.map_or_else(|| check_content(&payload).map(|()| String::new()), Ok)?
        }
    };
    let mut media = payload.take("media");
    media::leave_out(media.as_mut(), Place::Received);
    media::expect_there(gateway, media.as_ref())?;
    let mut meta = payload.take("meta");
    mark_agent_command(&text, &mut meta);
    Ok(Inbound {
        channel,
        peer: payload.take_text("peer").unwrap_or_default(),
        sender: payload.take_text("sender"),
        kind,
        text,
        content: content.as_ref().map(Content::json),
        media,
        reply_to: payload.take_text("reply_to"),
        meta,
        dedup_key: payload.take_text("dedup_key"),
    })
}

/// What a message says it is, and what its kind then has.
fn kind_and_content(payload: &mut Payload) -> Result<(Kind, Option<Content>), Fault> {
    let kind = match payload.text("kind") {
        "" => Kind::of_media(payload.value("media")),
        name => name.parse().map_err(|()| {
            let all = Kind::ALL.map(Kind::as_str).join(", ");
            bad_field("kind", &format!("one of {all}"), &format!("{name:?}"))
        })?,
    };
    let content = match payload.take("content") {
        None => None,
        Some(json) => Content::read(kind, &json)
            .map_err(|expected| bad_field("content", &expected, "something else"))?,
    };
    if content.is_none() && Content::read(kind, &Value::Null).is_err() {
        let expected = format!("what a message of kind {} says", kind.as_str());
        return Err(bad_field("content", &expected, "left out"));
    }
    if kind.is_file() && payload.value("media").is_none() {
        let expected = format!("the file of a message of kind {}", kind.as_str());
        return Err(bad_field("media", &expected, "left out"));
    }
    Ok((kind, content))
}

/// Takes what its author did to a message that was handed in with this key.
pub(in crate::gateway::actions) fn revise(gateway: &Gateway, mut payload: Payload) -> Answer {
    let pending = revision(gateway, &mut payload);
    match pending {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let revised = pending.await?;
            Ok(json!({"changed": revised.is_some()}).to_string())
        })),
    }
}

fn revision(gateway: &Gateway, payload: &mut Payload) -> Result<Pending<Option<Message>>, Fault> {
    let channel = payload.take_text("channel").unwrap_or_default();
    expect_hand_in(gateway, &channel)?;
    let revision = match (payload.flag("deleted"), payload.take_text("text")) {
        (true, _) => Revision::Deleted,
        (false, Some(text)) if !text.trim().is_empty() => Revision::Edited {
            text,
            content: payload.take("content"),
        },
        (false, _) => {
            let expected = "the new text, unless the message was deleted";
            return Err(bad_field("text", expected, "empty or left out"));
        }
    };
    let key = payload.take_text("dedup_key").unwrap_or_default();
    gateway
        .store
        .revise(&channel, &key, revision)
        .map_err(Fault::from)
}
