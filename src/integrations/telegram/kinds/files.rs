//! Messages that are files. Telegram gives a file out by its `file_id`; `file_unique_id` is the same for
//! every bot and at all times (<https://core.telegram.org/bots/api#available-types>).

use serde_json::{Value, json};

use super::entities::with_links;
use crate::{
    integrations::telegram::said::Said,
    message::{Kind, content::file_text, text_at},
};

/// The fields that hold a file and the kind of each, in the order they are looked for: an `animation`
/// has a `document` beside it, and a `live_photo` a `photo`, "for backward compatibility"
/// (<https://core.telegram.org/bots/api#message>).
pub(super) const FIELDS: [(&str, Kind); 10] = [
    ("animation", Kind::Video),
    ("live_photo", Kind::Image),
    ("paid_media", Kind::Image),
    ("photo", Kind::Image),
    ("sticker", Kind::Sticker),
    ("video", Kind::Video),
    ("video_note", Kind::Video),
    ("voice", Kind::Voice),
    ("audio", Kind::Audio),
    ("document", Kind::Document),
];

/// What the file in this field says; `None` where it holds none that can be fetched.
pub(super) fn said(field: &str, kind: Kind, message: &Value) -> Option<Said> {
    let value = message.get(field)?;
    match field {
        "sticker" => sticker(value),
        "paid_media" => paid(value, message),
        "live_photo" => {
            // The picture is what is seen; the film moves where it is held down.
            let photo = message.get("photo").or_else(|| value.get("photo"));
            match photo.and_then(largest) {
                Some(photo) => {
                    let said = file(kind, photo, message)?;
                    Some(said.with("live_photo", json!(text_at(value, "file_id"))))
                }
                None => file(Kind::Video, value, message),
            }
        }
        "photo" => file(kind, largest(value)?, message),
        "animation" => {
            let mut whole = message["document"].clone();
            for (key, known) in value.as_object()? {
                whole[key.as_str()] = known.clone();
            }
            file(kind, &whole, message)
        }
        "video_note" => {
            let mut said = file(kind, value, message)?;
            if let Some(media) = &mut said.media {
                media["round"] = json!(true);
            }
            Some(said)
        }
        _ => file(kind, value, message),
    }
}

/// Sizes come smallest first.
fn largest(sizes: &Value) -> Option<&Value> {
    sizes.as_array()?.last()
}

fn file(kind: Kind, file: &Value, message: &Value) -> Option<Said> {
    let media = media(kind, file)?;
    let said = Said::file(kind, media, caption(message));
    Some(match text_at(file, "file_unique_id") {
        Some(id) => said.with("file", json!(id)),
        None => said,
    })
}

/// A caption with the addresses of its links.
pub(super) fn caption(message: &Value) -> Option<String> {
    let caption = text_at(message, "caption")?;
    Some(with_links(caption, &message["caption_entities"]))
}

/// A file by reference.
fn media(kind: Kind, file: &Value) -> Option<Value> {
    let mut media = json!({"kind": kind.media_kind(), "id": text_at(file, "file_id")?});
    if let Some(mime) = text_at(file, "mime_type") {
        media["mime"] = json!(mime);
    }
    // Music may have a title without the name of a file.
    if let Some(name) = text_at(file, "file_name").or_else(|| text_at(file, "title")) {
        media["name"] = json!(name);
    }
    let measured = [
        ("bytes", "file_size"),
        ("width", "width"),
        ("height", "height"),
        ("seconds", "duration"),
    ];
    for (field, told) in measured {
        if let Some(number @ 1..) = file[told].as_u64() {
            media[field] = json!(number);
        }
    }
    Some(media)
}

/// A sticker has no caption and no type; which it is say two flags
/// (<https://core.telegram.org/bots/api#sticker>).
fn sticker(sticker: &Value) -> Option<Said> {
    let mut media = media(Kind::Sticker, sticker)?;
    let is = |flag: &str| sticker[flag] == true;
    media["mime"] = json!(match (is("is_animated"), is("is_video")) {
        (true, _) => "application/x-tgsticker",
        (_, true) => "video/webm",
        _ => "image/webp",
    });
    let emoji = text_at(sticker, "emoji");
    if let Some(emoji) = emoji {
        media["emoji"] = json!(emoji);
    }
    let mut said = Said::file(Kind::Sticker, media, None);
    said.text = file_text(Kind::Sticker, emoji);
    Some(said)
}

/// Media for stars: the first file of it, or that there is none to be had before it is paid for.
fn paid(info: &Value, message: &Value) -> Option<Said> {
    let all = info["paid_media"].as_array()?;
    let files = all.iter().filter_map(|one| {
        let video = one.get("video").map(|video| (Kind::Video, video));
        let photo = one.get("photo").or_else(|| one["live_photo"].get("photo"));
        let photo = || photo.and_then(largest).map(|photo| (Kind::Image, photo));
        let live = || one.get("live_photo").map(|live| (Kind::Video, live));
        video.or_else(photo).or_else(live)
    });
    let stars = info["star_count"].as_u64().unwrap_or_default();
    let mut files = files.filter_map(|(kind, one)| file(kind, one, message));
    let said = files.next().unwrap_or_else(|| {
        let caption = caption(message).unwrap_or_default();
        Said::words("paid media", &format!("{stars} ⭐ {caption}"))
    });
    let said = said.with("paid_stars", json!(stars));
    Some(match all.len() {
        0 | 1 => said,
        count => said.with("paid_files", json!(count)),
    })
}
