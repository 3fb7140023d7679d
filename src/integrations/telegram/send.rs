//! From the outbox to the service: where a message goes, what it answers, and what is mended at once where
//! the service refuses it for a reason that we can take away.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    api::Api,
    errors::{CallError, Meaning, Refusal},
    target::{EPHEMERAL, Target, Topic, number_of, split_name},
    wire::{Answered, Step, Upload, is_reaction, steps},
};
use crate::{
    body::Multipart,
    http_client::{HttpBody, HttpLimits},
    integrations::{
        DeliveryError, Progress,
        ingress::Ingress,
        support::files::outgoing::{body as body_of, outgoing},
    },
    log::LogField,
    media::Media,
    message::Message,
    store::{Store, StoreError},
};

/// Sends messages of one channel.
pub(super) struct Sender {
    channel: String,
    api: Arc<Api>,
    ingress: Ingress,
    media: Media,
}

impl Sender {
    pub(super) fn new(channel: &str, api: Arc<Api>, ingress: Ingress, media: Media) -> Self {
        Self {
            channel: channel.to_owned(),
            api,
            ingress,
            media,
        }
    }

    /// Sends what earlier attempts did not.
    pub(super) async fn send(
        &self,
        message: &Message,
        progress: &Progress,
    ) -> Result<(), DeliveryError> {
        let mut target = self
            .target(&message.peer)
            .await
            .map_err(|error| unread(&error))?;
        let answered = self.answered(message, &mut target).await?;
        if is_reaction(message) {
            // A message is found by its chat alone.
            target.topic = None;
        }
        let files = outgoing(&self.media, message).await?;
        let steps = steps(message, &files, answered.as_ref())?;
        for step in steps.into_iter().skip(progress.parts()) {
            progress.keep().await;
            let names = self.step(step, &mut target).await?;
            progress.album_sent(names);
        }
        Ok(())
    }

    /// Shows that we write (<https://core.telegram.org/bots/api#sendchataction>).
    pub(super) async fn typing(&self, peer: &str) -> Result<(), CallError> {
        let target = self
            .target(peer)
            .await
            .unwrap_or_else(|_| Target::parse(peer));
        let mut body = json!({"action": "typing"});
        target.address(&mut body);
        let asked = self
            .api
            .call("sendChatAction", &body, HttpLimits::default());
        asked.await.map(drop)
    }

    /// Deletes what was sent, for everybody (<https://core.telegram.org/bots/api#deletemessage>): a bot's own
    /// messages within 48 hours. As a business account by a method of its own
    /// (<https://core.telegram.org/bots/api#deletebusinessmessages>).
    pub(super) async fn delete(&self, peer: &str, names: &[String]) -> Result<(), DeliveryError> {
        let target = self.target(peer).await.map_err(|error| unread(&error))?;
        for name in names {
            let (_, number) = split_name(name);
            let number: i64 = number.parse().map_err(|_| {
                let text = "Telegram has no way to delete what only one member of a group sees";
                DeliveryError::Permanent(text.to_owned())
            })?;
            let mut body = json!({});
            target.address(&mut body);
            let method = if let Some(business) = body.get("business_connection_id").cloned() {
                body = json!({"business_connection_id": business, "message_ids": [number]});
                "deleteBusinessMessages"
            } else {
                body["message_id"] = json!(number);
                "deleteMessage"
            };
            let deleted = self.api.call(method, &body, HttpLimits::default()).await;
            match deleted {
                Err(CallError::Refused(refusal)) if refusal.meaning == Meaning::Gone => {}
                other => drop(other?),
            }
        }
        Ok(())
    }

    /// The place that a peer means, under the id it has now.
    async fn target(&self, peer: &str) -> Result<Target, StoreError> {
        let mut target = Target::parse(peer);
        if target.may_have_moved() {
            target.chat = self.ingress.canonical(&target.chat).await?;
        }
        Ok(target)
    }

    /// The message that is answered. An answer goes to the topic of what it answers, all parts of it, also
    /// where only the chat was named; to another chat it does not go, for there the number means another
    /// message.
    async fn answered(
        &self,
        message: &Message,
        target: &mut Target,
    ) -> Result<Option<Answered>, DeliveryError> {
        let Some(name) = message.reply_to.as_deref() else {
            return Ok(None);
        };
        let (chat, number) = split_name(name);
        // What only one member saw cannot be answered so that others see it.
        let number: Option<i64> = number.parse().ok();
        if number.is_none() && !name.contains(EPHEMERAL) {
            return Err(elsewhere(name));
        }
        // Whose name that is, the service knows.
        let is_public = target.chat.starts_with('@');
        if let Some(chat) = chat.filter(|chat| *chat != target.chat_name() && !is_public) {
            let now = self.target(chat).await.map_err(|error| unread(&error))?;
            if now.chat_name() != target.chat_name() {
                return Err(elsewhere(chat));
            }
            self.debug(
                "the answered message stayed in the group from before",
                message,
            );
            return Ok(None);
        }
        if target.topic.is_none()
            && let Some(number) = number.filter(|_| !is_public)
        {
            let name = target.name_of(&number.to_string());
            target.topic = self.topic_of(name).await.map_err(|error| unread(&error))?;
        }
        Ok(number.map(|number| Answered {
            number,
            chat: chat.filter(|_| is_public).map(str::to_owned),
        }))
    }

    async fn topic_of(&self, name: String) -> Result<Option<Topic>, StoreError> {
        let channel = self.channel.clone();
        let read = move |store: &Store| store.named(&channel, &name);
        let message = self.ingress.store().run_blocking(read).await?;
        Ok(message.and_then(|message| Target::parse(&message.peer).topic))
    }

    /// Makes one call, and the service's names of what it sent: of an album, one each. What the service refuses for a reason that
    /// can be taken away is mended and asked for again, each at most once: the group moved, the topic is
    /// gone, the answered message is gone, the formatting is not taken, the address of the file cannot be used.
    async fn step(
        &self,
        mut step: Step,
        target: &mut Target,
    ) -> Result<Vec<String>, DeliveryError> {
        let mut moved = false;
        loop {
            let refusal = match self.call(&step, target).await {
                Ok(sent) => return Ok(names_of(&sent, target)),
                Err(CallError::Refused(refusal)) => refusal,
                Err(failure) => return Err(failure.into()),
            };
            match refusal.meaning {
                Meaning::Moved(id) if !moved => {
                    moved = true;
                    self.remember_move(target, id)
                        .await
                        .map_err(|error| unread(&error))?;
                }
                Meaning::Topic if target.topic.is_some() => target.topic = None,
                Meaning::Reply if step.body.get("reply_parameters").is_some() => {
                    step = step.without("reply_parameters");
                }
                Meaning::Format if step.is_formatted() => step = step.unformatted(),
                Meaning::File => match step.as_text().or_else(|| step.as_document()) {
                    Some(other) => step = other,
                    None => return Err(CallError::Refused(refusal).into()),
                },
                _ => return Err(CallError::Refused(refusal).into()),
            }
            self.mended(&refusal);
        }
    }

    async fn call(&self, step: &Step, target: &Target) -> Result<Value, CallError> {
        let mut body = step.body.clone();
        target.address(&mut body);
        if step.uploads.is_empty() {
            let limits = HttpLimits::default();
            return self.api.call(step.method, &body, limits).await;
        }
        let (mut form, mut bytes) = (Multipart::default(), 0);
        for (name, value) in body.as_object().into_iter().flatten() {
            form = match value {
                Value::String(text) => form.text(name, text),
                other => form.text(name, &other.to_string()),
            };
        }
        for Upload { field, file } in &step.uploads {
            let row = &file.row;
            let content = body_of(&self.media, row.id).await;
            let content = content.map_err(CallError::File)?;
            form = form.file(field, &file.name(), &row.mime, content);
            bytes += row.bytes;
        }
        let (body, limits) = (HttpBody::Form(form), HttpLimits::for_file(bytes));
        self.api.post(step.method, body, limits).await
    }

    /// The group became a supergroup: what waits for it, and what comes from it, is one conversation.
    async fn remember_move(&self, target: &mut Target, id: i64) -> Result<(), StoreError> {
        let now = id.to_string();
        self.ingress.same_peer(&target.chat, &now).await?;
        target.chat = now;
        Ok(())
    }

    fn mended(&self, refusal: &Refusal) {
        let fields: [LogField<'_>; 2] = [("name", &self.channel), ("why", &refusal.text)];
        let log = self.ingress.log();
        log.debug(
            "integration",
            "a refused message is sent in another way",
            &fields,
        );
    }

    fn debug(&self, what: &str, message: &Message) {
        let fields: [LogField<'_>; 2] = [("name", &self.channel), ("message", &message.id)];
        self.ingress.log().debug("integration", what, &fields);
    }
}

/// The names of what was sent: one message, or those of an album.
fn names_of(sent: &Value, target: &Target) -> Vec<String> {
    let all = sent.as_array();
    let all = all.map_or(std::slice::from_ref(sent), Vec::as_slice);
    all.iter().filter_map(|one| name_of(one, target)).collect()
}

/// The name of what was sent. A chat that was addressed by `@name` is called by its id.
fn name_of(sent: &Value, target: &Target) -> Option<String> {
    let number = number_of(sent)?;
    let id = sent["chat"]["id"].as_i64();
    Some(match id {
        Some(id) if target.business.is_none() => format!("{id}:{number}"),
        _ => target.name_of(&number),
    })
}

fn unread(error: &StoreError) -> DeliveryError {
    DeliveryError::Transient(format!("the store could not be read: {error}"), None)
}

fn elsewhere(chat: &str) -> DeliveryError {
    DeliveryError::Permanent(format!(
        "the message it answers (reply_to) is of another chat, {chat}: send it there, or leave reply_to out"
    ))
}
