//! One attempt to fetch the files of one message, and what became of it in the store.

use std::{sync::Arc, time::Duration};

use serde_json::{Value, json};

use super::{NextFetch, STALLED_WAIT};
use crate::{
    backoff,
    daemon::channels::channel::Channel,
    integrations::{FetchError, FetchedFile, Integration, support::files::incoming::MAX_UNASKED},
    log::{Log, LogField},
    media::{About, Media},
    message::{
        Message, MessageId,
        media::{FileState, files},
        text_at,
    },
    panics::contained,
    random,
    store::{KeptMedia, Store, StoreError, insist},
};

/// What one attempt needs.
pub(super) struct FetchAttempt {
    pub(super) channel: Arc<Channel>,
    pub(super) integration: Arc<dyn Integration>,
    pub(super) store: Store,
    pub(super) media: Media,
    pub(super) log: Log,
}

impl FetchAttempt {
    /// Fetches what is missing. Where the store fails, all stays to be fetched.
    pub(super) async fn make(&self, id: MessageId, attempts: u32) -> NextFetch {
        self.try_make(id, attempts).await.unwrap_or_else(|error| {
            let fields: [LogField<'_>; 2] = [("message", &id), ("error", &error)];
            let text = "cannot store what became of a file; retrying";
            self.log.warn_limited("media", text, &fields);
            NextFetch::RetryAfter(STALLED_WAIT, attempts)
        })
    }

    async fn try_make(&self, id: MessageId, attempts: u32) -> Result<NextFetch, StoreError> {
        let found = self.store.run_blocking(move |store| store.message(id));
        let Some((message, _)) = found.await? else {
            return Ok(NextFetch::Done);
        };
        for (at, file) in files(message.media.as_ref()).iter().enumerate() {
            if FileState::of(file) != Some(FileState::Fetching) {
                continue;
            }
            match self.fetch(&message, file).await {
                Ok(kept) => self.update(id, at, ready(file, &kept)).await?,
                Err(Failure::Final(why)) => self.failed(id, at, file, &why).await?,
                Err(Failure::Passing(why, earliest)) => {
                    let attempts = attempts + 1;
                    let Some(wait) = self.channel.limits().retry_delays.after(attempts) else {
                        let why = format!("given up after {attempts} attempts: {why}");
                        self.failed(id, at, file, &why).await?;
                        continue;
                    };
                    let wait = backoff::jittered(wait, random::seed());
                    let wait = wait.max(earliest.unwrap_or_default());
                    self.store.postpone_fetch(id, attempts, wait)?.await?;
                    return Ok(NextFetch::RetryAfter(wait, attempts));
                }
            }
        }
        Ok(NextFetch::Done)
    }

    async fn fetch(&self, message: &Message, file: &Value) -> Result<KeptMedia, Failure> {
        let max_bytes = if file["asked"] == true {
            u64::MAX
        } else {
            MAX_UNASKED
        };
        let expected = file["bytes"].as_u64().unwrap_or(0);
        let intake = self.media.intake(max_bytes, expected).await;
        let mut intake = intake.map_err(|error| Failure::from(FetchError::Media(error)))?;
        let fetching = self.integration.fetch(message, file, &mut intake);
        let fetched = contained(fetching).await.unwrap_or_else(|panic| {
            let text = format!("the integration panicked: {panic}");
            Err(FetchError::Transient(text, None))
        })?;
        let kept = intake.finish(about(message, file, fetched)).await;
        kept.map_err(|error| Failure::from(FetchError::Media(error)))
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
    /// It will not come.
    Final(String),
}

impl From<FetchError> for Failure {
    fn from(error: FetchError) -> Self {
        match error {
            FetchError::Transient(why, earliest) => Self::Passing(why, earliest),
            FetchError::Permanent(why) => Self::Final(why),
            FetchError::Media(error) if error.passes() => Self::Passing(error.to_string(), None),
            FetchError::Media(error) => Self::Final(error.to_string()),
        }
    }
}

fn about(message: &Message, file: &Value, fetched: FetchedFile) -> About {
    let said = |field: &str| text_at(file, field).map(str::to_owned);
    About {
        mime: fetched.mime.or_else(|| said("mime")),
        name: fetched.name.or_else(|| said("name")),
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
