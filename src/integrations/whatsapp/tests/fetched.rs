//! Files that come in: asked for, or with the post itself.

use std::time::Duration;

use data_encoding::BASE64;
use serde_json::json;

use super::{
    Stage,
    files::{PNG, evolution, refused},
};
use crate::{
    config::FetchRule,
    integrations::{
        FetchError,
        testing::server::{Answer, Asked, Server},
    },
    media::MediaError,
    message::text_at,
};

/// A stage with a picture of Ana's that is to be fetched from this server.
async fn with_picture(
    answer: impl Fn(&Asked) -> Answer + Send + Sync + 'static,
) -> (Stage, Server) {
    let server = Server::start(answer).await;
    let stage = Stage::of("*", server.base.clone(), FetchRule::All);
    let image = json!({"mimetype": "image/png", "fileLength": {"low": 34, "high": 0, "unsigned": true},
        "width": 10, "height": 20});
    stage.message("A1", json!({"imageMessage": image})).await;
    let media = stage.only().media.expect("a file");
    assert_eq!(
        media,
        json!({"kind": "image", "id": "A1", "mime": "image/png", "bytes": 34, "width": 10,
            "height": 20, "state": "fetching"})
    );
    (stage, server)
}

#[tokio::test]
async fn a_file_is_fetched_by_the_name_of_its_message() {
    let (stage, server) = with_picture(|_| {
        // As `getBase64FromMediaMessage` returns it.
        let answer = json!({"mediaType": "imageMessage", "fileName": "A1.png", "caption": "look \"",
            "size": {"fileLength": "34", "height": 20, "width": 10}, "mimetype": "image/png",
            "base64": BASE64.encode(PNG), "buffer": null});
        Answer::Json(201, answer)
    })
    .await;
    let (fetched, content) = stage.fetch(&stage.whatsapp, 1 << 20).await.expect("a file");
    assert!(content == PNG);
    assert_eq!(
        (fetched.mime.as_deref(), fetched.name),
        (Some("image/png"), None)
    );
    let asked = server.asked();
    assert_eq!(asked[0].method, "POST");
    assert_eq!(asked[0].path, "/chat/getBase64FromMediaMessage/Cleudocode");
    let wanted = json!({"message": {"key": {"id": "A1"}}, "convertToMp4": false});
    assert_eq!(asked[0].json(), wanted);
}

#[tokio::test]
async fn a_refusal_to_fetch_passes_unless_there_is_no_file() {
    for (message, is_final) in [
        (
            json!("Error: Failed to fetch stream from https://mmg.whatsapp.net/x"),
            false,
        ),
        (json!("Message not found"), false),
        (json!(["The message is not of the media type"]), true),
    ] {
        let answer = message.clone();
        let (stage, _server) = with_picture(move |_| refused(400, &answer)).await;
        match stage.fetch(&stage.whatsapp, 1 << 20).await {
            Err(FetchError::Permanent(_)) if is_final => {}
            Err(FetchError::Transient(why, _)) if !is_final => {
                assert!(why.contains("status 400"), "{why}");
            }
            other => panic!("{message}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_file_of_another_size_than_allowed_is_given_up_whatever_the_service_says() {
    let announced =
        b"HTTP/1.1 201 Created\r\ncontent-length: 1431655765\r\n\r\n{\"base64\":\"".to_vec();
    let (stage, _server) = with_picture(move |_| Answer::Raw(announced.clone())).await;
    let fetched = stage.fetch(&stage.whatsapp, 1 << 20).await;
    let too_large = MediaError::TooLarge(1 << 20);
    assert_eq!(fetched, Err(FetchError::Media(too_large.clone())));
    let (stage, _server) = with_picture(|_| {
        Answer::Endless(
            "HTTP/1.1 201 Created\r\nconnection: close\r\n\r\n{\"base64\":\"",
            "QUJD",
        )
    })
    .await;
    let fetched = stage.fetch(&stage.whatsapp, 1 << 20).await;
    assert_eq!(fetched, Err(FetchError::Media(too_large)));
}

#[tokio::test]
async fn an_answer_that_is_no_file_is_asked_for_again_later() {
    for body in ["<html>", "{}", "{\"base64\":\"***\"}", "{\"base64\":\"QUJD"] {
        let raw = format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let (stage, _server) = with_picture(move |_| Answer::Raw(raw.clone().into_bytes())).await;
        let fetched = stage.fetch(&stage.whatsapp, 1 << 20).await;
        let Err(FetchError::Transient(why, wait)) = fetched else {
            panic!("{body}: {fetched:?}");
        };
        assert!(why.contains("did not send the file"), "{why}");
        assert!(wait.is_some_and(|wait| wait > Duration::ZERO));
    }
}

#[tokio::test]
async fn a_file_that_comes_with_its_post_is_kept_at_once_but_not_a_strangers() {
    for (allowed, is_known) in [("*", true), ("551100000001", false)] {
        let stage = Stage::new(allowed);
        let message =
            json!({"imageMessage": {"mimetype": "image/png"}, "base64": BASE64.encode(PNG)});
        stage.message("A1", message).await;
        assert_eq!(stage.media.totals().files, u64::from(is_known));
        if is_known {
            let media = stage.only().media.expect("a file");
            assert_eq!(
                (&media["state"], &media["mime"]),
                (&json!("ready"), &json!("image/png"))
            );
            let id = text_at(&media, "media_id").and_then(|id| id.parse().ok());
            assert!(stage.content(id.expect("an id")).await == PNG);
        }
    }
    // One that is damaged is asked for.
    let stage = Stage::new("*");
    stage
        .message("A1", json!({"imageMessage": {}, "base64": "***"}))
        .await;
    assert_eq!(stage.only().media.expect("a file")["state"], "fetching");
    let log = stage.log();
    assert!(!log.contains("SHA-256"), "{log}");
    assert!(log.contains("what came with the file"), "{log}");
}

#[tokio::test]
async fn the_setting_says_what_is_fetched_at_once() {
    for (rule, image, voice) in [
        (FetchRule::All, true, true),
        (FetchRule::Images, true, false),
        (FetchRule::None, false, false),
    ] {
        let server = Server::start(evolution).await;
        for (message, is_fetched) in [
            (json!({"imageMessage": {}}), image),
            (json!({"audioMessage": {"ptt": true}}), voice),
        ] {
            let stage = Stage::of("*", server.base.clone(), rule);
            stage.message("A1", message).await;
            let media = stage.only().media.expect("a file");
            assert_eq!(
                media["state"] == "fetching",
                is_fetched,
                "{rule:?}: {media}"
            );
        }
    }
}
