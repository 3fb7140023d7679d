//! Content inside of content: each wrapper around a text and around an image, and many of them nested.

use serde_json::{Value, json};

use super::Stage;

/// Those with a `message` inside.
const WRAPPERS: [&str; 17] = [
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "deviceSentMessage",
    "botInvokeMessage",
    "associatedChildMessage",
    "groupMentionedMessage",
    "commentMessage",
    "questionMessage",
    "groupStatusMessage",
    "groupStatusMessageV2",
    "botTaskMessage",
    "botForwardedMessage",
    "limitSharingMessage",
];

fn in_wrapper(name: &str, inner: &Value) -> Value {
    json!({name: {"message": inner}, "messageContextInfo": {"deviceListMetadataVersion": 2}})
}

#[tokio::test]
async fn every_wrapper_is_opened() {
    let image = json!({"imageMessage": {"mimetype": "image/jpeg", "caption": "inside"}});
    let words =
        json!({"extendedTextMessage": {"text": "inside", "contextInfo": {"expiration": 86400}}});
    let mut rows = Vec::new();
    for name in WRAPPERS {
        let (of_words, of_image) = (in_wrapper(name, &words), in_wrapper(name, &image));
        rows.push((name, of_words, json!({"kind": null, "text": "inside"})));
        let is_image = json!({"kind": "image", "text": "inside", "media.mime": "image/jpeg"});
        rows.push((name, of_image, is_image));
    }
    Stage::open().await.check(rows).await;
}

#[tokio::test]
async fn wrappers_nest_up_to_five_deep() {
    let image = json!({"imageMessage": {"mimetype": "image/jpeg", "caption": "deep"}});
    let nested = |names: &[&str]| {
        names
            .iter()
            .rev()
            .fold(image.clone(), |inner, name| in_wrapper(name, &inner))
    };
    let is_image = json!({"kind": "image", "text": "deep"});
    let rows = vec![
        (
            "two",
            nested(&["ephemeralMessage", "viewOnceMessageV2"]),
            is_image.clone(),
        ),
        ("five", nested(&WRAPPERS[..5]), is_image),
        (
            "a document with a caption in disappearing messages",
            in_wrapper(
                "ephemeralMessage",
                &in_wrapper(
                    "documentWithCaptionMessage",
                    &json!({"documentMessage": {"fileName": "a.pdf", "caption": "May"}}),
                ),
            ),
            json!({"kind": "document", "text": "May", "media.name": "a.pdf"}),
        ),
        (
            "a place in disappearing messages",
            in_wrapper(
                "ephemeralMessage",
                &json!({"locationMessage": {"degreesLatitude": 1.5, "degreesLongitude": 2.5}}),
            ),
            json!({"kind": "location", "content": {"lat": 1.5, "lng": 2.5}}),
        ),
        // However deep: something came, and that is kept.
        (
            "forty",
            nested(&["ephemeralMessage"; 40]),
            json!({"text~": ""}),
        ),
    ];
    Stage::open().await.check(rows).await;
}

/// The quote stands beside the content or inside of it, and may be wrapped as well.
#[tokio::test]
async fn what_is_answered_is_told() {
    let quote = json!({"stanzaId": "3EB0ORIGINAL", "participant": "5511900000000@s.whatsapp.net"});
    let image = json!({"imageMessage": {"mimetype": "image/jpeg", "caption": "this one", "contextInfo": quote}});
    let is_answer = json!({"reply_to": "3EB0ORIGINAL"});
    let mut stage = Stage::open().await;
    let rows = vec![
        ("in an image", image.clone(), is_answer.clone()),
        (
            "in a wrapped image",
            in_wrapper("ephemeralMessage", &image),
            is_answer.clone(),
        ),
        (
            "in a text",
            json!({"extendedTextMessage": {"text": "yes", "contextInfo": quote}}),
            is_answer.clone(),
        ),
        (
            "a context without a quote",
            json!({"extendedTextMessage": {"text": "yes", "contextInfo": {"expiration": 86400, "stanzaId": ""}}}),
            json!({"reply_to": null}),
        ),
    ];
    stage.check(rows).await;
    let mut beside = super::text("Q1", super::ANA_JID, "yes, at eight");
    beside["contextInfo"] = quote;
    stage.post("messages.upsert", &beside);
    let stored = stage.stored(super::ANA).await;
    assert_eq!(stored[0]["reply_to"], "3EB0ORIGINAL", "{stored:?}");
}
