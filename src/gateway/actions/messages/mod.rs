//! The actions about messages: send, receive, cancel, retry; reading them back is in `history`, what waits in `outbox`,
//! what is for later in `later`, taking back in `deleting`.

pub(super) mod batch;
#[cfg(feature = "nats")]
mod clustered;
pub(super) mod deleting;
pub(super) mod gate;
pub(super) mod history;
pub(super) mod incoming;
pub(super) mod later;
pub(super) mod outbox;
pub(super) mod schedules;

use std::sync::Arc;

use serde_json::json;

use super::{
    Connection,
    answer::Answer,
    lookup::{message_id, reading, routed, state_json, target},
    media::{self, Place},
};
use crate::{
    gateway::Gateway,
    message::{Content, KEYS_OF_THE_DAEMON, Kind, MARKDOWN, Message, MessageId, State},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::{Payload, bad_field, faulty_field, needless_field},
    },
    store::{Draft, Pending, StoreError},
};

/// Who sends a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Writer {
    /// A person at the page, the command line or a phone: agents keep quiet in that conversation.
    Person,
    /// A program.
    Program,
}

/// Kinds of clients that people write with.
const PERSONS_CLIENTS: [&str; 3] = ["cli", "webchat", "mobile"];

impl Writer {
    /// Who is behind a connection, as far as that matters: without agents it does not. A client that people write with
    /// may be a script's.
    pub(super) fn of(
        gateway: &Gateway,
        session: Option<&dyn Connection>,
        payload: &Payload,
    ) -> Self {
        if payload.optional_flag("by_hand") == Some(false) {
            return Self::Program;
        }
        let client = session.filter(|_| gateway.agents.is_active());
        let kind = client.and_then(|session| session.client().identity().kind);
        if kind.is_some_and(|kind| PERSONS_CLIENTS.contains(&kind.as_str())) {
            Self::Person
        } else {
            Self::Program
        }
    }
}

pub(super) fn send(gateway: &Arc<Gateway>, mut payload: Payload, writer: Writer) -> Answer {
    if !media::has_data(payload.value("media")) {
        return queue(gateway, payload, writer);
    }
    // What is in the command is kept first, so that the message can name it.
    let gateway = Arc::clone(gateway);
    let is_unordered = payload.flag("wait");
    let sent = Box::pin(async move {
        keep_data(&gateway, &mut payload, Place::Sent).await?;
        queue(&gateway, payload, writer).outcome().await
    });
    if is_unordered {
        Answer::Unordered(sent)
    } else {
        Answer::Later(sent)
    }
}

async fn keep_data(gateway: &Gateway, payload: &mut Payload, place: Place) -> Result<(), Fault> {
    if let Some(media) = payload.value_mut("media") {
        media::check(media, place)?;
        media::leave_out(Some(media), place);
        media::keep_data(gateway, media).await?;
    }
    Ok(())
}

fn queue(gateway: &Arc<Gateway>, payload: Payload, writer: Writer) -> Answer {
    #[cfg(feature = "nats")]
    if let Some(cluster) = gateway.cluster.get() {
        return queue_in_cluster(gateway, Arc::clone(cluster), payload, writer);
    }
    let wait = payload.flag("wait");
    let queued = draft(gateway, payload).and_then(|draft| {
        if writer == Writer::Person {
            gateway.agents.wrote_by_hand(&draft.channel, &draft.peer);
        }
        Ok(gateway.store.queue(draft)?)
    });
    let pending = match queued {
        Ok(pending) => pending,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    if wait {
        let gateway = Arc::clone(gateway);
        return Answer::Unordered(Box::pin(async move {
            let queued = pending.await?;
            let settled = settled(&gateway, queued.message).await?;
            Ok(sent_json(&settled, queued.duplicate, None))
        }));
    }
    let waiting = Arc::clone(gateway);
    Answer::Later(Box::pin(async move {
        let queued = pending.await?;
        let held = held(&waiting, &queued.message);
        Ok(sent_json(&queued.message, queued.duplicate, held))
    }))
}

/// The same for one gateway of several: the answer waits for the bus where the settings say so.
#[cfg(feature = "nats")]
fn queue_in_cluster(
    gateway: &Arc<Gateway>,
    cluster: Arc<crate::cluster::Cluster>,
    payload: Payload,
    writer: Writer,
) -> Answer {
    let wait = payload.flag("wait");
    let draft = match draft(gateway, payload) {
        Ok(draft) => draft,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    if writer == Writer::Person {
        gateway.agents.wrote_by_hand(&draft.channel, &draft.peer);
    }
    // Without a key nobody is asked first: it is on its way to the disk before the next command is read.
    let (begun, claims) = match draft.idempotency_key {
        None => (Some(gateway.store.queue(draft)), None),
        Some(_) => (None, Some(draft)),
    };
    let gateway = Arc::clone(gateway);
    let sent = Box::pin(async move {
        if let Some(draft) = &claims {
            clustered::claim(&cluster, draft).await?;
        }
        let begun = begun.or_else(|| claims.map(|draft| gateway.store.queue(draft)));
        let pending = begun.unwrap_or(Err(StoreError::NotFound))?;
        let queued = pending.await?;
        let away = clustered::acknowledged(&gateway, &cluster, &queued.message).await?;
        if wait {
            let settled = settled(&gateway, queued.message).await?;
            return Ok(sent_json(&settled, queued.duplicate, None));
        }
        let held = held(&gateway, &queued.message).or(away);
        Ok(sent_json(&queued.message, queued.duplicate, held))
    });
    if wait {
        Answer::Unordered(sent)
    } else {
        Answer::Later(sent)
    }
}

/// Why a message waits, where its channel is held back.
fn held(gateway: &Gateway, message: &Message) -> Option<String> {
    let waits = message.state == State::Queued;
    waits.then(|| gateway.gate.held(&message.channel))?
}

/// The message that `send` is asked for.
pub(super) fn draft(gateway: &Gateway, mut payload: Payload) -> Result<Draft, Fault> {
    let channel = payload.take_text("channel").unwrap_or_default();
    routed(gateway, &channel)?;
    let template = payload.take("template");
    let is_reaction = payload.flag("reaction");
    let content = content_to_send(&mut payload)?;
    // An empty reaction takes one back.
    if template.is_none() && !is_reaction && content.is_none() {
        check_content(&payload)?;
    }
    let meta = match (template, is_reaction) {
        (Some(template), _) => Some(json!({"template": template})),
        (None, true) if payload.text("reply_to").is_empty() => {
            return Err(bad_field("reply_to", "the message to react to", "left out"));
        }
        (None, true) => Some(json!({"reaction": true})),
        (None, false) => None,
    };
    // Neither an emoji nor a template has any format.
    let meta = if is_markdown(&payload)? && meta.is_none() {
        Some(json!({"format": MARKDOWN}))
    } else {
        meta
    };
    let meta = if payload.flag("urgent") {
        let mut meta = meta.unwrap_or_else(|| json!({}));
        meta["urgent"] = json!(true);
        Some(meta)
    } else {
        meta
    };
    let text = payload.take_text("text").unwrap_or_default();
    let reply_to = payload.take_text("reply_to");
    let reaction = is_reaction.then(|| Content::Reaction {
        to: reply_to.clone().unwrap_or_default(),
        emoji: text.clone(),
    });
    let content = reaction.or(content);
    let mut media = payload.take("media");
    media::leave_out(media.as_mut(), Place::Sent);
    media::expect_there(gateway, media.as_ref())?;
    let text = match &content {
        Some(content) if text.is_empty() && !is_reaction => content.text(),
        _ => text,
    };
    check_key(payload.text("idempotency_key"))?;
    let peer = target(gateway, &channel, "to", payload.text("to"))?;
    let allowed = gateway.gate.may_send_to(&channel, &peer);
    allowed.map_err(|expected| bad_field("to", &expected, &format!("{peer:?}")))?;
    Ok(Draft {
        at: later::send_at(gateway, &payload)?,
        peer,
        channel,
        kind: content.as_ref().map_or(Kind::Text, Content::kind),
        text,
        content: content.as_ref().map(Content::json),
        media,
        reply_to,
        meta,
        idempotency_key: payload.take_text("idempotency_key"),
    })
}

/// Whether a text is written in markdown, by the field `format`.
pub(super) fn is_markdown(payload: &Payload) -> Result<bool, Fault> {
    match payload.text("format") {
        "" | "text" => Ok(false),
        MARKDOWN => Ok(true),
        other => Err(bad_field(
            "format",
            "markdown or text",
            &format!("{other:?}"),
        )),
    }
}

fn check_key(key: &str) -> Result<(), Fault> {
    let mut starts = KEYS_OF_THE_DAEMON.iter();
    let Some(start) = starts.find(|start| key.starts_with(**start)) else {
        return Ok(());
    };
    let expected = format!("another key: those with {start} in front are the gateway's own");
    Err(bad_field("idempotency_key", &expected, "one of them"))
}

/// Kinds without words that can be sent.
const CONTENT_KINDS: [Kind; 3] = [Kind::Location, Kind::Contact, Kind::Poll];

/// The place, the contact cards or the poll that a message is.
fn content_to_send(payload: &mut Payload) -> Result<Option<Content>, Fault> {
    let Some(json) = payload.take("content") else {
        return Ok(None);
    };
    let kind = CONTENT_KINDS
        .into_iter()
        .find(|kind| kind.as_str() == payload.text("kind"));
    let Some(kind) = kind else {
        let expected = format!(
            "with content, one of {}",
            CONTENT_KINDS.map(Kind::as_str).join(", ")
        );
        return Err(bad_field("kind", &expected, "something else"));
    };
    if payload.value("media").is_some() {
        let expected = "left out where there is content";
        return Err(needless_field("media", expected));
    }
    let content = Content::read(kind, &json);
    content.map_err(|expected| bad_field("content", &expected, "something else"))
}

/// Fails where there is neither text nor a file.
fn check_content(payload: &Payload) -> Result<(), Fault> {
    match payload.value("media") {
        Some(media) => media::check(media, Place::Sent),
        // No service takes a text of blanks alone.
        None if payload.text("text").trim().is_empty() => Err(faulty_field(
            "text",
            "a message needs a text or a file",
            "empty or left out",
        )),
        None => Ok(()),
    }
}

/// Waits until the message has left the outbox.
async fn settled(gateway: &Arc<Gateway>, queued: Message) -> Result<Message, Fault> {
    let forget = ForgetOnDrop {
        gateway: Arc::clone(gateway),
        id: queued.id,
    };
    let wait = gateway.listeners.waiters.wait_for(queued.id);
    // Read after the waiter is in place: it may have settled in between.
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

/// Takes the waiter away however the wait ends, also when the client leaves and the future is dropped.
struct ForgetOnDrop {
    gateway: Arc<Gateway>,
    id: MessageId,
}

impl Drop for ForgetOnDrop {
    fn drop(&mut self) {
        self.gateway.listeners.waiters.gave_up(self.id);
    }
}

async fn read(gateway: &Gateway, id: MessageId) -> Result<Message, Fault> {
    let found = reading(&gateway.store, move |store| store.message(id)).await?;
    let (message, _) = found.ok_or(StoreError::NotFound)?;
    Ok(message)
}

fn sent_json(message: &Message, duplicate: bool, held: Option<String>) -> String {
    let mut answer = json!({"message_id": message.id.to_string(), "state": message.state.as_str(), "duplicate": duplicate});
    if let Some(at_ms) = message.at_ms {
        answer["at_ms"] = json!(at_ms);
    }
    if let Some(held) = held {
        answer["held"] = json!(held);
    }
    if let Some(error) = &message.error {
        answer["error"] = json!(error);
    }
    answer.to_string()
}

pub(super) fn cancel(gateway: &Gateway, payload: &Payload) -> Answer {
    change(payload, |id| gateway.store.cancel(id))
}

/// Refused where the channel is gone: that of a bridge may have been forgotten since.
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
        let pending = store.retry(id)?;
        let message = pending.await?;
        Ok(state_json(&message))
    }))
}

fn change(
    payload: &Payload,
    ask: impl FnOnce(MessageId) -> Result<Pending<Message>, StoreError>,
) -> Answer {
    let pending = message_id(payload, "message_id").and_then(|id| Ok(ask(id)?));
    match pending {
        Err(fault) => Answer::Now(Err(fault)),
        Ok(pending) => Answer::Later(Box::pin(async move {
            let message = pending.await?;
            Ok(state_json(&message))
        })),
    }
}
