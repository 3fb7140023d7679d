//! Files of messages: attachments (<https://docs.discord.com/developers/resources/message#attachment-object>) and
//! stickers (<https://docs.discord.com/developers/resources/sticker#sticker-item-object>).

use serde_json::{Value, json};

use super::of_file;
use crate::{
    integrations::discord::address::id_at,
    media::probe::essence,
    message::{Kind, media::MAX_FILES, text_at},
};

/// The flag of a message that is a recorded note.
const VOICE: u64 = 1 << 13;

/// The types of stickers, with the endings of their files
/// (<https://docs.discord.com/developers/resources/sticker#sticker-object-sticker-format-types>).
const STICKERS: [(u64, &str, &str); 4] = [
    (1, "png", "image/png"),
    (2, "png", "image/apng"),
    (3, "json", "application/json"),
    (4, "gif", "image/gif"),
];

/// The files of one message, each with its kind.
pub(super) struct Files(Vec<(Kind, Value)>);

impl Files {
    /// Those of a message and of what was forwarded with it.
    pub(super) fn of<'a>(
        parts: impl Iterator<Item = &'a Value>,
        message: &Value,
        channel: u64,
    ) -> Self {
        let id = id_at(message, "id").unwrap_or_default();
        let mut all = Vec::new();
        for part in parts {
            let is_voice = part["flags"].as_u64().unwrap_or_default() & VOICE != 0;
            let attached = part["attachments"].as_array().into_iter().flatten();
            all.extend(attached.filter_map(|file| attachment(file, is_voice, channel, id)));
            let stickers = part["sticker_items"]
                .as_array()
                .or(part["stickers"].as_array());
            all.extend(stickers.into_iter().flatten().filter_map(sticker));
        }
        all.truncate(MAX_FILES);
        Self(all)
    }

    /// The kind of the message they make.
    pub(super) fn kind(&self) -> Option<Kind> {
        self.0.first().map(|(kind, _)| *kind)
    }

    /// What the message says where it has no words.
    pub(super) fn text(&self, kind: Kind) -> String {
        let first = self.0.first();
        of_file(kind, first.and_then(|(_, file)| text_at(file, "name")))
    }

    /// As `media` has them.
    pub(super) fn json(mut self) -> Value {
        if self.0.len() == 1 {
            return self.0.remove(0).1;
        }
        self.0.into_iter().map(|(_, file)| file).collect()
    }
}

fn attachment(file: &Value, is_voice: bool, channel: u64, message: u64) -> Option<(Kind, Value)> {
    let id = id_at(file, "id")?;
    let mime = text_at(file, "content_type").unwrap_or_default();
    let kind = match essence(mime).split('/').next() {
        Some("audio") if is_voice => Kind::Voice,
        Some("audio") => Kind::Audio,
        Some("image") => Kind::Image,
        Some("video") => Kind::Video,
        _ => Kind::Document,
    };
    let mut media = json!({"kind": kind.media_kind(), "id": format!("{channel}:{message}:{id}")});
    if !mime.is_empty() {
        media["mime"] = json!(mime);
    }
    if let Some(name) = text_at(file, "filename") {
        media["name"] = json!(name);
    }
    for (field, told) in [("bytes", "size"), ("width", "width"), ("height", "height")] {
        if let Some(number @ 1..) = file[told].as_u64() {
            media[field] = json!(number);
        }
    }
    if let Some(seconds) = file["duration_secs"]
        .as_f64()
        .filter(|seconds| *seconds > 0.0)
    {
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a length"
        )]
        let whole = seconds.ceil() as u64;
        media["seconds"] = json!(whole);
    }
    Some((kind, media))
}

fn sticker(item: &Value) -> Option<(Kind, Value)> {
    let id = id_at(item, "id")?;
    let format = item["format_type"].as_u64()?;
    let (_, ending, mime) = STICKERS.iter().find(|(number, ..)| *number == format)?;
    let name = text_at(item, "name").unwrap_or("sticker");
    let media = json!({"kind": Kind::Sticker.media_kind(), "id": format!("sticker:{id}.{ending}"),
        "mime": mime, "name": format!("{name}.{ending}")});
    Some((Kind::Sticker, media))
}
