//! What goes out, and what is mended at once.

use serde_json::{Value, json};

use super::stage::{Stage, draft};
use crate::{
    integrations::{Accepted, DeliveryError, Integration},
    message::Kind,
    store::Draft,
};

fn sent(names: &[&str]) -> Accepted {
    Accepted::Sent(names.iter().map(|name| (*name).to_owned()).collect())
}

fn media(kind: &str, url: &str, more: &Value) -> Value {
    let mut media = json!({"kind": kind, "url": url});
    for (key, value) in more.as_object().expect("fields") {
        media[key] = value.clone();
    }
    media
}

#[tokio::test]
async fn every_part_goes_to_the_topic_it_is_for() {
    let stage = Stage::new("*").await;
    let long = "word ".repeat(1000);
    let answered = stage
        .deliver(draft("telegram:-1001:topic:285", &long))
        .await;
    assert_eq!(answered, Ok(sent(&["-1001:100", "-1001:100"])));
    for (_, body) in stage.asked() {
        assert_eq!(
            (&body["chat_id"], &body["message_thread_id"]),
            (&json!(-1001), &json!(285))
        );
    }
    stage.telegram.typing("-1001/285").await.expect("shown");
    let typing = json!({"chat_id": -1001, "message_thread_id": 285, "action": "typing"});
    assert_eq!(stage.asked(), [("sendChatAction".to_owned(), typing)]);
    stage.deliver(draft("@choir", "x")).await.expect("sent");
    assert_eq!(stage.asked()[0].1["chat_id"], "@choir");
}

#[tokio::test]
async fn an_answer_goes_to_the_topic_of_what_it_answers_and_never_to_another_chat() {
    let stage = Stage::new("*").await;
    let chat = json!({"id": -1001, "title": "Choir"});
    let topic =
        json!({"chat": chat, "text": "x", "message_thread_id": 55, "is_topic_message": true});
    stage.message(3, topic).await;
    let reply = |peer: &str, to: &str| Draft {
        reply_to: Some(to.to_owned()),
        ..draft(peer, "y")
    };
    for peer in ["-1001", "-1001/55"] {
        stage.deliver(reply(peer, "-1001:3")).await.expect("sent");
        let body = stage.asked().remove(0).1;
        assert_eq!(
            (
                &body["message_thread_id"],
                &body["reply_parameters"]["message_id"]
            ),
            (&json!(55), &json!(3))
        );
    }
    // Another topic of the same chat is fine.
    stage
        .deliver(reply("-1001/60", "-1001:3"))
        .await
        .expect("sent");
    assert_eq!(stage.asked()[0].1["message_thread_id"], 60);
    for other in ["-4123:3", "wamid.X", "telegram"] {
        let refused = stage.deliver(reply("-1001", other)).await;
        assert!(
            matches!(&refused, Err(DeliveryError::Permanent(why)) if why.contains("another chat")),
            "{refused:?}"
        );
    }
    assert!(stage.asked().is_empty());
    // Whether a public name means that chat, the service knows.
    stage
        .deliver(reply("@choir", "-1001:3"))
        .await
        .expect("sent");
    assert_eq!(stage.asked()[0].1["reply_parameters"]["chat_id"], "-1001");
    stage
        .deliver(reply("-1001", "-1001:ephemeral-9"))
        .await
        .expect("sent");
    assert!(stage.asked()[0].1.get("reply_parameters").is_none());
}

#[tokio::test]
async fn a_topic_that_is_gone_is_left_out_once() {
    let stage = Stage::new("*").await;
    stage.refuses(400, "Bad Request: message thread not found");
    let text = "word ".repeat(1000);
    assert!(stage.deliver(draft("-1001/55", &text)).await.is_ok());
    let topics: Vec<bool> = stage
        .asked()
        .iter()
        .map(|(_, body)| body.get("message_thread_id").is_some())
        .collect();
    assert_eq!(topics, [true, false, false]);
    for _ in 0..2 {
        stage.refuses(400, "Bad Request: message thread not found");
    }
    let refused = stage.deliver(draft("-1001/55", "x")).await;
    assert!(
        matches!(&refused, Err(DeliveryError::Permanent(why)) if why.contains("CHAT/TOPIC")),
        "{refused:?}"
    );
    assert_eq!(stage.asked().len(), 2);
}

#[tokio::test]
async fn a_group_that_moved_is_followed_and_remembered() {
    let stage = Stage::new("*").await;
    let moved = json!({"ok": false, "error_code": 400, "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": -1_001_557_912_345_i64}});
    stage.answers(400, &moved);
    assert_eq!(
        stage.deliver(draft("-4123", "x")).await,
        Ok(sent(&["-1001557912345:100"]))
    );
    stage.asked();
    let to_old = Draft {
        reply_to: Some("-4123:42".to_owned()),
        ..draft("group:-4123/7", "y")
    };
    stage.deliver(to_old).await.expect("sent");
    let body = stage.asked().remove(0).1;
    let expected = json!({"chat_id": -1_001_557_912_345_i64, "message_thread_id": 7, "text": "y"});
    assert_eq!(
        body, expected,
        "the number of what it answered means nothing in the new group"
    );
    // A server that never ends to move us is not followed for ever.
    stage.answers(400, &moved);
    stage.answers(400, &moved);
    assert!(matches!(
        stage.deliver(draft("-5", "x")).await,
        Err(DeliveryError::Permanent(_))
    ));
}

/// A text with formatting, as the gateway keeps it.
#[cfg(feature = "markdown")]
fn markdown_draft(text: &str) -> Draft {
    Draft {
        meta: Some(json!({"format": "markdown"})),
        ..draft("42", text)
    }
}

#[cfg(feature = "markdown")]
#[tokio::test]
async fn markdown_goes_out_as_words_and_entities_and_as_words_where_these_are_refused() {
    let stage = Stage::new("*").await;
    let text = "# Preços\n- **café** [site](https://a.example)";
    assert!(stage.deliver(markdown_draft(text)).await.is_ok());
    let bold =
        |offset: u64, length: u64| json!({"type": "bold", "offset": offset, "length": length});
    let link = json!({"type": "text_link", "offset": 14, "length": 4, "url": "https://a.example"});
    let words = "Preços\n• café site";
    let expected =
        json!({"chat_id": 42, "text": words, "entities": [bold(0, 6), bold(9, 4), link]});
    assert_eq!(stage.asked()[0].1, expected);

    stage.refuses(400, "Bad Request: can't parse MessageEntity: wrong offset");
    assert!(stage.deliver(markdown_draft(text)).await.is_ok());
    assert_eq!(stage.asked()[1].1, json!({"chat_id": 42, "text": words}));

    // Each part of a long text has its own.
    let long = format!("**{}**", "word ".repeat(1500).trim());
    assert!(stage.deliver(markdown_draft(&long)).await.is_ok());
    let asked = stage.asked();
    assert_eq!(asked.len(), 2);
    for (_, body) in asked {
        let length = body["text"].as_str().map(str::len);
        assert_eq!(
            body["entities"],
            json!([bold(0, length.unwrap_or_default() as u64)])
        );
    }
    let url = "https://a.example/a.png";
    let photo = Draft {
        media: Some(media("image", url, &json!({}))),
        ..markdown_draft("_olá_")
    };
    assert!(stage.deliver(photo).await.is_ok());
    let italic = json!([{"type": "italic", "offset": 0, "length": 3}]);
    let body = json!({"chat_id": 42, "photo": url, "caption": "olá", "caption_entities": italic});
    assert_eq!(stage.asked()[0].1, body);
}

#[tokio::test]
async fn an_answered_message_that_is_gone_is_not_answered() {
    let stage = Stage::new("*").await;
    stage.refuses(400, "Bad Request: message to be replied not found");
    let answer = Draft {
        reply_to: Some("7".to_owned()),
        ..draft("42", "x")
    };
    assert!(stage.deliver(answer).await.is_ok());
    assert_eq!(stage.asked()[1].1, json!({"chat_id": 42, "text": "x"}));
}

#[tokio::test]
async fn files_go_as_what_they_are() {
    let stage = Stage::new("*").await;
    for (kind, file, method, field) in [
        (
            Kind::Text,
            media("image", "https://a.example/a.png", &json!({})),
            "sendPhoto",
            "photo",
        ),
        (
            Kind::Text,
            media(
                "image",
                "https://a.example/a",
                &json!({"mime": "image/gif"}),
            ),
            "sendAnimation",
            "animation",
        ),
        (
            Kind::Text,
            media("image", "https://a.example/A.GIF?x", &json!({})),
            "sendAnimation",
            "animation",
        ),
        (
            Kind::Sticker,
            media("image", "https://a.example/a.webp", &json!({})),
            "sendSticker",
            "sticker",
        ),
        (
            Kind::Text,
            media("image", "https://a.example/a.webp", &json!({})),
            "sendPhoto",
            "photo",
        ),
        (
            Kind::Text,
            media("video", "https://a.example/a.mp4", &json!({})),
            "sendVideo",
            "video",
        ),
        (
            Kind::Text,
            media(
                "audio",
                "https://a.example/a",
                &json!({"mime": "Audio/OGG; codecs=opus"}),
            ),
            "sendVoice",
            "voice",
        ),
        (
            Kind::Text,
            media("audio", "https://a.example/a.oga", &json!({})),
            "sendVoice",
            "voice",
        ),
        (
            Kind::Voice,
            media("audio", "https://a.example/a.mp3", &json!({})),
            "sendVoice",
            "voice",
        ),
        (
            Kind::Text,
            media("audio", "https://a.example/a.mp3", &json!({})),
            "sendAudio",
            "audio",
        ),
        (
            Kind::Text,
            media("document", "https://a.example/a.pdf", &json!({})),
            "sendDocument",
            "document",
        ),
    ] {
        let url = file["url"].clone();
        let message = Draft {
            kind,
            media: Some(file),
            ..draft("42", "look")
        };
        stage.deliver(message).await.expect("sent");
        let asked = stage.asked();
        assert_eq!((asked[0].0.as_str(), &asked[0].1[field]), (method, &url));
        let caption = asked[0]
            .1
            .get("caption")
            .or_else(|| asked.get(1)?.1.get("text"));
        assert_eq!(caption, Some(&json!("look")), "{method}");
    }
}

#[tokio::test]
async fn a_file_whose_address_is_refused_goes_as_a_link() {
    let stage = Stage::new("*").await;
    let picture = |text: &str| Draft {
        media: Some(media("image", "https://a.example/a.png", &json!({}))),
        ..draft("42", text)
    };
    for (text, texts) in [
        (
            "look".to_owned(),
            vec!["look\nhttps://a.example/a.png".to_owned()],
        ),
        (" ".to_owned(), vec!["https://a.example/a.png".to_owned()]),
        (
            "x".repeat(2000),
            vec!["https://a.example/a.png".to_owned(), "x".repeat(2000)],
        ),
    ] {
        stage.refuses(400, "Bad Request: failed to get HTTP URL content");
        stage.deliver(picture(&text)).await.expect("sent");
        let asked = stage.asked();
        let told: Vec<_> = asked[1..]
            .iter()
            .map(|(_, body)| body["text"].as_str().expect("text"))
            .collect();
        assert_eq!(told, texts);
    }
}

#[tokio::test]
async fn white_space_alone_is_refused_without_a_call() {
    let stage = Stage::new("*").await;
    let refused = stage.deliver(draft("42", " \n ")).await;
    assert!(
        matches!(&refused, Err(DeliveryError::Permanent(why)) if why.contains("white space")),
        "{refused:?}"
    );
    assert!(stage.asked().is_empty());
}

#[tokio::test]
async fn a_reaction_is_put_on_a_message_and_taken_back() {
    let stage = Stage::new("*").await;
    let reaction = |emoji: &str, to: Option<&str>| Draft {
        reply_to: to.map(str::to_owned),
        meta: Some(json!({"reaction": true})),
        ..draft("-1001/55", emoji)
    };
    for (emoji, expected) in [
        ("❤️", json!([{"type": "emoji", "emoji": "❤"}])),
        ("", json!([])),
    ] {
        // What it answers to this is not a message.
        stage.answers(200, &json!({"ok": true, "result": true}));
        assert_eq!(
            stage.deliver(reaction(emoji, Some("-1001:3"))).await,
            Ok(sent(&[])),
            "{emoji}"
        );
        let body = json!({"chat_id": -1001, "message_id": 3, "reaction": expected});
        assert_eq!(stage.asked(), [("setMessageReaction".to_owned(), body)]);
    }
    for to in [None, Some("-1002:3")] {
        let refused = stage.deliver(reaction("👍", to)).await;
        assert!(
            matches!(refused, Err(DeliveryError::Permanent(_))),
            "{refused:?}"
        );
    }
}

#[tokio::test]
async fn a_business_account_is_answered_in_its_name() {
    let stage = Stage::new("*").await;
    let answer = Draft {
        reply_to: Some("business:c:42:7".to_owned()),
        ..draft("business:c:42", "x")
    };
    assert_eq!(
        stage.deliver(answer).await,
        Ok(sent(&["business:c:42:100"]))
    );
    let body = stage.asked().remove(0).1;
    assert_eq!(
        (&body["business_connection_id"], &body["chat_id"]),
        (&json!("c"), &json!(42))
    );
    assert_eq!(body["reply_parameters"]["message_id"], 7);
}
