//! From the outbox to the service: where a message goes, what it answers, and what is mended at once where
//! the service refuses it for a reason that we can take away.

use std::{sync::Arc, time::Duration};

use hyper::Method;
use serde_json::Value;

use super::{
    address::{Address, id_at, name_of, split_name},
    api::{Ask, DiscordApi},
    errors::{RefusalMeaning, RestError},
    places::Places,
    wire::{Post, is_reaction, posts},
};
use crate::{
    body::Multipart,
    clock,
    http_client::{HttpBody, HttpError, HttpLimits},
    integrations::{
        Accepted, DeliveryError, Progress, ReconcileResult,
        ingress::Ingress,
        support::files::{
            limits::DISCORD,
            outgoing::{body as body_of, checked},
        },
    },
    log::LogField,
    media::Media,
    message::Message,
    percent,
    store::{Store, StoreError},
};

/// The time in which the service knows a nonce again: it says "the past few minutes".
const NONCE_LIFE: Duration = Duration::from_secs(120);

/// Messages of a channel that are looked at for one whose answer was lost; the most that one call gives.
const LOOKED_AT: usize = 100;

/// Clocks differ: a message may bear a time that is so much before ours.
const CLOCK_SKEW_MS: u64 = 60_000;

/// The first moment of the service's ids (<https://docs.discord.com/developers/reference#snowflakes>).
pub(super) const EPOCH_MS: u64 = 1_420_070_400_000;

/// Sends messages of one bot.
pub(super) struct Sender {
    channel: String,
    api: Arc<DiscordApi>,
    places: Arc<Places>,
    ingress: Ingress,
    media: Media,
}

impl Sender {
    pub(super) fn new(
        channel: &str,
        api: Arc<DiscordApi>,
        places: Arc<Places>,
        ingress: Ingress,
        media: Media,
    ) -> Self {
        Self {
            channel: channel.to_owned(),
            api,
            places,
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
        let address = Address::parse(&message.peer).map_err(|expected| {
            let peer = &message.peer;
            DeliveryError::Permanent(format!(
                "{peer:?} is no peer of Discord: it takes {expected}"
            ))
        })?;
        if is_reaction(message) {
            return self.react(message).await;
        }
        let (channel, answered) = self.destination(address, message).await?;
        let files = checked(&self.media, message, &DISCORD).await?;
        let posts = posts(message, &files, answered)?;
        for post in posts.into_iter().skip(progress.parts()) {
            progress.keep().await;
            let sent = self.post(post, channel).await?;
            progress.part_sent(id_at(&sent, "id").map(|id| name_of(channel, id)));
        }
        Ok(())
    }

    /// Deletes what was sent, for everybody.
    pub(super) async fn delete(&self, names: &[String]) -> Result<(), DeliveryError> {
        for (channel, message) in names.iter().filter_map(|name| split_name(name)) {
            match self.api.delete(channel, message).await {
                // Somebody deleted it before.
                Err(RestError::Refused(refusal)) if refusal.meaning == RefusalMeaning::Gone => {}
                other => other?,
            }
        }
        Ok(())
    }

    /// Shows that we write.
    pub(super) async fn typing(&self, peer: &str) -> Result<(), String> {
        let channel = self.places.channel_of(Address::parse(peer)?).await;
        let channel = channel.map_err(|error| error.text())?;
        self.api.typing(channel).await.map_err(|error| error.text())
    }

    /// The channel of the service that a message goes to, and the message there that it answers. An answer goes to the
    /// thread of what it answers, also where only the channel was named.
    async fn destination(
        &self,
        address: Address,
        message: &Message,
    ) -> Result<(u64, Option<u64>), DeliveryError> {
        let channel = self.places.channel_of(address).await?;
        let Some(name) = message.reply_to.as_deref() else {
            return Ok((channel, None));
        };
        let Some((of, answered)) = split_name(name) else {
            return Err(elsewhere(name));
        };
        if of == channel {
            return Ok((channel, Some(answered)));
        }
        let known = self
            .named(name.to_owned())
            .await
            .map_err(|error| unread(&error))?;
        let known = known.and_then(|known| Address::parse(&known.peer).ok());
        match (address, known) {
            (Address::Channel(here, None), Some(Address::Channel(parent, Some(thread))))
                if here == parent && thread == of =>
            {
                Ok((thread, Some(answered)))
            }
            _ => Err(elsewhere(name)),
        }
    }

    /// Makes one message. What the service refuses for a reason that can be taken away is mended and asked for
    /// again, each at most once.
    async fn post(&self, mut post: Post, channel: u64) -> Result<Value, DeliveryError> {
        loop {
            let refusal = match self.call(&post, channel).await {
                Ok(sent) => return Ok(sent),
                Err(RestError::Refused(refusal)) => refusal,
                Err(failure) => return Err(failure.into()),
            };
            match refusal.meaning {
                RefusalMeaning::Reply if post.body.get("message_reference").is_some() => {
                    post = post.without("message_reference");
                }
                RefusalMeaning::Voice if post.is_note() => post = post.into_file(),
                _ => return Err(RestError::Refused(refusal).into()),
            }
            let fields: [LogField<'_>; 2] = [("name", &self.channel), ("why", &refusal.text)];
            let log = self.ingress.log();
            let what = "a refused message is sent in another way";
            log.debug("integration", what, &fields);
        }
    }

    /// Files go beside the JSON
    /// (<https://docs.discord.com/developers/reference#uploading-files>).
    async fn call(&self, post: &Post, channel: u64) -> Result<Value, RestError> {
        let path = format!("/channels/{channel}/messages");
        let asked = |body| {
            let template = "POST /channels/{}/messages";
            Ask::new(Method::POST, template, channel, path, body)
        };
        if post.uploads.is_empty() {
            return self.api.call(asked(HttpBody::Json(&post.body))).await;
        }
        let mut form = Multipart::default().text("payload_json", &post.body.to_string());
        let mut bytes = 0;
        for (at, file) in post.uploads.iter().enumerate() {
            let row = &file.row;
            let content = body_of(&self.media, row.id)
                .await
                .map_err(RestError::File)?;
            form = form.file(&format!("files[{at}]"), &file.name(), &row.mime, content);
            bytes += row.bytes;
        }
        let asked = asked(HttpBody::Form(form)).within(HttpLimits::for_file(bytes));
        self.api.call(asked).await
    }

    /// Puts an emoji on a message (<https://docs.discord.com/developers/resources/message#create-reaction>), or takes
    /// what we put there back.
    async fn react(&self, message: &Message) -> Result<(), DeliveryError> {
        let to = message.reply_to.as_deref().and_then(split_name);
        let Some((channel, id)) = to else {
            let text = "a reaction needs the message it is for (reply_to), and Discord does not know that one";
            return Err(DeliveryError::Permanent(text.to_owned()));
        };
        let emoji = message.text.trim();
        if !emoji.is_empty() {
            let emoji = emoji.trim_matches(['<', '>']).trim_start_matches(':');
            return Ok(self.reaction(Method::PUT, channel, id, emoji).await?);
        }
        let found = self.api.message(channel, id).await?;
        let all = found["reactions"].as_array().into_iter().flatten();
        for ours in all.filter(|reaction| reaction["me"] == true) {
            let emoji = &ours["emoji"];
            let name = emoji["name"].as_str().unwrap_or_default();
            let emoji = match emoji["id"].as_str() {
                Some(id) => format!("{name}:{id}"),
                None => name.to_owned(),
            };
            self.reaction(Method::DELETE, channel, id, &emoji).await?;
        }
        Ok(())
    }

    async fn reaction(
        &self,
        method: Method,
        channel: u64,
        message: u64,
        emoji: &str,
    ) -> Result<(), RestError> {
        let emoji = percent::encode(emoji, b"");
        let path = format!("/channels/{channel}/messages/{message}/reactions/{emoji}/@me");
        let template = "PUT /channels/{}/messages/{}/reactions/{}/@me";
        let asked = Ask::new(method, template, channel, path, HttpBody::Empty);
        self.api.call(asked).await.map(drop)
    }

    /// What became of an attempt without an answer. While the service knows its nonce it is simply made again;
    /// later the channel is looked through.
    pub(super) async fn reconcile(
        &self,
        message: &Message,
        progress: &Progress,
    ) -> ReconcileResult {
        let age = clock::now_ms().saturating_sub(message.updated_ms);
        if is_reaction(message) || u128::from(age) < NONCE_LIFE.as_millis() {
            return ReconcileResult::NotSent;
        }
        match self.look(message, progress).await {
            Ok(result) => result,
            Err(DeliveryError::Transient(why, earliest)) => ReconcileResult::Unasked(why, earliest),
            Err(DeliveryError::Unknown(why)) => ReconcileResult::Unasked(why, None),
            Err(_) => ReconcileResult::Unknown,
        }
    }

    async fn look(
        &self,
        message: &Message,
        progress: &Progress,
    ) -> Result<ReconcileResult, DeliveryError> {
        let address = Address::parse(&message.peer).map_err(DeliveryError::Permanent)?;
        let (channel, answered) = self.destination(address, message).await?;
        let files = checked(&self.media, message, &DISCORD).await?;
        let posts = posts(message, &files, answered)?;
        let Some(post) = posts.get(progress.parts()) else {
            return Ok(ReconcileResult::Unknown);
        };
        let me = id_at(&self.api.me().await?, "id");
        let since = message.updated_ms.saturating_sub(EPOCH_MS + CLOCK_SKEW_MS) << 22;
        let found = self.api.messages_after(channel, since, LOOKED_AT).await?;
        let ours = found
            .iter()
            .rev()
            .filter(|one| id_at(&one["author"], "id") == me);
        for one in ours.filter(|one| is_made_of(one, post)) {
            let Some(name) = id_at(one, "id").map(|id| name_of(channel, id)) else {
                continue;
            };
            if self
                .is_claimed(&name)
                .await
                .map_err(|error| unread(&error))?
            {
                continue;
            }
            progress.part_sent(Some(name));
            return Ok(if progress.parts() == posts.len() {
                ReconcileResult::Sent(Accepted::Sent(progress.references()))
            } else {
                ReconcileResult::NotSent
            });
        }
        Ok(ReconcileResult::NotSent)
    }

    /// Whether another of our messages has this name.
    async fn is_claimed(&self, name: &str) -> Result<bool, StoreError> {
        let (channel, name) = (self.channel.clone(), name.to_owned());
        let read = move |store: &Store| Ok(store.referred(&channel, &name)?.is_some());
        self.ingress.store().run_blocking(read).await
    }

    async fn named(&self, name: String) -> Result<Option<Message>, StoreError> {
        let channel = self.channel.clone();
        let read = move |store: &Store| store.named(&channel, &name);
        self.ingress.store().run_blocking(read).await
    }
}

/// Whether a message of ours came of this call: it has its nonce, or says and holds the same.
fn is_made_of(sent: &Value, post: &Post) -> bool {
    if sent["nonce"].is_string() {
        return sent["nonce"] == post.body["nonce"];
    }
    let text = |value: &Value| value.as_str().unwrap_or_default().trim().to_owned();
    let attached = sent["attachments"].as_array().map_or(0, Vec::len);
    let question = |value: &Value| value["poll"]["question"]["text"].clone();
    text(&sent["content"]) == text(&post.body["content"])
        && attached == post.uploads.len()
        && question(sent) == question(&post.body)
}

fn unread(error: &StoreError) -> DeliveryError {
    DeliveryError::Transient(format!("the store could not be read: {error}"), None)
}

fn elsewhere(name: &str) -> DeliveryError {
    DeliveryError::Permanent(format!(
        "the message it answers (reply_to) is of another channel, {name}: send it there, or leave reply_to out"
    ))
}

impl From<HttpError> for RestError {
    fn from(error: HttpError) -> Self {
        Self::Http(error)
    }
}
