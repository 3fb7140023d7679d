//! What the services take: how large, and of which types, by kind. Refusing before sending spares the
//! upload, and says what is wrong in words that help.

use crate::{media::probe::essence, message::Kind, store::MediaRow};

/// What a service takes.
#[derive(Debug)]
pub struct FileLimits {
    /// The service, as it is told.
    pub service: &'static str,
    /// By kind. A kind without a row is not sent at all.
    rows: &'static [Row],
}

/// Files of one kind: the most bytes, and the types, `audio/` standing for all of them; empty for any.
type Row = (Kind, u64, &'static [&'static str]);

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// What Telegram takes by upload: photos up to 10 MB, other files up to 50 MB
/// (<https://core.telegram.org/bots/api#sending-files>). Whatever is of another type, or a photo that is
/// larger, goes as a document, so no type is refused.
pub const TELEGRAM: FileLimits = FileLimits {
    service: "Telegram",
    rows: &[
        (Kind::Image, TELEGRAM_PHOTO, &[]),
        (Kind::Video, 50 * MIB, &[]),
        (Kind::Audio, 50 * MIB, &[]),
        (Kind::Voice, 50 * MIB, &[]),
        (Kind::Document, 50 * MIB, &[]),
        (Kind::Sticker, 50 * MIB, &[]),
    ],
};

/// Largest photo for Telegram.
pub const TELEGRAM_PHOTO: u64 = 10 * MIB;

/// Largest file that a bot can fetch (<https://core.telegram.org/bots/api#getfile>; `MAX_DOWNLOAD_FILE_SIZE`
/// in `telegram-bot-api/Client.h` of github.com/tdlib/telegram-bot-api).
pub const TELEGRAM_DOWNLOAD: u64 = 20 * MIB;

/// What Meta takes by upload
/// (<https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/media>,
/// "Supported media types"). The types of documents are all those that an upload is not refused for, by the
/// text of the refusal ("Param file must be a file with one of the following types", as in
/// <https://github.com/fbsamples/whatsapp-api-examples/issues/10>).
pub const CLOUD: FileLimits = FileLimits {
    service: "WhatsApp's Cloud API",
    rows: &[
        (Kind::Image, 5 * MIB, &["image/jpeg", "image/png"]),
        (Kind::Video, 16 * MIB, &["video/mp4", "video/3gpp"]),
        (Kind::Audio, 16 * MIB, CLOUD_SOUND),
        // Only Ogg with Opus can be a recorded note; of another type it goes as sound.
        (Kind::Voice, 16 * MIB, CLOUD_SOUND),
        (Kind::Document, 100 * MIB, CLOUD_TYPES),
        // Animated ones; others may have 100 KB.
        (Kind::Sticker, 500 * KIB, &["image/webp"]),
    ],
};

const CLOUD_SOUND: &[&str] = &[
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/opus",
];

const CLOUD_TYPES: &[&str] = &[
    "text/plain",
    "application/pdf",
    "application/msword",
    "application/vnd.ms-excel",
    "application/vnd.ms-powerpoint",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    "image/jpeg",
    "image/png",
    "image/webp",
    "video/mp4",
    "video/3gpp",
    "audio/aac",
    "audio/amr",
    "audio/mpeg",
    "audio/mp4",
    "audio/ogg",
    "audio/opus",
];

/// What the Evolution API takes. It holds a file in memory as base64 (`multer.memoryStorage` in
/// `src/api/routes/sendMessage.router.ts`); 100 MB is what its limit for JSON comes to (136 MB, `src/main.ts`),
/// and more than `WhatsApp` shows as anything but a document. It makes a JPEG of every picture with sharp
/// (`prepareMediaMessage` in `whatsapp.baileys.service.ts`), a WebP of every sticker that is none, and Opus of
/// every voice message with ffmpeg. A sticker cannot be uploaded (`mediaSticker` reads `data.sticker` where
/// the upload is in `mediaData`), so it goes as JSON, and must be small; `WhatsApp` itself takes 500 KB.
pub const EVOLUTION: FileLimits = FileLimits {
    service: "the Evolution API",
    rows: &[
        (Kind::Image, 100 * MIB, EVOLUTION_PICTURES),
        (
            Kind::Video,
            100 * MIB,
            &["video/mp4", "video/3gpp", "video/quicktime", "video/x-m4v"],
        ),
        (Kind::Audio, 100 * MIB, &["audio/"]),
        // The containers that sound is recorded in by browsers.
        (
            Kind::Voice,
            100 * MIB,
            &[
                "audio/",
                "video/webm",
                "video/mp4",
                "video/ogg",
                "application/ogg",
            ],
        ),
        (Kind::Document, 100 * MIB, &[]),
        (Kind::Sticker, 500 * KIB, EVOLUTION_PICTURES),
    ],
};

/// What sharp reads as it is installed (<https://sharp.pixelplumbing.com/install#prebuilt-binaries>).
const EVOLUTION_PICTURES: &[&str] = &[
    "image/jpeg",
    "image/png",
    "image/webp",
    "image/gif",
    "image/avif",
    "image/tiff",
];

/// What Discord takes: 10 MB by default and more in boosted servers, all of a message within 25 MB
/// (<https://docs.discord.com/developers/reference#uploading-files>,
/// <https://docs.discord.com/developers/resources/message#create-message>). Whatever is above that it never takes; what is
/// below it refuses itself where the server has no boosts.
pub const DISCORD: FileLimits = FileLimits {
    service: "Discord",
    rows: &[
        (Kind::Image, DISCORD_REQUEST, &[]),
        (Kind::Video, DISCORD_REQUEST, &[]),
        (Kind::Audio, DISCORD_REQUEST, &[]),
        (Kind::Voice, DISCORD_REQUEST, &[]),
        (Kind::Document, DISCORD_REQUEST, &[]),
        (Kind::Sticker, DISCORD_REQUEST, &[]),
    ],
};

/// The most that one request to Discord may have.
pub const DISCORD_REQUEST: u64 = 25 * MIB;

/// What Evolution Go takes by upload (`pkg/sendMessage/service/send_service.go`): it looks at the bytes, and makes
/// Opus of all sound with ffmpeg. A sticker it fetches from an address alone.
pub const EVOLUTION_GO: FileLimits = FileLimits {
    service: "Evolution Go",
    rows: &[
        (
            Kind::Image,
            16 * MIB,
            &["image/jpeg", "image/png", "image/webp"],
        ),
        (Kind::Video, 64 * MIB, &["video/mp4"]),
        (Kind::Audio, 16 * MIB, &["audio/"]),
        (
            Kind::Voice,
            16 * MIB,
            &["audio/", "video/webm", "application/ogg"],
        ),
        (Kind::Document, 100 * MIB, &[]),
        (Kind::Sticker, 500 * KIB, &["image/webp"]),
    ],
};

/// What GOWA takes by upload (`src/validations/send_validation.go`, `src/config/settings.go`: files up to 50 MB,
/// videos up to 100 MB, which is also the longest body). It has no types of sound but those.
pub const GOWA: FileLimits = FileLimits {
    service: "GOWA",
    rows: &[
        (Kind::Image, 20 * MIB, &["image/jpeg", "image/png"]),
        (
            Kind::Video,
            95 * MIB,
            &[
                "video/mp4",
                "video/x-matroska",
                "video/avi",
                "video/x-msvideo",
            ],
        ),
        (Kind::Audio, 50 * MIB, GOWA_SOUND),
        (Kind::Voice, 50 * MIB, GOWA_SOUND),
        (Kind::Document, 47 * MIB, &[]),
        (
            Kind::Sticker,
            20 * MIB,
            &["image/jpeg", "image/png", "image/webp", "image/gif"],
        ),
    ],
};

const GOWA_SOUND: &[&str] = &[
    "audio/aac",
    "audio/amr",
    "audio/flac",
    "audio/m4a",
    "audio/mp3",
    "audio/mpeg",
    "audio/ogg",
    "audio/wav",
    "audio/wave",
    "audio/x-wav",
];

/// What WAHA takes as base64 in JSON, which is held in memory here and there.
pub const WAHA: FileLimits = FileLimits {
    service: "WAHA",
    rows: &[
        (Kind::Image, 16 * MIB, &["image/"]),
        (Kind::Video, 32 * MIB, &["video/"]),
        (Kind::Audio, 16 * MIB, &["audio/"]),
        (
            Kind::Voice,
            16 * MIB,
            &["audio/", "video/webm", "application/ogg"],
        ),
        (Kind::Document, 32 * MIB, &[]),
        (Kind::Sticker, 500 * KIB, &["image/webp"]),
    ],
};

/// What wuzapi takes as base64 in JSON (`handlers.go`), which is held in memory here and there. It tells the type by
/// how the text begins.
pub const WUZAPI: FileLimits = FileLimits {
    service: "wuzapi",
    rows: &[
        (Kind::Image, 16 * MIB, &["image/jpeg", "image/png"]),
        (Kind::Video, 32 * MIB, &["video/mp4", "video/3gpp"]),
        (Kind::Audio, 16 * MIB, &["audio/ogg"]),
        (Kind::Voice, 16 * MIB, &["audio/ogg"]),
        (Kind::Document, 32 * MIB, &[]),
        (Kind::Sticker, 500 * KIB, &["image/webp"]),
    ],
};

impl FileLimits {
    /// Whether the service takes a file of this kind; the error says which it does not take and why.
    pub fn check(&self, kind: Kind, row: &MediaRow) -> Result<(), String> {
        let Self { service, rows } = self;
        let (what, name) = (kind.as_str(), called(row));
        let found = rows.iter().find(|(of, ..)| *of == kind);
        let Some((_, max_bytes, types)) = found else {
            return Err(format!("{service} takes no {what}"));
        };
        if row.bytes > *max_bytes {
            let (mut most, mut has) = (size(*max_bytes), size(row.bytes));
            if most == has {
                (most, has) = (format!("{max_bytes} bytes"), format!("{} bytes", row.bytes));
            }
            return Err(format!(
                "{service} takes at most {most} as {what}, and {name} has {has}"
            ));
        }
        let mime = essence(&row.mime);
        let is_taken =
            |taken: &&str| *taken == mime || (taken.ends_with('/') && mime.starts_with(*taken));
        if types.is_empty() || types.iter().any(is_taken) {
            return Ok(());
        }
        let may_be_document = kind != Kind::Document && {
            let as_document = |(of, _, types): &&Row| {
                *of == Kind::Document && (types.is_empty() || types.contains(&mime))
            };
            rows.iter().any(|row| as_document(&row))
        };
        let advice = if may_be_document {
            "; send it as a document"
        } else {
            ""
        };
        let types = types.join(", ");
        Err(format!(
            "{service} takes {types} as {what}, and {name} is {mime}{advice}"
        ))
    }
}

fn called(row: &MediaRow) -> &str {
    row.name.as_deref().unwrap_or("the file")
}

/// A size as people read it.
fn size(bytes: u64) -> String {
    match bytes {
        MIB.. => format!("{:.1} MB", bytes as f64 / MIB as f64),
        KIB.. => format!("{:.1} KB", bytes as f64 / KIB as f64),
        _ => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MediaId;

    fn row(bytes: u64, mime: &str) -> MediaRow {
        MediaRow {
            name: Some("a.bin".to_owned()),
            ..MediaRow::new(MediaId([0; 32]), bytes, mime, Kind::Document)
        }
    }

    #[test]
    fn each_service_says_which_file_it_does_not_take_and_why() {
        for (limits, kind, bytes, mime, why) in [
            (&TELEGRAM, Kind::Video, 50 * MIB, "video/mp4", None),
            (
                &TELEGRAM,
                Kind::Video,
                50 * MIB + 1,
                "video/mp4",
                Some(
                    "Telegram takes at most 52428800 bytes as video, and a.bin has 52428801 bytes",
                ),
            ),
            (&TELEGRAM, Kind::Document, 1, "a/b", None),
            (&CLOUD, Kind::Image, 5 * MIB, "image/png", None),
            (
                &CLOUD,
                Kind::Image,
                6 * MIB,
                "image/png",
                Some("WhatsApp's Cloud API takes at most 5.0 MB as image, and a.bin has 6.0 MB"),
            ),
            (
                &CLOUD,
                Kind::Image,
                1,
                "image/webp",
                Some(
                    "WhatsApp's Cloud API takes image/jpeg, image/png as image, and a.bin is image/webp; send it as a document",
                ),
            ),
            (&CLOUD, Kind::Voice, 1, "audio/ogg; codecs=opus", None),
            (
                &CLOUD,
                Kind::Sticker,
                501 * KIB,
                "image/webp",
                Some("500.0 KB"),
            ),
            (
                &CLOUD,
                Kind::Document,
                1,
                "application/zip",
                Some("is application/zip"),
            ),
            (&EVOLUTION, Kind::Voice, 1, "audio/webm", None),
            (&EVOLUTION, Kind::Document, 100 * MIB, "a/b", None),
            (
                &EVOLUTION,
                Kind::Video,
                1,
                "video/webm",
                Some("send it as a document"),
            ),
            (
                &EVOLUTION,
                Kind::Location,
                1,
                "a/b",
                Some("takes no location"),
            ),
        ] {
            let checked = limits.check(kind, &row(bytes, mime));
            match (checked, why) {
                (Ok(()), None) => {}
                (Err(told), Some(why)) => assert!(told.contains(why), "{told}"),
                (checked, why) => panic!("{mime} of {bytes}: {checked:?}, expected {why:?}"),
            }
        }
    }

    #[test]
    fn each_kind_of_file_has_one_row() {
        for limits in [
            &TELEGRAM,
            &CLOUD,
            &EVOLUTION,
            &EVOLUTION_GO,
            &GOWA,
            &WAHA,
            &WUZAPI,
            &DISCORD,
        ] {
            for kind in Kind::ALL.into_iter().filter(|kind| kind.is_file()) {
                let rows = limits.rows.iter().filter(|(of, ..)| *of == kind);
                assert_eq!(rows.count(), 1, "{}: {}", limits.service, kind.as_str());
            }
        }
    }
}
