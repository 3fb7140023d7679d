//! Fetching a file. The addresses of attachments are signed and good for a day, so the message is asked for
//! again, which brings a fresh one
//! (<https://docs.discord.com/developers/reference#signed-attachment-cdn-urls>). Stickers have addresses of their own
//! (<https://docs.discord.com/developers/reference#image-formatting-cdn-endpoints>).

use serde_json::Value;

use super::super::{address::snowflake, api::DiscordApi};
use crate::{
    http_client::{Downloaded, HttpLimits},
    integrations::{
        DeliveryError, FetchError, FetchedFile,
        support::files::incoming::{check_length, most},
    },
    media::{Intake, MediaError},
    message::text_at,
};

/// Where the service keeps files; nothing else is asked for one.
const HOSTS: [&str; 2] = [
    "https://cdn.discordapp.com/",
    "https://media.discordapp.net/",
];

/// Where stickers that move are.
const MOVING: &str = "https://media.discordapp.net";

impl DiscordApi {
    /// Fetches a file by what `media.id` says of it.
    pub(in super::super) async fn fetch_file(
        &self,
        file: &Value,
        into: &mut Intake,
    ) -> Result<FetchedFile, FetchError> {
        let id = text_at(file, "id").unwrap_or_default();
        if let Some(sticker) = id.strip_prefix("sticker:") {
            let host = if sticker.rsplit('.').next() == Some("gif") {
                MOVING
            } else {
                &self.cdn
            };
            let url = format!("{host}/stickers/{sticker}");
            return self.download(&url, None, into).await;
        }
        let parts: Vec<u64> = id.split(':').filter_map(snowflake).collect();
        let [channel, message, attachment] = parts[..] else {
            let text = "Discord gave no id for this file";
            return Err(FetchError::Permanent(text.to_owned()));
        };
        let found = self.message(channel, message).await;
        let found = found.map_err(DeliveryError::from)?;
        let Some(attached) = attached(&found, &attachment.to_string()) else {
            let text = "the message has this file no more";
            return Err(FetchError::Permanent(text.to_owned()));
        };
        let bytes = attached["size"].as_u64();
        if bytes.is_some_and(|bytes| bytes > into.max_bytes()) {
            return Err(MediaError::TooLarge(into.max_bytes()).into());
        }
        let url = text_at(attached, "url").unwrap_or_default();
        let mut fetched = self.download(url, bytes, into).await?;
        fetched.mime = text_at(attached, "content_type").map(str::to_owned);
        Ok(fetched)
    }

    async fn download(
        &self,
        url: &str,
        bytes: Option<u64>,
        into: &mut Intake,
    ) -> Result<FetchedFile, FetchError> {
        let own = [self.base_url(), self.cdn.clone() + "/"];
        let is_theirs = HOSTS.iter().any(|host| url.starts_with(host))
            || own.iter().any(|host| url.starts_with(host));
        if !is_theirs {
            let text = "Discord named an address for the file that is not on its own hosts";
            return Err(FetchError::Permanent(text.to_owned()));
        }
        let limits = HttpLimits {
            max_bytes: most(into),
            ..HttpLimits::default()
        };
        match self.http().download_from(url, &[], limits, into).await? {
            Downloaded::Whole(_) => check_length(into, bytes)?,
            Downloaded::Refused(answer) => {
                // The address may have become too old: the next attempt asks for another.
                let status = answer.status;
                let text = format!("Discord did not hand the file out (status {status})");
                return Err(FetchError::Transient(text, answer.retry_after));
            }
        }
        Ok(FetchedFile::default())
    }
}

/// The attachment of a message, or of what was forwarded with it.
fn attached<'a>(message: &'a Value, id: &str) -> Option<&'a Value> {
    let snapshots = message["message_snapshots"]
        .as_array()
        .into_iter()
        .flatten();
    let parts = std::iter::once(message).chain(snapshots.map(|snapshot| &snapshot["message"]));
    let mut all = parts.flat_map(|part| part["attachments"].as_array().into_iter().flatten());
    all.find(|file| text_at(file, "id") == Some(id))
}
