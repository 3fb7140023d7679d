//! Types, sizes and lengths of small files made by hand, and of anything.

use std::io::Cursor;

use proptest::prelude::*;

use super::*;
use crate::message::Kind;

fn of(bytes: &[u8]) -> Facts {
    facts(&mut Cursor::new(bytes))
}

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    file.extend(width.to_be_bytes());
    file.extend(height.to_be_bytes());
    file
}

/// A JPEG whose camera gave this orientation, in the order of bytes of Intel.
fn jpeg(orientation: u8) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xe1\x00\x22Exif\0\0II\x2a\0\x08\0\0\0\x01\0".to_vec();
    file.extend([
        0x12,
        0x01,
        3,
        0,
        1,
        0,
        0,
        0,
        orientation,
        0,
        0,
        0,
        0,
        0,
        0,
        0,
    ]);
    file.extend(b"\xff\xc0\x00\x11\x08\x00\x64\x00\xc8\x03");
    file
}

#[test]
fn pictures_say_their_size() {
    assert_eq!(of(&png(640, 480)).size, Some((640, 480)));
    assert_eq!(of(&png(0, 480)).size, None);
    assert_eq!(of(b"GIF89a\x0a\0\x14\0").size, Some((10, 20)));
    assert_eq!(of(&jpeg(1)).size, Some((200, 100)));
    assert_eq!(of(&jpeg(6)).size, Some((100, 200)), "shown turned");
    let webp = b"RIFF\0\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0\x09\0\0\x13\0\0";
    assert_eq!(of(webp).size, Some((10, 20)));
}

#[test]
fn recordings_say_how_long_they_play() {
    let mut opus = b"OggS\0\x02".to_vec();
    opus.resize(28, 0);
    opus.extend(b"OpusHead\x01\x01\x38\x01\x80\xbb\0\0\0\0\0");
    opus.extend(b"OggS\0\x04");
    opus.extend((48_000u64 * 3 + 312).to_le_bytes());
    opus.resize(opus.len() + 40, 0);
    assert_eq!(of(&opus).seconds, Some(3));

    let mut wav = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x80\x3e\0\0".to_vec();
    wav.resize(44 + 16_000 * 2, 0);
    assert_eq!(of(&wav).seconds, Some(2));

    let mut mp4 = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x78moov\0\0\0\x6cmvhd".to_vec();
    mp4.extend([0; 12]);
    mp4.extend(1000u32.to_be_bytes());
    mp4.extend(2500u32.to_be_bytes());
    mp4.resize(200, 0);
    let facts = of(&mp4);
    assert_eq!((facts.mime, facts.seconds), (Some("video/mp4"), Some(3)));
}

#[test]
fn the_bytes_have_the_last_word_on_the_type() {
    for (claimed, found, settled) in [
        (Some("image/png"), Some("image/png"), "image/png"),
        (Some("text/html"), Some("image/png"), "image/png"),
        (Some("image/png"), None, "application/octet-stream"),
        (Some("image/svg+xml"), None, "image/svg+xml"),
        (
            Some("audio/ogg; codecs=opus"),
            Some("audio/ogg"),
            "audio/ogg; codecs=opus",
        ),
        (Some("audio/mp4"), Some("video/mp4"), "audio/mp4"),
        (Some("audio/webm"), Some("video/webm"), "audio/webm"),
        (
            Some("application/vnd.oasis.opendocument.text"),
            Some("application/zip"),
            "application/vnd.oasis.opendocument.text",
        ),
        (Some("Image/PNG"), Some("image/png"), "image/png"),
        (Some("nonsense"), None, "application/octet-stream"),
        (Some("a/b\r\nX: y"), None, "application/octet-stream"),
        (None, Some("application/pdf"), "application/pdf"),
        (None, None, "application/octet-stream"),
    ] {
        assert_eq!(settle(claimed, found), settled, "{claimed:?} {found:?}");
    }
}

#[test]
fn nothing_that_could_run_is_shown() {
    for mime in ["image/png", "audio/ogg; codecs=opus", "video/mp4"] {
        assert!(is_shown_inline(mime), "{mime}");
    }
    for mime in [
        "image/svg+xml",
        "text/html",
        "application/pdf",
        "text/plain",
        "application/xml",
    ] {
        assert!(!is_shown_inline(mime), "{mime}");
    }
}

#[test]
fn a_file_makes_the_kind_of_message_its_type_allows() {
    assert_eq!(kind_of("image/jpeg"), Kind::Image);
    assert_eq!(kind_of("image/svg+xml"), Kind::Document);
    assert_eq!(kind_of("audio/ogg; codecs=opus"), Kind::Audio);
    assert!(may_be(Kind::Voice, "audio/ogg") && !may_be(Kind::Voice, "image/png"));
    assert!(may_be(Kind::Document, "image/png") && !may_be(Kind::Image, "text/html"));
}

proptest! {
    #[test]
    fn any_bytes_are_looked_at_without_a_panic(start in 0..6usize, mut rest: Vec<u8>) {
        let starts: [&[u8]; 6] = [b"", b"\xff\xd8\xff\xe1\0\x22Exif\0\0MM", b"OggS", b"RIFF....WAVE", b"\0\0\0\x08ftyp", b"\x89PNG\r\n\x1a\n"];
        let mut bytes = starts[start].to_vec();
        bytes.append(&mut rest);
        let _ = of(&bytes);
    }
}

#[test]
fn the_usual_ending_of_a_type_leads_back_to_it() {
    for (mime, usual) in [
        ("image/jpeg", "jpg"),
        ("text/html", "html"),
        ("audio/ogg; codecs=opus", "ogg"),
        ("video/3gpp", "3gp"),
        ("a/b", "bin"),
    ] {
        assert_eq!(ending(mime), usual, "{mime}");
        let back = by_name(&format!("a.{usual}"));
        assert_eq!(back.unwrap_or("a/b"), essence(mime), "{mime}");
    }
}
