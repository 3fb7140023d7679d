//! Files both ways, against a server that takes and hands them out as the Bot API does.

use serde_json::{Value, json};

use crate::{
    config::FetchRule,
    integrations::{
        Accepted, DeliveryError, FetchError,
        telegram::{BotSettings, Telegram, who::Author},
        testing::{
            Desk,
            server::{Answer, Asked, Server},
        },
    },
    media::MediaError,
    store::Draft,
};

const TOKEN: &str = "123456:secret";
const PNG: &[u8] =
    b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x0a\0\0\0\x14 and \r\n--more of it\0\xff";
const OGG: &[u8] = b"OggS and more of it";
const MP4: &[u8] = b"\0\0\0\x18ftypisom and more of it";

/// What the server does with an upload (`telegram-bot-api/Client.cpp`): the file is in the field that its
/// method names, or in the one that `attach://` names; other parameters are texts.
fn bot_api(asked: &Asked) -> Answer {
    let method = asked
        .path
        .strip_prefix("/bot123456:secret/")
        .unwrap_or_default();
    let refuse = |text: &str| {
        Answer::Json(
            400,
            json!({"ok": false, "error_code": 400, "description": text}),
        )
    };
    let chat = json!({"id": 42});
    let field = match method {
        "sendMessage" => {
            return Answer::Json(
                200,
                json!({"ok": true, "result": {"message_id": 1, "chat": chat}}),
            );
        }
        "sendMediaGroup" => {
            let media = asked.field("media").expect("a list");
            let media: Vec<Value> = serde_json::from_str(media.text()).expect("a list");
            for one in &media {
                let named = one["media"]
                    .as_str()
                    .and_then(|media| media.strip_prefix("attach://"));
                if named.is_none_or(|name| asked.field(name).is_none()) {
                    return refuse("Bad Request: wrong file identifier/HTTP URL specified");
                }
            }
            let sent = (1..=media.len()).map(|id| json!({"message_id": id, "chat": chat}));
            return Answer::Json(200, json!({"ok": true, "result": sent.collect::<Vec<_>>()}));
        }
        "sendPhoto" => "photo",
        "sendDocument" => "document",
        "sendVideo" => "video",
        "sendVideoNote" => "video_note",
        "sendAnimation" => "animation",
        "sendAudio" => "audio",
        "sendVoice" => "voice",
        "sendSticker" => "sticker",
        _ => return refuse("Not Found: method not found"),
    };
    if !asked.head.contains("multipart/form-data") {
        return refuse("Bad Request: wrong file identifier/HTTP URL specified");
    }
    let file = asked.field(field).filter(|part| part.file_name.is_some());
    match file {
        None => refuse("Bad Request: there is no file in the request"),
        Some(part) if field == "photo" && part.content.ends_with(b"broken") => {
            refuse("Bad Request: IMAGE_PROCESS_FAILED")
        }
        Some(_) => Answer::Json(
            200,
            json!({"ok": true, "result": {"message_id": 7, "chat": chat}}),
        ),
    }
}

fn telegram(desk: &Desk, server: &Server) -> Telegram {
    let settings = BotSettings {
        token: TOKEN.to_owned(),
        base: server.base.clone(),
        fetches: FetchRule::All,
    };
    Telegram::new(
        "telegram",
        &settings,
        desk.ingress.clone(),
        desk.media.clone(),
    )
}

async fn stage() -> (Desk, Telegram, Server) {
    let server = Server::start(bot_api).await;
    let desk = Desk::new("telegram", "*");
    let telegram = telegram(&desk, &server);
    (desk, telegram, server)
}

fn draft(media: Value, text: &str) -> Draft {
    Draft {
        peer: "42".to_owned(),
        text: text.to_owned(),
        media: Some(media),
        ..Draft::default()
    }
}

fn method(asked: &Asked) -> &str {
    asked.path.rsplit('/').next().unwrap_or_default()
}

#[tokio::test]
async fn each_kind_of_file_goes_by_its_method_with_its_bytes() {
    let (desk, telegram, server) = stage().await;
    for (bytes, mime, kind, round, wanted) in [
        (PNG, "image/png", "image", false, "sendPhoto"),
        (
            b"GIF89a".as_slice(),
            "image/gif",
            "image",
            false,
            "sendAnimation",
        ),
        (
            b"RIFF\x10\0\0\0WEBPVP8 ",
            "image/webp",
            "sticker",
            false,
            "sendSticker",
        ),
        (PNG, "image/png", "document", false, "sendDocument"),
        (MP4, "video/mp4", "video", false, "sendVideo"),
        (MP4, "video/mp4", "video", true, "sendVideoNote"),
        (
            b"\x1a\x45\xdf\xa3",
            "video/webm",
            "video",
            false,
            "sendDocument",
        ),
        (OGG, "audio/ogg", "voice", false, "sendVoice"),
        (b"ID3 and more", "audio/mpeg", "audio", false, "sendAudio"),
        (
            b"fLaC and more",
            "audio/flac",
            "audio",
            false,
            "sendDocument",
        ),
        (
            b"PK\x03\x04",
            "application/zip",
            "document",
            false,
            "sendDocument",
        ),
    ] {
        let row = desk.keep(bytes, Some("a \"b\""), mime).await;
        let media = json!({"kind": kind, "media_id": row.id.to_string(), "round": round});
        let sent = desk.deliver(&telegram, draft(media, "look")).await;
        assert!(matches!(sent, Ok(Accepted::Sent(_))), "{mime}: {sent:?}");
        let asked = server.asked();
        assert_eq!(method(&asked[0]), wanted, "{mime} as {kind}");
        let form = asked[0].form();
        let file = form
            .iter()
            .find(|part| part.file_name.is_some())
            .expect("a file");
        assert!(file.content == bytes && file.mime.as_deref() == Some(&row.mime));
        let name = file.file_name.as_deref().expect("a name");
        assert!(name.starts_with("a %22b%22."), "{name}");
        let texts = asked[0].texts();
        let chat = ("chat_id".to_owned(), "42".to_owned());
        assert!(texts.contains(&chat), "{texts:?}");
        let has_caption = texts.contains(&("caption".to_owned(), "look".to_owned()));
        assert_eq!(has_caption, asked.len() == 1, "{wanted}: {texts:?}");
        let stays = texts
            .iter()
            .any(|(name, _)| name == "disable_content_type_detection");
        assert_eq!(stays, wanted == "sendDocument", "{texts:?}");
    }
}

#[tokio::test]
async fn a_photo_that_telegram_does_not_show_goes_as_a_document() {
    let (desk, telegram, server) = stage().await;
    let large = [PNG, &vec![0; 10 << 20]].concat();
    let broken = [PNG, b"broken"].concat();
    for (bytes, methods) in [
        (large, vec!["sendDocument"]),
        (broken, vec!["sendPhoto", "sendDocument"]),
    ] {
        let row = desk.keep(&bytes, None, "image/png").await;
        let media = json!({"kind": "image", "media_id": row.id.to_string()});
        let sent = desk.deliver(&telegram, draft(media, "look")).await;
        assert_eq!(sent, Ok(Accepted::Sent(vec!["42:7".to_owned()])));
        let asked = server.asked();
        let asked: Vec<&str> = asked.iter().map(method).collect();
        assert_eq!(asked, methods);
    }
}

#[tokio::test]
async fn what_is_over_the_limit_is_refused_before_anything_is_sent() {
    let (desk, telegram, server) = stage().await;
    let large = [MP4, &vec![0; 50 << 20]].concat();
    let row = desk.keep(&large, Some("film.mp4"), "video/mp4").await;
    let small = desk.keep(PNG, None, "image/png").await;
    let list = json!([{"kind": "image", "media_id": small.id.to_string()},
        {"kind": "video", "media_id": row.id.to_string()}]);
    let sent = desk.deliver(&telegram, draft(list, "")).await;
    let Err(DeliveryError::Permanent(why)) = sent else {
        panic!("{sent:?}");
    };
    assert!(
        why.contains("Telegram takes at most 52428800 bytes as video, and film.mp4"),
        "{why}"
    );
    assert_eq!(server.asked().len(), 0);
}

#[tokio::test]
async fn files_that_telegram_groups_are_an_album_and_others_go_one_by_one() {
    let (desk, telegram, server) = stage().await;
    let png = desk.keep(PNG, None, "image/png").await.id.to_string();
    let mp4 = desk.keep(MP4, None, "video/mp4").await.id.to_string();
    let ogg = desk.keep(OGG, None, "audio/ogg").await.id.to_string();
    let list = json!([{"kind": "image", "media_id": png}, {"kind": "video", "media_id": mp4},
        {"kind": "image", "media_id": png}]);
    let draft_of_album = Draft {
        reply_to: Some("42:5".to_owned()),
        ..draft(list, "all")
    };
    let sent = desk.deliver(&telegram, draft_of_album).await;
    assert_eq!(
        sent,
        Ok(Accepted::Sent(
            ["42:1", "42:2", "42:3"].map(str::to_owned).into()
        ))
    );
    let asked = server.asked();
    assert_eq!((asked.len(), method(&asked[0])), (1, "sendMediaGroup"));
    let media = asked[0].field("media").expect("a list");
    let media: Value = serde_json::from_str(media.text()).expect("JSON");
    let wanted = json!([{"type": "photo", "media": "attach://file0", "caption": "all"},
        {"type": "video", "media": "attach://file1"}, {"type": "photo", "media": "attach://file2"}]);
    assert_eq!(media, wanted);
    assert!(asked[0].field("file1").expect("a file").content == MP4);
    let reply = asked[0].field("reply_parameters").expect("an answer");
    let reply: Value = serde_json::from_str(reply.text()).expect("JSON");
    assert_eq!(reply["message_id"], 5);

    let list = json!([{"kind": "voice", "media_id": ogg}, {"kind": "image", "media_id": png},
        {"kind": "image", "url": "https://a.example/b.png"}]);
    let sent = desk
        .deliver(&telegram, draft(list, "x".repeat(2000).as_str()))
        .await;
    // The last is refused here, which knows no addresses; its address goes as a text.
    assert!(
        matches!(&sent, Ok(Accepted::Sent(ids)) if ids.len() == 4),
        "{sent:?}"
    );
    let asked = server.asked();
    let methods: Vec<&str> = asked.iter().map(method).collect();
    let wanted = [
        "sendVoice",
        "sendPhoto",
        "sendPhoto",
        "sendMessage",
        "sendMessage",
    ];
    assert_eq!(methods, wanted);
}

/// A bot, and a document that somebody sent to it.
async fn with_document(
    bytes: Option<u64>,
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> (Desk, Telegram, Server) {
    let server = Server::start(answer).await;
    let desk = Desk::new("telegram", "*");
    let telegram = telegram(&desk, &server);
    let document = json!({"file_id": "BQAC", "file_unique_id": "A", "file_name": "a.png", "mime_type": "image/png", "file_size": bytes});
    let message = json!({"message_id": 1, "date": 1_780_000_000, "document": document,
        "chat": {"id": 42, "type": "private"}, "from": {"id": 42, "first_name": "Ana"}});
    let me = Author::of(&json!({"id": 1}), &Value::Null, &Value::Null);
    let update = json!({"update_id": 1, "message": message});
    telegram.receiver.take(&update, &me).await.expect("stored");
    (desk, telegram, server)
}

/// Answers `getFile` with this size, and hands out the picture.
fn hands_out(size: u64) -> impl Fn(&Asked) -> Answer + Send + Sync {
    move |asked| match asked.path.as_str() {
        "/bot123456:secret/getFile" => {
            let file = json!({"file_id": "BQAC", "file_unique_id": "A", "file_size": size, "file_path": "documents/file_1.png"});
            Answer::Json(200, json!({"ok": true, "result": file}))
        }
        "/file/bot123456:secret/documents/file_1.png" => {
            Answer::File("application/octet-stream", PNG.to_vec())
        }
        _ => Answer::Json(
            404,
            json!({"ok": false, "error_code": 404, "description": "Not Found"}),
        ),
    }
}

#[tokio::test]
async fn a_file_is_fetched_by_the_place_that_get_file_names() {
    let size = PNG.len() as u64;
    let (desk, telegram, server) = with_document(Some(size), hands_out(size)).await;
    let media = desk.only().media.expect("a file");
    assert_eq!(
        (&media["state"], &media["bytes"]),
        (&json!("fetching"), &json!(size))
    );
    let (_, content) = desk.fetch(&telegram, 1 << 20).await.expect("a file");
    assert!(content == PNG);
    let asked = server.asked();
    assert_eq!(asked[0].json(), json!({"file_id": "BQAC"}));
}

#[tokio::test]
async fn a_file_over_the_limit_is_not_even_asked_for() {
    let over = (20 << 20) + 1;
    let (desk, telegram, server) = with_document(Some(over), hands_out(over)).await;
    assert_eq!(desk.only().media.expect("a file")["state"], Value::Null);
    let fetched = desk.fetch(&telegram, u64::MAX).await;
    let Err(FetchError::Permanent(why)) = fetched else {
        panic!("{fetched:?}");
    };
    assert!(why.contains("at most 20 MB"), "{why}");
    assert_eq!(server.asked().len(), 0);
    // Of some the size is known only then.
    let (desk, telegram, server) = with_document(None, hands_out(over)).await;
    let fetched = desk.fetch(&telegram, u64::MAX).await;
    assert!(
        matches!(fetched, Err(FetchError::Permanent(_))),
        "{fetched:?}"
    );
    assert_eq!(server.asked().len(), 1);
    let (desk, telegram, _server) = with_document(None, hands_out(1 << 20)).await;
    let fetched = desk.fetch(&telegram, 1 << 10).await;
    assert_eq!(
        fetched,
        Err(FetchError::Media(MediaError::TooLarge(1 << 10)))
    );
}

#[tokio::test]
async fn a_refusal_says_whether_another_try_may_help() {
    for (code, text, is_final) in [
        (400, "Bad Request: file is too big", true),
        (
            400,
            "Bad Request: wrong file_id or the file is temporarily unavailable",
            false,
        ),
        (429, "Too Many Requests: retry after 5", false),
    ] {
        let refusal = json!({"ok": false, "error_code": code, "description": text});
        let (desk, telegram, _server) =
            with_document(None, move |_| Answer::Json(code, refusal.clone())).await;
        let fetched = desk.fetch(&telegram, 1 << 20).await;
        let is_permanent = matches!(fetched, Err(FetchError::Permanent(_)));
        assert_eq!(is_permanent, is_final, "{text}: {fetched:?}");
    }
    // Fewer bytes than were announced.
    let (desk, telegram, _server) = with_document(None, hands_out(999)).await;
    let fetched = desk.fetch(&telegram, 1 << 20).await;
    assert!(
        matches!(fetched, Err(FetchError::Transient(..))),
        "{fetched:?}"
    );
}
