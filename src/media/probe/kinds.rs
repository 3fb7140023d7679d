//! Types of files: by their first bytes, and what follows from a type.
//!
//! The beginnings are those of the WHATWG standard for sniffing (<https://mimesniff.spec.whatwg.org/>) and of
//! the formats that messengers use besides.

use super::big;
use crate::message::Kind;

/// What a file is whose type nobody knows (RFC 2046 §4.5.1).
const UNKNOWN: &str = "application/octet-stream";

/// Beginnings of files, and the type of each.
const BEGINNINGS: [(&[u8], &str); 18] = [
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"%PDF-", "application/pdf"),
    (b"OggS", "audio/ogg"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"#!AMR", "audio/amr"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"PK\x03\x04", "application/zip"),
    (b"\x1f\x8b", "application/gzip"),
    (b"MThd", "audio/midi"),
];

/// Types that one beginning may have, besides the one in the table.
const FAMILIES: [&[&str]; 5] = [
    &["audio/ogg", "video/ogg", "application/ogg", "audio/opus"],
    &[
        "video/mp4",
        "audio/mp4",
        "audio/m4a",
        "audio/x-m4a",
        "video/quicktime",
        "video/3gpp",
        "audio/3gpp",
        "image/heic",
        "image/heif",
        "image/avif",
        "audio/aac",
        "video/x-m4v",
    ],
    &[
        "video/webm",
        "audio/webm",
        "video/x-matroska",
        "audio/x-matroska",
    ],
    &["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"],
    &["audio/mpeg", "audio/mp3"],
];

/// Types that a page may show or play; whatever else is only downloaded. None of them can run anything.
const INLINE: [&str; 17] = [
    "image/png",
    "image/jpeg",
    "image/gif",
    "image/webp",
    "image/avif",
    "audio/ogg",
    "audio/opus",
    "audio/mpeg",
    "audio/mp4",
    "audio/aac",
    "audio/wav",
    "audio/webm",
    "audio/flac",
    "audio/amr",
    "video/mp4",
    "video/webm",
    "video/3gpp",
];

/// The type by the first bytes.
pub(super) fn by_bytes(head: &[u8]) -> Option<&'static str> {
    if head.get(4..8) == Some(b"ftyp") {
        return Some(by_brand(head.get(8..12).unwrap_or_default()));
    }
    if head.starts_with(b"RIFF") {
        return match head.get(8..12)? {
            b"WEBP" => Some("image/webp"),
            b"WAVE" => Some("audio/wav"),
            _ => None,
        };
    }
    let is_bitmap = |mime: &str| mime != "image/bmp" || big(head, 6, 4) == Some(0);
    let found = BEGINNINGS
        .iter()
        .find(|(bytes, mime)| head.starts_with(bytes) && is_bitmap(mime));
    found.map(|(_, mime)| *mime)
}

/// The type of an ISO base media file by its brand (ISO/IEC 14496-12 §4.3, <https://mp4ra.org>).
fn by_brand(brand: &[u8]) -> &'static str {
    match brand {
        b"M4A " | b"M4B " => "audio/mp4",
        b"qt  " => "video/quicktime",
        b"heic" | b"heix" | b"mif1" => "image/heic",
        b"avif" => "image/avif",
        _ if brand.starts_with(b"3g") => "video/3gpp",
        _ => "video/mp4",
    }
}

/// Types by the endings of names (<https://www.iana.org/assignments/media-types>). The first ending of a type
/// is its usual one. Whether a file that begins in a way of its own is what its name says, its bytes tell.
const ENDINGS: [(&str, &str); 41] = [
    ("aac", "audio/aac"),
    ("amr", "audio/amr"),
    ("avif", "image/avif"),
    ("csv", "text/csv"),
    ("doc", "application/msword"),
    (
        "docx",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
    ("flac", "audio/flac"),
    ("gif", "image/gif"),
    ("heic", "image/heic"),
    ("html", "text/html"),
    ("htm", "text/html"),
    ("ics", "text/calendar"),
    ("jpg", "image/jpeg"),
    ("jpeg", "image/jpeg"),
    ("json", "application/json"),
    ("m4a", "audio/mp4"),
    ("md", "text/markdown"),
    ("mov", "video/quicktime"),
    ("mp3", "audio/mpeg"),
    ("mp4", "video/mp4"),
    ("odt", "application/vnd.oasis.opendocument.text"),
    ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ("ogg", "audio/ogg"),
    ("opus", "audio/opus"),
    ("pdf", "application/pdf"),
    ("png", "image/png"),
    ("ppt", "application/vnd.ms-powerpoint"),
    (
        "pptx",
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ),
    ("rtf", "application/rtf"),
    ("svg", "image/svg+xml"),
    ("txt", "text/plain"),
    ("vcf", "text/vcard"),
    ("wav", "audio/wav"),
    ("weba", "audio/webm"),
    ("webm", "video/webm"),
    ("webp", "image/webp"),
    ("xls", "application/vnd.ms-excel"),
    (
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ),
    ("xml", "application/xml"),
    ("zip", "application/zip"),
    ("3gp", "video/3gpp"),
];

/// The type that the ending of a name stands for.
pub fn by_name(name: &str) -> Option<&'static str> {
    let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
    let found = ENDINGS.iter().find(|(known, _)| *known == ending);
    found.map(|(_, mime)| *mime)
}

/// The usual ending of the names of files of this type; `bin` for others.
pub fn ending(mime: &str) -> &'static str {
    let mime = essence(mime);
    let found = ENDINGS.iter().find(|(_, known)| *known == mime);
    found.map_or("bin", |(ending, _)| ending)
}

/// A type without its parameters.
pub fn essence(mime: &str) -> &str {
    mime.split(';').next().unwrap_or_default().trim()
}

/// Whether this is `type/subtype`, perhaps with parameters, in the letters of RFC 6838 §4.2.
fn is_type(mime: &str) -> bool {
    let is_name = |name: &str| {
        let mut letters = name.bytes();
        !name.is_empty()
            && letters.all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let is_shown = mime.len() <= 127 && mime.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    let parts = essence(mime).split_once('/');
    is_shown && parts.is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

/// Whether a claimed type says anything: some programs send one of these for whatever they send.
pub fn says_something(mime: &str) -> bool {
    !matches!(
        essence(mime),
        UNKNOWN | "binary/octet-stream" | "application/x-www-form-urlencoded"
    )
}

/// The type of a file of which one is claimed and one was found in its bytes.
pub fn settle(claimed: Option<&str>, found: Option<&'static str>) -> String {
    let claimed = claimed.map(|mime| mime.trim().to_ascii_lowercase());
    let claimed = claimed.filter(|mime| is_type(mime) && mime != UNKNOWN);
    let Some(claimed) = claimed else {
        return found.unwrap_or(UNKNOWN).to_owned();
    };
    let said = essence(&claimed);
    match found {
        // A picture that does not begin like one is none.
        None if said.starts_with("image/") && INLINE.contains(&said) => UNKNOWN.to_owned(),
        None => claimed,
        Some(found) if said == found => claimed,
        Some(found) => {
            let kin = |family: &&[&str]| family.contains(&said) && family.contains(&found);
            let wraps = found == "application/zip" || found == "application/gzip";
            let may_wrap = wraps && said.starts_with("application/");
            if FAMILIES.iter().any(kin) || may_wrap {
                claimed
            } else {
                found.to_owned()
            }
        }
    }
}

/// The kind of message that a file of this type makes, where nobody says otherwise.
pub fn kind_of(mime: &str) -> Kind {
    match essence(mime) {
        "image/png" | "image/jpeg" | "image/gif" | "image/webp" => Kind::Image,
        mime if mime.starts_with("video/") => Kind::Video,
        mime if mime.starts_with("audio/") => Kind::Audio,
        _ => Kind::Document,
    }
}

/// Whether a file of this type can be sent as this kind. Anything can be sent as a document.
pub fn may_be(kind: Kind, mime: &str) -> bool {
    let mime = essence(mime);
    match kind {
        Kind::Image => mime.starts_with("image/"),
        // Animated stickers of Telegram are packed JSON and videos.
        Kind::Sticker => !mime.starts_with("audio/"),
        Kind::Video => mime.starts_with("video/") || mime == "image/gif",
        Kind::Audio | Kind::Voice => {
            mime.starts_with("audio/")
                || matches!(
                    mime,
                    "video/ogg" | "video/webm" | "video/mp4" | "application/ogg"
                )
        }
        Kind::Document => true,
        _ => false,
    }
}

/// Whether a page may show a file of this type, rather than only save it.
pub fn is_shown_inline(mime: &str) -> bool {
    INLINE.contains(&essence(mime))
}
