//! Files that are sent, to a server that takes and refuses them as Evolution 2.3.7 does.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{ANA, Stage};
use crate::{
    config::FetchRule,
    integrations::{
        Accepted, DeliveryError, Integration as _, Progress,
        testing::server::{Answer, Asked, Server},
    },
    message::text_at,
    store::Draft,
};

pub(super) const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x0a\0\0\0\x14 and \r\n--more of it\0\xff";
const OGG: &[u8] = b"OggS and more of it";
const WEBP: &[u8] = b"RIFF\x10\0\0\0WEBPVP8 and more";

pub(super) fn refused(status: u16, message: &Value) -> Answer {
    Answer::Json(
        status,
        json!({"status": status, "error": "Bad Request", "response": {"message": message}}),
    )
}

fn taken(id: &str) -> Answer {
    Answer::Json(201, json!({"key": {"id": id}, "status": "PENDING"}))
}

/// `sendMessage.router.ts`, `message.schema.ts`, `sendMessage.controller.ts` and the service's methods, as
/// far as files go: multer takes one file, in the field `file`, and texts of one megabyte.
pub(super) fn evolution(asked: &Asked) -> Answer {
    let path = asked.path.trim_end_matches("/Cleudocode");
    let is_form = asked.head.contains("multipart/form-data");
    let (mut body, mut file) = (asked.json(), None);
    if is_form {
        body = json!({});
        for part in asked.form() {
            match &part.file_name {
                Some(_) if part.name == "file" && file.is_none() => file = Some(part),
                Some(_) => return refused(500, &json!(["MulterError: Unexpected field"])),
                None if part.content.len() > 1 << 20 => {
                    return refused(500, &json!(["MulterError: Field value too long"]));
                }
                None => body[part.name.as_str()] = json!(part.text()),
            }
        }
    }
    if !body["number"].is_string() {
        return refused(400, &json!([["requires property \"number\""]]));
    }
    if body["delay"].is_string() {
        return refused(400, &json!(["Enter a value in milliseconds"]));
    }
    let there = |field: &str| file.is_some() || body[field].is_string();
    match path {
        "/message/sendText" => taken("T"),
        "/message/sendMedia" => {
            let kinds = ["image", "document", "video", "audio"];
            if !kinds.contains(&text_at(&body, "mediatype").unwrap_or_default()) {
                return refused(
                    400,
                    &json!(["mediatype is not one of enum values: image,document,video,audio"]),
                );
            }
            if !there("media") {
                return refused(400, &json!(["Owned media must be a url or base64"]));
            }
            if body["mediatype"] == "document" && text_at(&body, "fileName").is_none() {
                let text = "TypeError: Cannot read properties of null (reading '1')";
                return refused(500, &json!([text]));
            }
            taken("M")
        }
        "/message/sendPtv" if there("video") => taken("P"),
        "/message/sendWhatsAppAudio" if there("audio") => taken("V"),
        // `convertToWebP(data.sticker)`, and the upload is in `mediaData.sticker`.
        "/message/sendSticker" if body["sticker"].is_string() => taken("S"),
        "/message/sendSticker" => refused(
            500,
            &json!(["TypeError: Cannot read properties of undefined (reading 'includes')"]),
        ),
        _ => refused(400, &json!(["Owned media must be a url or base64"])),
    }
}

async fn stage() -> (Stage, Server) {
    let server = Server::start(evolution).await;
    let stage = Stage::of("*", server.base.clone(), FetchRule::All);
    (stage, server)
}

fn draft(media: Value, text: &str) -> Draft {
    Draft {
        peer: ANA.to_owned(),
        text: text.to_owned(),
        media: Some(media),
        ..Draft::default()
    }
}

/// Texts of a form, besides those that each has.
fn pairs(all: &str) -> Vec<(String, String)> {
    let number = format!("number={ANA} quoted[key][id]=Q");
    let all = number.split(' ').chain(all.split_whitespace());
    let all = all.filter_map(|pair| pair.split_once('='));
    let mut all: Vec<_> = all
        .map(|(name, text)| (name.to_owned(), text.to_owned()))
        .collect();
    all.sort();
    all
}

#[tokio::test]
async fn each_kind_of_file_goes_by_its_call_with_its_bytes_and_no_field_too_many() {
    let (stage, server) = stage().await;
    let png = stage.keep(PNG, Some("card \"1\".png"), "image/png").await;
    let ogg = stage.keep(OGG, None, "audio/ogg; codecs=opus").await;
    let mp3 = stage.keep(b"ID3", None, "audio/mpeg").await;
    let mp4 = stage.keep(b"\0\0\0\x18ftypisom", None, "video/mp4").await;
    let pdf = stage
        .keep(b"%PDF-1.7", Some("Relat\u{f3}rio"), "application/pdf")
        .await;
    for (row, kind, path, texts) in [
        (
            &png,
            "image",
            "sendMedia",
            "mediatype=image mimetype=image/png caption=look",
        ),
        (
            &mp4,
            "video",
            "sendMedia",
            "mediatype=video mimetype=video/mp4 caption=look",
        ),
        (
            &pdf,
            "document",
            "sendMedia",
            "mediatype=document mimetype=application/pdf fileName=Relat\u{f3}rio.pdf caption=look",
        ),
        (
            &mp3,
            "audio",
            "sendMedia",
            "mediatype=audio mimetype=audio/mpeg",
        ),
        (&ogg, "voice", "sendWhatsAppAudio", ""),
        (&mp4, "round", "sendPtv", ""),
    ] {
        let media = match kind {
            "round" => json!({"kind": "video", "round": true, "media_id": row.id.to_string()}),
            kind => json!({"kind": kind, "media_id": row.id.to_string()}),
        };
        let texts = pairs(texts);
        let draft = Draft {
            reply_to: Some("Q".to_owned()),
            ..draft(media, "look")
        };
        let sent = stage.deliver(&stage.whatsapp, draft).await;
        assert!(matches!(sent, Ok(Accepted::Sent(_))), "{kind}: {sent:?}");
        let asked = server.asked();
        assert_eq!(
            asked[0].path,
            format!("/message/{path}/Cleudocode"),
            "{kind}"
        );
        assert!(
            asked[0].head.contains("\r\napikey: key\r\n"),
            "{}",
            asked[0].head
        );
        let mut found = asked[0].texts();
        found.sort();
        assert_eq!(found, texts, "{kind}");
        let file = asked[0].field("file").expect("a file");
        assert_eq!(file.mime.as_deref(), Some(row.mime.as_str()));
        assert!(file.content == stage.content(row.id).await, "{kind}");
        // What has no caption has its words behind it.
        let words = if texts.iter().any(|(name, _)| name == "caption") {
            1
        } else {
            2
        };
        assert_eq!(asked.len(), words, "{kind}");
    }
}

#[tokio::test]
async fn a_sticker_goes_as_json_because_its_upload_is_not_read() {
    let (stage, server) = stage().await;
    for (bytes, mime, kept_as_is) in [
        (WEBP, "image/webp", json!(true)),
        (PNG, "image/png", Value::Null),
    ] {
        let row = stage.keep(bytes, None, mime).await;
        let media = json!({"kind": "sticker", "media_id": row.id.to_string()});
        let sent = stage.deliver(&stage.whatsapp, draft(media, "")).await;
        assert_eq!(sent, Ok(Accepted::Sent(vec!["S".to_owned()])));
        let body = server.asked()[0].json();
        assert_eq!(body["sticker"], BASE64.encode(bytes));
        assert_eq!(body["notConvertSticker"], kept_as_is);
        assert_eq!(body["media_id"], Value::Null);
    }
}

#[tokio::test]
async fn several_files_go_one_after_the_other_with_the_text_below_the_first() {
    let (stage, server) = stage().await;
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let ogg = stage.keep(OGG, None, "audio/ogg").await.id.to_string();
    let list = json!([{"kind": "image", "media_id": png}, {"kind": "voice", "media_id": ogg},
        {"kind": "image", "url": "https://a.example/b.png"}]);
    let sent = stage
        .deliver(&stage.whatsapp, draft(list, "all of them"))
        .await;
    let ids = ["M", "V", "M"].map(str::to_owned);
    assert_eq!(sent, Ok(Accepted::Sent(ids.into())));
    let asked = server.asked();
    let captions = [
        asked[0].field("caption").map(|part| part.text().to_owned()),
        None,
    ];
    assert_eq!(captions, [Some("all of them".to_owned()), None]);
    assert_eq!(asked[2].json()["media"], "https://a.example/b.png");
    assert_eq!(asked[2].json()["caption"], Value::Null);
}

#[tokio::test]
async fn what_was_sent_of_several_files_is_not_sent_again() {
    let is_voice_refused = Arc::new(AtomicBool::new(true));
    let refuses = Arc::clone(&is_voice_refused);
    let server = Server::start(move |asked| {
        let is_voice = asked.path.starts_with("/message/sendWhatsAppAudio");
        if is_voice && refuses.load(Relaxed) {
            return refused(500, &json!(["Error: ffmpeg exited with code 1"]));
        }
        evolution(asked)
    })
    .await;
    let stage = Stage::of("*", server.base.clone(), FetchRule::All);
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let ogg = stage.keep(OGG, None, "audio/ogg").await.id.to_string();
    let list = json!([{"kind": "image", "media_id": png}, {"kind": "voice", "media_id": ogg}]);
    let draft = Draft {
        channel: super::NAME.to_owned(),
        ..draft(list, "both")
    };
    let queued = stage.store.queue(draft).expect("room").await;
    let (message, progress) = (queued.expect("stored").message, Progress::default());
    let sent = stage.whatsapp.deliver(&message, &progress).await;
    assert!(
        matches!(sent, Err(DeliveryError::Transient(..))),
        "{sent:?}"
    );
    is_voice_refused.store(false, Relaxed);
    server.asked();
    let sent = stage.whatsapp.deliver(&message, &progress).await;
    assert_eq!(
        sent,
        Ok(Accepted::Sent(["M", "V"].map(str::to_owned).into()))
    );
    let asked = server.asked();
    assert_eq!(asked.len(), 1);
    assert!(asked[0].field("file").expect("a file").content == OGG);
}

#[tokio::test]
async fn what_the_service_does_not_take_is_refused_before_anything_is_sent() {
    let (stage, server) = stage().await;
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let webm = stage
        .keep(b"\x1a\x45\xdf\xa3", Some("a.webm"), "video/webm")
        .await;
    let list = json!([{"kind": "image", "media_id": png},
        {"kind": "video", "media_id": webm.id.to_string()}]);
    let sent = stage.deliver(&stage.whatsapp, draft(list, "")).await;
    let Err(DeliveryError::Permanent(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(
        why.contains("a.webm is video/webm; send it as a document"),
        "{why}"
    );
    stage.lose_files();
    let gone = json!({"kind": "image", "media_id": png});
    let sent = stage.deliver(&stage.whatsapp, draft(gone, "")).await;
    assert!(matches!(sent, Err(DeliveryError::Permanent(_))), "{sent:?}");
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn a_service_that_breaks_off_in_the_middle_of_a_file_is_tried_again() {
    let server = Server::start(|_| Answer::Raw(vec![])).await;
    let stage = Stage::of("*", server.base.clone(), FetchRule::All);
    let png = stage.keep(PNG, None, "image/png").await.id.to_string();
    let media = json!({"kind": "image", "media_id": png});
    let sent = stage.deliver(&stage.whatsapp, draft(media, "")).await;
    // All of this one was sent.
    assert!(matches!(sent, Err(DeliveryError::Unknown(_))), "{sent:?}");
}
