//! Files: pictures, films, sound, documents, stickers.

use serde_json::Value;

use super::{File, Said, number::count};
use crate::message::{Kind, content::file_text, text_at};

pub(super) fn image(value: &Value) -> Said {
    file(Kind::Image, value)
}

/// Also one without sound (`gifPlayback`).
pub(super) fn video(value: &Value) -> Said {
    file(Kind::Video, value)
}

/// A round one.
pub(super) fn round_video(value: &Value) -> Said {
    let mut said = file(Kind::Video, value);
    if let Some(file) = &mut said.file {
        file.round = true;
    }
    said
}

/// `ptt` is what was recorded as a message.
pub(super) fn audio(value: &Value) -> Said {
    let kind = if value["ptt"] == true {
        Kind::Voice
    } else {
        Kind::Audio
    };
    file(kind, value)
}

pub(super) fn document(value: &Value) -> Said {
    file(Kind::Document, value)
}

pub(super) fn sticker(value: &Value) -> Said {
    file(Kind::Sticker, value)
}

/// A pack is no single file: it is told by its name.
pub(super) fn sticker_pack(value: &Value) -> Said {
    let caption = text_at(value, "caption");
    let name = text_at(value, "name").or(text_at(value, "packDescription"));
    Said {
        kind: Kind::Sticker,
        text: caption.map_or_else(|| file_text(Kind::Sticker, name), str::to_owned),
        ..Said::default()
    }
}

fn file(kind: Kind, value: &Value) -> Said {
    let name = text_at(value, "fileName").or(text_at(value, "title"));
    let caption = text_at(value, "caption");
    Said {
        kind,
        text: caption.map_or_else(|| file_text(kind, name), str::to_owned),
        words: caption.unwrap_or_default().to_owned(),
        typed: caption.is_some(),
        file: Some(File {
            mime: text_at(value, "mimetype").map(str::to_owned),
            name: name.map(str::to_owned),
            bytes: count(&value["fileLength"]),
            width: count(&value["width"]),
            height: count(&value["height"]),
            seconds: count(&value["seconds"]),
            round: false,
        }),
        ..Said::default()
    }
}
