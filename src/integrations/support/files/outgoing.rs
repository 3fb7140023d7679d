//! The files of a message that is sent: kept by us, or named by an address that the service fetches itself.

use serde_json::Value;

use super::limits::FileLimits;
use crate::{
    body::FileBody,
    file_name,
    integrations::DeliveryError,
    media::{Media, MediaError, probe::ending},
    message::{
        Kind, MediaId, Message,
        media::{files, media_id},
        text_at,
    },
    store::MediaRow,
};

/// One file of a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Outgoing {
    /// The service fetches it itself from the address that the message says; it is sent as this.
    ByAddress(Kind),
    /// It is kept by us.
    Kept(OutgoingFile),
}

/// A kept file of a message.
#[derive(Debug, Clone, PartialEq)]
pub struct OutgoingFile {
    /// What it is sent as.
    pub kind: Kind,
    /// What is known of it.
    pub row: MediaRow,
    /// The name it is sent under, if the message says one.
    named: Option<String>,
}

impl Outgoing {
    /// The file, if it is kept.
    pub fn kept(&self) -> Option<&OutgoingFile> {
        match self {
            Self::ByAddress(_) => None,
            Self::Kept(file) => Some(file),
        }
    }
}

impl OutgoingFile {
    /// Its name, with an ending: services tell the type by it.
    pub fn name(&self) -> String {
        let name = self.named.as_ref().or(self.row.name.as_ref());
        let name = name.map_or(self.kind.as_str(), String::as_str);
        let has_ending = name.rsplit_once('.').is_some_and(|(_, end)| {
            (1..=8).contains(&end.len()) && end.bytes().all(|byte| byte.is_ascii_alphanumeric())
        });
        if has_ending {
            return name.to_owned();
        }
        format!("{name}.{}", ending(&self.row.mime))
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

/// The files of a message, with what is known of those that are kept.
pub async fn outgoing(media: &Media, message: &Message) -> Result<Vec<Outgoing>, DeliveryError> {
    let mut all = Vec::new();
    for file in files(message.media.as_ref()) {
        let kind = kind(message, file);
        all.push(match media_id(file) {
            None => Outgoing::ByAddress(kind),
            Some(id) => Outgoing::Kept(OutgoingFile {
                kind,
                row: media.row_here(id).await?,
                named: text_at(file, "name").and_then(file_name::clean),
            }),
        });
    }
    Ok(all)
}

/// Whether a service takes all of these files; nothing is sent of a message with one that it does not take.
pub fn check(files: &[Outgoing], limits: &FileLimits) -> Result<(), DeliveryError> {
    for file in files.iter().filter_map(Outgoing::kept) {
        let checked = limits.check(file.kind, &file.row);
        checked.map_err(DeliveryError::Permanent)?;
    }
    Ok(())
}

/// The files of a message, all of which the service takes.
pub async fn checked(
    media: &Media,
    message: &Message,
    limits: &FileLimits,
) -> Result<Vec<Outgoing>, DeliveryError> {
    let files = outgoing(media, message).await?;
    check(&files, limits)?;
    Ok(files)
}

/// The bytes of a kept file, to be sent once.
pub async fn body(media: &Media, id: MediaId) -> Result<FileBody, MediaError> {
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
        let outgoing = OutgoingFile {
            kind: Kind::Document,
            row,
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
