//! One attempt to fetch the files of one message, and what became of it in the store.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{
    NextFetch, STALLED_WAIT,
    tries::{FileTries, Tries},
};
use crate::{
    backoff,
    daemon::channels::channel::Channel,
    integrations::{FetchError, FetchedFile, Integration, support::files::incoming::MAX_UNASKED},
    log::{Log, LogField},
    media::{About, Media, MediaError},
    message::{
        Message, MessageId,
        media::{FileState, files},
    },
    panics::contained,
    random,
    store::{KeptMedia, Store, StoreError, insist},
};

/// How long a file waits for its channel at most: a change of its state may go unnoticed here.
pub(super) const CHANNEL_WAIT: Duration = Duration::from_secs(300);

/// What one attempt needs.
pub(super) struct FetchAttempt {
    pub(super) channel: Arc<Channel>,
    pub(super) integration: Arc<dyn Integration>,
    pub(super) store: Store,
    pub(super) media: Media,
    pub(super) log: Log,
}

impl FetchAttempt {
    /// Fetches what is missing and due. Where the store fails, all stays to be fetched.
    pub(super) async fn make(&self, id: MessageId, mut tries: Tries) -> NextFetch {
        match self.try_make(id, &mut tries).await {
            Ok(None) => NextFetch::Done,
            Ok(Some(at)) => NextFetch::RetryAt(at, tries),
            Err(error) => {
                let fields: [LogField<'_>; 2] = [("message", &id), ("error", &error)];
                let text = "cannot store what became of a file; retrying";
                self.log.warn_limited("media", text, &fields);
                NextFetch::RetryAt(Instant::now() + STALLED_WAIT, tries)
            }
        }
    }

    /// When to try again, if any file is left. A file that fails for now holds up no other.
    async fn try_make(
        &self,
        id: MessageId,
        tries: &mut Tries,
    ) -> Result<Option<Instant>, StoreError> {
        let Some(message) = self.message(id).await? else {
            return Ok(None);
        };
        let mut was_tried = false;
        for (at, file) in files(message.media.as_ref()).iter().enumerate() {
            if FileState::of(file) != Some(FileState::Fetching) {
                tries.forget(at);
                continue;
            }
            let Some(file_tries) = tries.begin(at, file, Instant::now()) else {
                continue;
            };
            match self.fetch(&message, file).await {
                Ok(kept) => self.update(id, at, ready(file, &kept)).await?,
                Err(failure) => {
                    // Somebody may have asked for it meanwhile: that is not answered by this failure.
                    if self.is_asked_anew(id, at, file).await? {
                        continue;
                    }
                    was_tried |= failure.counts();
                    match self.put_off(failure, file_tries) {
                        None => continue,
                        Some(why) => self.failed(id, at, file, &why).await?,
                    }
                }
            }
            tries.forget(at);
        }
        let Some((due, attempts)) = tries.next() else {
            return Ok(None);
        };
        if was_tried {
            let wait = due.saturating_duration_since(Instant::now());
            self.store.postpone_fetch(id, attempts, wait)?.await?;
        }
        Ok(Some(due))
    }

    async fn message(&self, id: MessageId) -> Result<Option<Message>, StoreError> {
        let found = self.store.run_blocking(move |store| store.message(id));
        Ok(found.await?.map(|(message, _)| message))
    }

    async fn is_asked_anew(
        &self,
        id: MessageId,
        at: usize,
        file: &Value,
    ) -> Result<bool, StoreError> {
        let now = self.message(id).await?;
        let now = now.as_ref().map(|message| files(message.media.as_ref()));
        let now = now.and_then(|files| files.get(at));
        Ok(now.is_some_and(|now| now["asked"] != file["asked"]))
    }

    /// Puts a file off that was not fetched now; else why it never will be.
    fn put_off(&self, failure: Failure, tries: &mut FileTries) -> Option<String> {
        match failure {
            Failure::Final(why) => Some(why),
            Failure::OfChannel(why) => {
                let fields: [LogField<'_>; 2] = [("channel", &self.channel.name()), ("why", &why)];
                let text = "files wait until the channel works";
                self.log.warn_limited("media", text, &fields);
                tries.hold(CHANNEL_WAIT);
                None
            }
            Failure::Passing(why, earliest) => {
                tries.count += 1;
                let count = tries.count;
                let Some(wait) = self.channel.limits().retry_delays.after(count) else {
                    return Some(format!("given up after {count} attempts: {why}"));
                };
                let wait = backoff::jittered(wait, random::seed());
                tries.put_off(wait.max(earliest.unwrap_or_default()));
                None
            }
        }
    }

    async fn fetch(&self, message: &Message, file: &Value) -> Result<KeptMedia, Failure> {
        let max_bytes = if is_asked(file) {
            u64::MAX
        } else {
            MAX_UNASKED
        };
        let expected = file["bytes"].as_u64().unwrap_or(0);
        let failure = |error| self.failure(message.id, file, error);
        let intake = self.media.intake(max_bytes, expected).await;
        let mut intake = intake.map_err(|error| failure(error.into()))?;
        let fetching = self.integration.fetch(message, file, &mut intake);
        let fetched = contained(fetching).await.unwrap_or_else(|panic| {
            let text = format!("the integration panicked: {panic}");
            Err(FetchError::Transient(text, None))
        });
        let fetched = fetched.map_err(failure)?;
        let kept = intake.finish(about(message, file, fetched)).await;
        kept.map_err(|error| failure(error.into()))
    }

    /// What an error means for a file.
    fn failure(&self, id: MessageId, file: &Value, error: FetchError) -> Failure {
        match error {
            FetchError::Transient(why, earliest) => Failure::Passing(why, earliest),
            FetchError::Permanent(why) => Failure::Final(why),
            FetchError::Channel(why) => Failure::OfChannel(why),
            FetchError::Unauthorized(why) => {
                self.channel.park(&why);
                Failure::OfChannel(why)
            }
            FetchError::Media(MediaError::TooLarge(MAX_UNASKED))
                if !is_asked(file) && self.media.max_bytes() > MAX_UNASKED =>
            {
                Failure::Final(format!(
                    "it has more than {} MB, which is fetched only on request: cleudocodebot media fetch {id}",
                    MAX_UNASKED >> 20
                ))
            }
            FetchError::Media(error) if error.passes() => Failure::Passing(error.to_string(), None),
            FetchError::Media(error) => Failure::Final(error.to_string()),
        }
    }

    async fn failed(
        &self,
        id: MessageId,
        at: usize,
        file: &Value,
        why: &str,
    ) -> Result<(), StoreError> {
        let fields: [LogField<'_>; 3] = [
            ("channel", &self.channel.name()),
            ("message", &id),
            ("error", &why),
        ];
        self.log
            .warn_limited("media", "a file was not fetched", &fields);
        let mut file = file.clone();
        file["state"] = json!(FileState::Failed.as_str());
        file["error"] = json!(why);
        self.update(id, at, file).await
    }

    /// Stores what became of a file, however long that takes: it was fetched.
    async fn update(&self, id: MessageId, at: usize, file: Value) -> Result<(), StoreError> {
        let ask = || self.store.update_file(id, at, file.clone());
        insist(ask, |_| {}).await.map(drop)
    }
}

/// Why a file is not here.
enum Failure {
    /// It may come, after this long at the earliest.
    Passing(String, Option<Duration>),
    /// It may come when the channel works again.
    OfChannel(String),
    /// It will not come.
    Final(String),
}

impl Failure {
    /// Whether it counts as an attempt.
    fn counts(&self) -> bool {
        matches!(self, Self::Passing(..))
    }
}

/// Whether somebody asked for this file, however large.
fn is_asked(file: &Value) -> bool {
    !file["asked"].is_null()
}

fn about(message: &Message, file: &Value, fetched: FetchedFile) -> About {
    let said = About::of_file(file);
    About {
        mime: fetched.mime.or(said.mime),
        name: fetched.name.or(said.name),
        kind: Some(message.kind),
        sha256: fetched.sha256,
    }
}

/// The file of a message once it is kept.
fn ready(file: &Value, kept: &KeptMedia) -> Value {
    let mut file = file.clone();
    file["state"] = json!(FileState::Ready.as_str());
    file["media_id"] = json!(kept.row.id.to_string());
    file["mime"] = json!(kept.row.mime);
    if let Some(fields) = file.as_object_mut() {
        fields.remove("error");
        fields.remove("asked");
    }
    file
}
