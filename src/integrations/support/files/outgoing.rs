//! The files of a message that is sent: kept by us, or named by an address that the service fetches itself.

use serde_json::Value;

use super::limits::{FileLimits, essence};
use crate::{
    body::FileBody,
    file_name,
    integrations::DeliveryError,
    media::{Media, MediaError},
    message::{
        Kind, MediaId, Message,
        media::{files, media_id},
        text_at,
    },
    store::MediaRow,
};

/// One file of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing {
    /// What it is sent as.
    pub kind: Kind,
    /// Its address, where it is not kept by us.
    pub url: Option<String>,
    /// What is known of it, where it is kept.
    pub kept: Option<MediaRow>,
    /// The name it is sent under, if the message says one.
    named: Option<String>,
}

impl Outgoing {
    /// A file of this message.
    fn new(message: &Message, json: &Value, kept: Option<MediaRow>) -> Self {
        Self {
            kind: kind(message, json),
            url: text_at(json, "url").map(str::to_owned),
            kept,
            named: text_at(json, "name").and_then(file_name::clean),
        }
    }

    /// The name of a kept file, with an ending: services tell the type by it.
    pub fn name(&self) -> String {
        let row = self.kept.as_ref();
        let mime = row.map_or("", |row| essence(&row.mime));
        let of_row = row.and_then(|row| row.name.clone());
        let name = self.named.clone().or(of_row);
        let name = name.unwrap_or_else(|| self.kind.as_str().to_owned());
        let has_ending = name.rsplit_once('.').is_some_and(|(_, end)| {
            (1..=8).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if has_ending {
            return name;
        }
        format!("{name}.{}", ending(mime))
    }
}

/// What a file is sent as. An older message says of its one file no more than what family it is of.
pub fn kind(message: &Message, file: &Value) -> Kind {
    let told = Kind::of_media(Some(file));
    match (told, message.kind) {
        (Kind::Audio, Kind::Voice) => Kind::Voice,
        (Kind::Image, Kind::Sticker) => Kind::Sticker,
        _ => told,
    }
}

/// The usual ending of a type's names.
fn ending(mime: &str) -> &'static str {
    const ENDINGS: [(&str, &str); 30] = [
        ("image/jpeg", "jpg"),
        ("image/png", "png"),
        ("image/gif", "gif"),
        ("image/webp", "webp"),
        ("image/heic", "heic"),
        ("image/avif", "avif"),
        ("image/svg+xml", "svg"),
        ("video/mp4", "mp4"),
        ("video/quicktime", "mov"),
        ("video/webm", "webm"),
        ("video/3gpp", "3gp"),
        ("audio/ogg", "ogg"),
        ("audio/opus", "opus"),
        ("audio/mpeg", "mp3"),
        ("audio/mp4", "m4a"),
        ("audio/aac", "aac"),
        ("audio/amr", "amr"),
        ("audio/wav", "wav"),
        ("audio/webm", "weba"),
        ("audio/flac", "flac"),
        ("application/pdf", "pdf"),
        ("application/zip", "zip"),
        ("application/json", "json"),
        ("application/msword", "doc"),
        ("application/vnd.ms-excel", "xls"),
        (
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            "docx",
        ),
        (
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "xlsx",
        ),
        ("text/plain", "txt"),
        ("text/csv", "csv"),
        ("text/html", "html"),
    ];
    let found = ENDINGS.iter().find(|(known, _)| *known == mime);
    found.map_or("bin", |(_, ending)| ending)
}

/// The files of a message, with what is known of those that are kept.
pub async fn outgoing(media: &Media, message: &Message) -> Result<Vec<Outgoing>, DeliveryError> {
    let mut all = Vec::new();
    for file in files(message.media.as_ref()) {
        let kept = match media_id(file) {
            None => None,
            Some(id) => {
                let row = media.row(id).await?;
                Some(row.ok_or(MediaError::Unknown(id))?)
            }
        };
        all.push(Outgoing::new(message, file, kept));
    }
    Ok(all)
}

/// Whether a service takes all of these files; nothing is sent of a message with one that it does not take.
pub fn check(files: &[Outgoing], limits: &FileLimits) -> Result<(), DeliveryError> {
    for file in files {
        if let Some(row) = &file.kept {
            limits
                .check(file.kind, row)
                .map_err(DeliveryError::Permanent)?;
        }
    }
    Ok(())
}

/// The bytes of a kept file, to be sent once.
pub async fn body(media: &Media, id: MediaId) -> Result<FileBody, DeliveryError> {
    let open = media.open_file(id).await?;
    Ok(FileBody::new(open.file, 0, open.row.bytes))
}

/// A file that cannot be read now may be later; one that is gone will not come back.
impl From<MediaError> for DeliveryError {
    fn from(error: MediaError) -> Self {
        if error.passes() {
            Self::Transient(error.to_string(), None)
        } else {
            Self::Permanent(error.to_string())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(named: Option<&str>, row: Option<&str>, mime: &str) -> String {
        let row = MediaRow {
            name: row.map(str::to_owned),
            ..MediaRow::new(MediaId([0; 32]), 1, mime, Kind::Document)
        };
        let outgoing = Outgoing {
            kind: Kind::Document,
            url: None,
            kept: Some(row),
            named: named.map(str::to_owned),
        };
        outgoing.name()
    }

    #[test]
    fn a_file_goes_out_under_a_name_with_an_ending() {
        for (given, row, mime, name) in [
            (Some("a.png"), Some("b.pdf"), "image/png", "a.png"),
            (None, Some("b.pdf"), "application/pdf", "b.pdf"),
            (None, Some("report"), "application/pdf", "report.pdf"),
            (None, None, "audio/ogg; codecs=opus", "document.ogg"),
            (Some("v1.2 notes"), None, "text/plain", "v1.2 notes.txt"),
            (Some("x."), None, "a/b", "x..bin"),
        ] {
            assert_eq!(named(given, row, mime), name);
        }
    }
}
