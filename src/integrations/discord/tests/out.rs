//! What goes out, call by call, and files that come in.

use serde_json::{Value, json};

use super::stage::{ANA, DIRECT, ME, Stage, message};
use crate::{
    clock,
    integrations::{
        Accepted, DeliveryError, Integration as _, Progress, ReconcileResult, Trouble,
        discord::wire::nonce,
    },
    message::Kind,
    store::Draft,
};

fn draft(peer: &str, text: &str) -> Draft {
    Draft {
        peer: peer.to_owned(),
        text: text.to_owned(),
        ..Draft::default()
    }
}

fn sent(names: &[&str]) -> Accepted {
    Accepted::Sent(names.iter().map(|&name| name.to_owned()).collect())
}

#[tokio::test]
async fn many_files_go_in_as_few_calls_as_they_fit_and_a_note_by_itself() {
    let stage = Stage::new("*").await;
    let mut media = Vec::new();
    for number in 0..3 {
        let row = stage
            .keep(&[number; 8], Some("a.bin"), "application/octet-stream")
            .await;
        media.push(json!({"kind": "document", "media_id": row.id.to_string()}));
    }
    let message = Draft {
        media: Some(media.into()),
        ..draft("42/43", "see")
    };
    assert_eq!(
        stage.deliver(&stage.discord, message).await,
        Ok(sent(&["43:1000"]))
    );
    let asked = stage.asked();
    assert_eq!(asked[0].path, "/api/v10/channels/43/messages");
    let payload: Value =
        serde_json::from_str(asked[0].field("payload_json").expect("there").text()).expect("JSON");
    assert_eq!(payload["content"], "see");
    assert_eq!(
        payload["attachments"][2],
        json!({"id": 2, "filename": "a.bin"})
    );
    let file = asked[0].field("files[2]").expect("there");
    assert_eq!(
        (file.content, file.file_name.as_deref()),
        (vec![2; 8], Some("a.bin"))
    );
    let ogg = stage.keep(b"OggS", Some("note.ogg"), "audio/ogg").await;
    let note = Draft {
        media: Some(json!({"kind": "voice", "media_id": ogg.id.to_string()})),
        kind: Kind::Voice,
        ..draft("42", "listen")
    };
    stage.deliver(&stage.discord, note).await.expect("sent");
}

#[tokio::test]
async fn an_attempt_without_an_answer_is_made_again_while_its_nonce_is_known() {
    let stage = Stage::new("*").await;
    let whole = Draft {
        channel: "discord".to_owned(),
        ..draft("42", "once")
    };
    let queued = stage
        .store
        .queue(whole)
        .expect("room")
        .await
        .expect("stored");
    let mut message = queued.message;
    assert_eq!(nonce(&message, 0), nonce(&message, 0));
    assert_ne!(nonce(&message, 0), nonce(&message, 1));
    assert!(nonce(&message, 0).len() <= 25);
    let progress = Progress::default();
    let asked = stage.discord.reconcile(&message, &progress).await;
    assert_eq!(asked, ReconcileResult::NotSent);
    assert!(stage.asked().is_empty(), "nothing is asked");
    // Later the channel is looked through.
    message.updated_ms = clock::now_ms() - 3_600_000;
    let me = json!({"id": ME.to_string(), "username": "shop"});
    let other = json!({"id": ANA, "username": "ana"});
    stage.answers(200, me.clone());
    stage.answers(
        200,
        json!([
            {"id": "9", "author": other, "content": "once", "attachments": []},
            {"id": "8", "author": me, "content": "once", "attachments": []},
            {"id": "7", "author": me, "content": "twice", "attachments": []},
        ]),
    );
    let found = stage.discord.reconcile(&message, &progress).await;
    assert_eq!(
        found,
        ReconcileResult::Sent(Accepted::Sent(vec!["42:8".to_owned()]))
    );
    let path = stage.asked().pop().expect("asked").path;
    assert!(
        path.starts_with("/api/v10/channels/42/messages?after="),
        "{path}"
    );
    stage.answers(200, json!({"id": "99", "username": "shop"}));
    stage.answers(200, json!([]));
    let none = stage
        .discord
        .reconcile(&message, &Progress::default())
        .await;
    assert_eq!(none, ReconcileResult::NotSent);
    stage.answers(503, json!({}));
    let later = stage
        .discord
        .reconcile(&message, &Progress::default())
        .await;
    assert!(matches!(later, ReconcileResult::Unasked(..)), "{later:?}");
}

#[tokio::test]
async fn refusals_mean_what_the_service_says() {
    let stage = Stage::new("*").await;
    let refused = async |status: u16, body: Value| {
        stage.answers(status, body);
        stage
            .deliver(&stage.discord, draft("42", "hi"))
            .await
            .expect_err("refused")
    };
    let coded = |code: u64| json!({"message": "No", "code": code});
    for code in [
        10_003, 50_001, 50_007, 50_013, 50_035, 40_005, 160_005, 200_000,
    ] {
        let error = refused(403, coded(code)).await;
        assert!(
            matches!(error, DeliveryError::Permanent(_)),
            "{code}: {error:?}"
        );
    }
    for (status, code) in [
        (400, 99_999),
        (403, 20_016),
        (500, 0),
        (429, 20_028),
        (503, 130_000),
    ] {
        let error = refused(status, coded(code)).await;
        assert!(
            matches!(error, DeliveryError::Transient(..)),
            "{code}: {error:?}"
        );
    }
    let wrong = json!({"message": "Invalid Form Body", "code": 50035,
        "errors": {"content": {"_errors": [{"code": "X", "message": "Must be 2000 or fewer in length."}]}}});
    let error = refused(400, wrong).await;
    let DeliveryError::Permanent(why) = error else {
        panic!("{error:?}");
    };
    assert!(why.contains("content: Must be 2000 or fewer"), "{why}");
    for (status, body) in [(401, coded(0)), (403, coded(50_014)), (403, coded(40_001))] {
        let error = refused(status, body).await;
        let DeliveryError::Unauthorized(why) = error else {
            panic!("{status}: {error:?}");
        };
        assert!(why.contains("DISCORD_BOT_TOKEN"), "{why}");
    }
    for body in [json!("<html>"), coded(40_333)] {
        let error = refused(403, body).await;
        let DeliveryError::Channel(Trouble { advice, .. }) = error else {
            panic!("{error:?}");
        };
        assert!(advice.expect("there").contains("DISCORD_BASE_URL"));
    }
}

#[tokio::test]
async fn what_cannot_be_answered_goes_without_and_a_note_as_a_file() {
    let stage = Stage::new("*").await;
    stage.answers(400, json!({"message": "Cannot reply", "code": 160_002}));
    let reply = Draft {
        reply_to: Some("42:7".to_owned()),
        ..draft("42", "hi")
    };
    assert_eq!(
        stage.deliver(&stage.discord, reply).await,
        Ok(sent(&["42:1000"]))
    );
    let bodies: Vec<_> = stage
        .asked()
        .iter()
        .map(|asked| asked.json()["message_reference"].clone())
        .collect();
    let first = json!({"type": 0, "message_id": "7", "fail_if_not_exists": false});
    assert_eq!(bodies, [first, Value::Null]);
    for wrong in ["43:7", "m-1x", "7"] {
        let reply = Draft {
            reply_to: Some(wrong.to_owned()),
            ..draft("42", "hi")
        };
        let refused = stage.deliver(&stage.discord, reply).await;
        assert!(
            matches!(refused, Err(DeliveryError::Permanent(_))),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn the_mentioned_are_called_and_nobody_else() {
    let stage = Stage::new("*").await;
    let message = Draft {
        meta: Some(json!({"mentions": ["7", "user:8", "everyone"]})),
        ..draft("user:42", "<@7> <@9> @everyone")
    };
    assert_eq!(
        stage.deliver(&stage.discord, message).await,
        Ok(sent(&["420:1000"]))
    );
    let body = stage.asked().pop().expect("asked").json();
    assert_eq!(body["content"], r"<@7> \<@9> @everyone");
    let mentions = json!({"parse": [], "users": ["7", "8"], "replied_user": false});
    assert_eq!(body["allowed_mentions"], mentions);
}

#[tokio::test]
async fn reactions_are_put_and_taken_back() {
    let stage = Stage::new("*").await;
    let reaction = |emoji: &str| Draft {
        reply_to: Some(format!("{DIRECT}:7")),
        meta: Some(json!({"reaction": true})),
        ..draft("user:42", emoji)
    };
    stage.answers(204, Value::Null);
    assert_eq!(
        stage.deliver(&stage.discord, reaction("<:party:5>")).await,
        Ok(sent(&[]))
    );
    let asked = stage.asked().pop().expect("asked");
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        (
            "PUT",
            "/api/v10/channels/420/messages/7/reactions/party%3A5/@me"
        )
    );
    let emoji =
        |id: Value, name: &str, me: bool| json!({"me": me, "emoji": {"id": id, "name": name}});
    stage.answers(
        200,
        json!({"id": "7", "reactions": [emoji(Value::Null, "👍", false), emoji(json!("5"), "party", true)]}),
    );
    stage.answers(204, Value::Null);
    stage
        .deliver(&stage.discord, reaction(""))
        .await
        .expect("taken back");
    let asked = stage.asked().pop().expect("asked");
    assert_eq!(
        (asked.method.as_str(), asked.path.as_str()),
        (
            "DELETE",
            "/api/v10/channels/420/messages/7/reactions/party%3A5/@me"
        )
    );
}

#[tokio::test]
async fn files_are_fetched_from_the_services_own_hosts_alone() {
    let stage = Stage::new("*").await;
    let file = |url: &str| json!({"id": "7", "filename": "a.txt", "content_type": "text/plain", "size": 6, "url": url});
    let fields = json!({"attachments": [file("https://cdn.discordapp.com/old")]});
    stage.take("MESSAGE_CREATE", message(3, &fields)).await;
    let url = format!("{}/attachments/a", stage.url());
    stage.answers(200, json!({"attachments": [file(&url)]}));
    let (fetched, content) = stage.fetch(&stage.discord, 100).await.expect("fetched");
    assert_eq!(
        (fetched.mime.as_deref(), content.as_slice()),
        (Some("text/plain"), &b"a file"[..])
    );
    for elsewhere in [
        "http://127.0.0.1:1/x",
        "https://evil.example/x",
        "https://cdn.discordapp.com.evil.example/x",
    ] {
        stage.answers(200, json!({"attachments": [file(elsewhere)]}));
        let refused = stage.fetch(&stage.discord, 100).await.expect_err(elsewhere);
        assert!(format!("{refused:?}").contains("own hosts"), "{refused:?}");
    }
    stage.answers(200, json!({"attachments": []}));
    assert!(stage.fetch(&stage.discord, 100).await.is_err());
}

#[tokio::test]
async fn stickers_are_fetched_by_their_id() {
    let stage = Stage::new("*").await;
    let fields = json!({"sticker_items": [{"id": "5", "name": "Wave", "format_type": 1}]});
    stage.take("MESSAGE_CREATE", message(3, &fields)).await;
    assert_eq!(stage.only().kind, Kind::Sticker);
    let (_, content) = stage.fetch(&stage.discord, 100).await.expect("fetched");
    assert_eq!(content, b"a sticker");
}
