//! Kept files as calls with uploads (<https://core.telegram.org/bots/api#sending-files>). Pure.
//!
//! What Telegram does not show as what it is meant to be goes as a document, and arrives as it is.

use serde_json::{Value, json};

use super::super::wire::{MAX_CAPTION, Step, Upload};
use crate::{
    integrations::{
        DeliveryError,
        support::{
            files::{
                limits::{TELEGRAM, TELEGRAM_PHOTO},
                outgoing::OutgoingFile,
            },
            split::Measure,
        },
    },
    media::probe::essence,
    message::Kind,
    store::MediaRow,
};

/// How a file is sent: the method and its parameter.
type SendMethod = (&'static str, &'static str);

const DOCUMENT: SendMethod = ("sendDocument", "document");

/// The calls for the kept files of a message, with as much of the text as goes with the first: one for an
/// album, else one each. The error says which is not sent.
pub(in super::super) fn uploads(
    files: &[(&OutgoingFile, bool)],
    text: &mut &str,
) -> Result<Vec<Step>, DeliveryError> {
    let mut methods = Vec::new();
    for (file, is_round) in files {
        let row = &file.row;
        let way = way(file.kind, row, *is_round);
        let kind = kind_of(way);
        TELEGRAM
            .check(kind, row)
            .map_err(DeliveryError::Permanent)?;
        methods.push((way, *file));
    }
    if let Some(step) = album(&methods, text) {
        return Ok(vec![step]);
    }
    let steps = methods.iter().map(|(way, file)| single(*way, file));
    let mut steps: Vec<Step> = steps.collect();
    if let (Some(first), Some((way, _))) = (steps.first_mut(), methods.first())
        && takes_caption(*way)
    {
        set_caption(&mut first.body, text);
    }
    Ok(steps)
}

/// How a file of this kind is sent, by its type.
fn way(kind: Kind, row: &MediaRow, is_round: bool) -> SendMethod {
    match (kind, essence(&row.mime)) {
        (Kind::Sticker, "image/webp" | "application/x-tgsticker" | "video/webm") => {
            ("sendSticker", "sticker")
        }
        (Kind::Image, "image/gif") => ("sendAnimation", "animation"),
        (Kind::Image | Kind::Sticker, "image/jpeg" | "image/png" | "image/webp")
            if is_photo(row) =>
        {
            ("sendPhoto", "photo")
        }
        (Kind::Video, "video/mp4") if is_round => ("sendVideoNote", "video_note"),
        (Kind::Video, "video/mp4" | "video/quicktime") => ("sendVideo", "video"),
        (Kind::Voice, "audio/ogg" | "audio/opus" | "audio/mpeg" | "audio/mp4") => {
            ("sendVoice", "voice")
        }
        (Kind::Audio | Kind::Voice, "audio/mpeg" | "audio/mp4" | "audio/x-m4a" | "audio/m4a") => {
            ("sendAudio", "audio")
        }
        _ => DOCUMENT,
    }
}

/// Whether Telegram takes it as a photo: no more bytes, no larger and no longer than it says
/// (<https://core.telegram.org/bots/api#sendphoto>).
fn is_photo(row: &MediaRow) -> bool {
    let fits = row.size.is_none_or(|(width, height)| {
        let (long, short) = (width.max(height), width.min(height));
        u64::from(width) + u64::from(height) <= 10_000 && long <= short.saturating_mul(20)
    });
    row.bytes <= TELEGRAM_PHOTO && fits
}

fn kind_of(way: SendMethod) -> Kind {
    match way.1 {
        "photo" => Kind::Image,
        "video" | "video_note" | "animation" => Kind::Video,
        "voice" => Kind::Voice,
        "audio" => Kind::Audio,
        "sticker" => Kind::Sticker,
        _ => Kind::Document,
    }
}

fn takes_caption(way: SendMethod) -> bool {
    !matches!(way.1, "sticker" | "video_note")
}

/// Moves the text into the caption, if it fits.
fn set_caption(body: &mut Value, text: &mut &str) {
    if !text.trim().is_empty() && Measure::Utf16.of(text) <= MAX_CAPTION {
        body["caption"] = json!(std::mem::take(text));
    }
}

fn single((method, field): SendMethod, file: &OutgoingFile) -> Step {
    let row = &file.row;
    let mut body = json!({});
    if let Some(seconds) = row
        .seconds
        .filter(|_| !matches!(field, "photo" | "document" | "sticker"))
    {
        body["duration"] = json!(seconds);
    }
    if let Some((width, height)) = row.size.filter(|_| matches!(field, "video" | "animation")) {
        (body["width"], body["height"]) = (json!(width), json!(height));
    }
    if field == "video" {
        body["supports_streaming"] = json!(true);
    }
    if field == "document" {
        // Otherwise Telegram would make of it what it takes it for.
        body["disable_content_type_detection"] = json!(true);
    }
    let upload = Upload {
        field: field.to_owned(),
        file: file.clone(),
    };
    Step::with_uploads(method, body, vec![upload])
}

/// One call for all, where Telegram groups them: photos with videos, and documents and audio files with their
/// like (<https://core.telegram.org/bots/api#sendmediagroup>).
fn album(files: &[(SendMethod, &OutgoingFile)], text: &mut &str) -> Option<Step> {
    let class = |(way, _): &(SendMethod, &OutgoingFile)| match way.1 {
        "photo" | "video" => Some("visual"),
        one @ ("document" | "audio") => Some(one),
        _ => None,
    };
    let first = class(files.first()?)?;
    let is_album = (2..=10).contains(&files.len());
    if !is_album || files.iter().any(|file| class(file) != Some(first)) {
        return None;
    }
    let (mut media, mut uploads) = (Vec::new(), Vec::new());
    for (at, (way, file)) in files.iter().enumerate() {
        let field = format!("file{at}");
        let mut one = json!({"type": way.1, "media": format!("attach://{field}")});
        if way.1 == "document" {
            one["disable_content_type_detection"] = json!(true);
        }
        if at == 0 {
            set_caption(&mut one, text);
        }
        let file = OutgoingFile::clone(file);
        media.push(one);
        uploads.push(Upload { field, file });
    }
    Some(Step::with_uploads(
        "sendMediaGroup",
        json!({"media": media}),
        uploads,
    ))
}
