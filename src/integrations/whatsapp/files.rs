//! Files of messages that come in: kept at once where they came with the post, else marked to be fetched.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use super::{
    Whatsapp,
    settings::NAME,
    who::{Place, Who},
};
use crate::{
    integrations::{
        ingress::Origin,
        support::{
            base64::{Base64Error, decode},
            files::incoming::mark,
        },
    },
    log::LogField,
    media::{About, MediaError},
    message::{Kind, media::FileState},
    store::{Inbound, KeptMedia, StoreError},
};

/// How long a message waits for the file that was posted with it. Later it is fetched like any other.
const KEEPING: Duration = Duration::from_secs(2);

impl Whatsapp {
    /// Has the file of a message that is stored fetched, where the settings say so, or keeps it at once where
    /// it came with the post. That of a stranger is not looked at.
    pub(super) async fn expect_file(
        &self,
        inbound: &mut Inbound,
        who: &Who,
        base64: Option<&str>,
    ) -> Result<(), StoreError> {
        let kind = inbound.kind;
        if let (Some(base64), Some(media)) = (base64, &mut inbound.media) {
            let origin = Origin {
                aliases: who.aliases.clone(),
                ..Origin::default()
            };
            let sender = who.sender.as_ref().unwrap_or(&who.peer);
            let is_known = who.own
                || who.place == Place::Newsletter
                || self.ingress.may_write(sender, &who.peer, &origin).await?;
            let keeping = async { timeout(KEEPING, self.keep_file(base64, kind, media)).await };
            if is_known && let Ok(Some(kept)) = keeping.await {
                media["media_id"] = json!(kept.row.id.to_string());
                media["mime"] = json!(kept.row.mime);
                media["bytes"] = json!(kept.row.bytes);
                media["state"] = json!(FileState::Ready.as_str());
            }
        }
        mark(inbound.media.as_mut(), kind, self.settings.fetches);
        Ok(())
    }

    /// Keeps a file that came with a post; where that fails, it is asked for like any other.
    async fn keep_file(&self, base64: &str, kind: Kind, media: &Value) -> Option<KeptMedia> {
        let kept = async {
            let intake = self.media.intake(u64::MAX, 0).await;
            let mut intake = intake.map_err(Base64Error::Sink)?;
            decode(base64, &mut intake).await?;
            let about = About {
                kind: Some(kind),
                ..About::of_file(media)
            };
            intake.finish(about).await.map_err(Base64Error::Sink)
        };
        let kept: Result<KeptMedia, Base64Error<MediaError>> = kept.await;
        if let Err(error) = &kept {
            let fields: [LogField<'_>; 2] = [("name", &NAME), ("error", error)];
            let log = self.ingress.log();
            log.warn_limited("media", "a file that was posted could not be kept", &fields);
        }
        kept.ok()
    }
}
