//! Where a message was written and by whom: topics, channels, groups with a new id, chats that write.

use serde_json::json;

use super::{ALERTS, CHOIR, Findings, Stage, in_group, in_topic, private, refusal, with};
use crate::support::{assert_field, assert_fields, fake::Reply};

#[tokio::test]
async fn an_answer_stays_in_its_topic() {
    let mut stage = Stage::open().await;
    stage.messages([with(in_topic(24, 55), &json!({"text": "who sings solo?"}))]);
    let peer = format!("{CHOIR}/55");
    let stored = stage.stored(&peer).await;
    assert_fields(
        &stored[0],
        &json!({"peer": peer, "sender": "42", "meta.topic": 55, "reply_to": null}),
    );
    let asked = &stored[0]["message_id"];
    let long = "word ".repeat(1000);
    let spelled = format!("{CHOIR}:topic:55");
    let mut findings = Findings::default();
    for (row, to, more, parts) in [
        (
            "an answer to the topic",
            peer.as_str(),
            json!({"text": "Bia does", "reply_to": asked}),
            1,
        ),
        ("a plain one", &peer, json!({"text": "and Caio"}), 1),
        (
            "the other spelling",
            &spelled,
            json!({"text": "and Davi"}),
            1,
        ),
        (
            "a long one",
            &peer,
            json!({"text": long, "reply_to": asked}),
            2,
        ),
        (
            "an answer to the group",
            &CHOIR.to_string(),
            json!({"text": "Bia", "reply_to": asked}),
            1,
        ),
    ] {
        let sent = stage.send(to, more).await;
        findings.check(row, &sent, &json!({"state": "sent"}));
        for _ in 0..parts {
            let body = stage.fake.saw("/sendMessage").body;
            findings.check(
                row,
                &body,
                &json!({"chat_id": CHOIR, "message_thread_id": 55}),
            );
        }
    }
    findings.end();
}

/// Whoever answers nobody in a topic answers the message that made it, in the service's eyes.
#[tokio::test]
async fn the_root_of_a_topic_is_no_quote() {
    let mut stage = Stage::open().await;
    let root = json!({"message_id": 55, "chat": {"id": CHOIR}, "from": {"id": 7}, "forum_topic_created": {"name": "Solo"}});
    let first = json!({"text": "hello topic", "reply_to_message": root});
    let second = json!({"text": "to somebody", "reply_to_message": {"message_id": 25, "chat": {"id": CHOIR}, "from": {"id": 7}, "text": "x"}});
    stage.messages([
        with(in_topic(25, 55), &first),
        with(in_topic(26, 55), &second),
    ]);
    let stored = stage.stored(format!("{CHOIR}/55")).await;
    assert_field(&stored[0], "reply_to", json!(null));
    assert_field(&stored[1], "reply_to", format!("{CHOIR}:25"));
}

/// Threads of answers have numbers as well, in groups without topics.
#[tokio::test]
async fn a_thread_of_answers_is_no_topic() {
    let mut stage = Stage::open().await;
    stage.messages([with(
        in_group(30, CHOIR),
        &json!({"text": "in a thread", "message_thread_id": 12}),
    )]);
    assert_eq!(stage.peers().await, [CHOIR.to_string()]);
}

/// The user in `from` stands for many; who it was says `sender_chat`.
#[tokio::test]
async fn who_writes_in_the_name_of_a_chat_is_that_chat() {
    let mut stage = Stage::open().await;
    let choir = json!({"id": CHOIR, "title": "Choir", "type": "supergroup"});
    let alerts = json!({"id": ALERTS, "title": "Alerts", "type": "channel"});
    let rows = [
        (
            "an anonymous admin",
            json!({"from": {"id": 1_087_968_824, "is_bot": true, "first_name": "Group"},
            "sender_chat": choir, "text": "as admin"}),
            CHOIR,
        ),
        (
            "a linked channel",
            json!({"from": {"id": 777_000, "first_name": "Telegram"}, "sender_chat": alerts,
            "is_automatic_forward": true, "text": "from the channel"}),
            ALERTS,
        ),
        (
            "a member as their channel",
            json!({"from": {"id": 136_817_688, "is_bot": true, "first_name": "Channel"},
            "sender_chat": {"id": -1_005, "title": "Bia's", "type": "channel"}, "text": "as a channel"}),
            -1_005,
        ),
    ];
    let messages: Vec<_> = (34..)
        .zip(&rows)
        .map(|(id, (_, more, _))| with(in_group(id, CHOIR), more))
        .collect();
    stage.messages(messages);
    let stored = stage.stored(CHOIR).await;
    let mut findings = Findings::default();
    for ((row, _, sender), message) in rows.iter().zip(&stored) {
        findings.check(row, message, &json!({"sender": sender.to_string()}));
    }
    findings.end();
}

#[tokio::test]
async fn posts_of_a_channel_are_kept() {
    let mut stage = Stage::open().await;
    let alerts = json!({"id": ALERTS, "title": "Alerts", "type": "channel"});
    let post = |text: &str| json!({"message_id": 6, "date": 0, "chat": alerts, "sender_chat": alerts, "text": text});
    stage.updates([
        json!({"channel_post": post("disk full")}),
        json!({"edited_channel_post": post("disk fine")}),
    ]);
    let stored = stage.stored(ALERTS).await;
    assert_eq!(stored.len(), 1, "{stored:?}");
    let expected = json!({"peer": ALERTS.to_string(), "sender": null, "text": "disk fine", "edits.0.text": "disk full"});
    assert_fields(&stored[0], &expected);
}

/// The allow-list names the id of before, in every order in which the two groups tell of it.
#[tokio::test]
async fn a_group_with_a_new_id_goes_on() {
    let (before, now) = (-4123, -1_001_557_912_345_i64);
    let to = with(in_group(32, before), &json!({"migrate_to_chat_id": now}));
    let from = with(in_group(1, now), &json!({"migrate_from_chat_id": before}));
    let caio = json!({"from": {"id": 99, "first_name": "Caio"}, "text": "we are a supergroup now"});
    for tells in [vec![to.clone()], vec![from.clone()], vec![to, from]] {
        let mut stage = Stage::with(&[("TELEGRAM_ALLOW_FROM", "-4123")], &[]).await;
        stage.messages([with(
            in_group(31, before),
            &json!({"text": "still a group"}),
        )]);
        stage.messages(tells);
        stage.messages([with(in_group(33, now), &caio)]);
        let stored = stage.stored(now).await;
        let is_heard = stored
            .iter()
            .any(|one| one["text"] == "we are a supergroup now");
        assert!(is_heard, "{stored:?}");
        // What is sent to the old id follows.
        let sent = stage.send("-4123", json!({"text": "hello all"})).await;
        assert_field(&sent, "state", "sent");
        assert_field(&stage.fake.saw("/sendMessage").body, "chat_id", now);
    }
}

/// The service tells of the new id only when something is sent to the old one.
#[tokio::test]
async fn a_message_to_the_old_id_of_a_group_follows() {
    let now = -1_001_557_912_345_i64;
    let mut stage = Stage::open().await;
    let moved = json!({"ok": false, "error_code": 400, "parameters": {"migrate_to_chat_id": now},
        "description": "Bad Request: group chat was upgraded to a supergroup chat"});
    stage.script("sendMessage", [Reply::Json(400, moved)]);
    let sent = stage.send("-4123", json!({"text": "hello all"})).await;
    assert_field(&sent, "state", "sent");
    assert_field(&stage.fake.saw("/sendMessage").body, "chat_id", -4123);
    assert_field(&stage.fake.saw("/sendMessage").body, "chat_id", now);
    stage.send("-4123", json!({"text": "again"})).await;
    assert_field(&stage.fake.saw("/sendMessage").body, "chat_id", now);
}

/// A number means another message in another chat.
#[tokio::test]
async fn an_answer_to_another_chat_is_refused() {
    let mut stage = Stage::open().await;
    stage.messages([with(in_group(42, -4123), &json!({"text": "old"}))]);
    let asked = stage.stored(-4123).await[0]["message_id"].clone();
    let payload = super::payload("-1001557912345", &json!({"text": "x", "reply_to": asked}));
    if let Ok(failed) = stage.client.call("send", &payload).await {
        assert_field(&failed, "state", "failed");
    }
    assert!(stage.fake.never_saw("/sendMessage"));
}

#[tokio::test]
async fn every_spelling_of_a_place_is_understood() {
    let mut stage = Stage::open().await;
    let mut findings = Findings::default();
    for (to, expected) in [
        (
            "telegram:42",
            json!({"chat_id": 42, "message_thread_id": null}),
        ),
        ("tg:42", json!({"chat_id": 42})),
        (
            "group:-1003786508776",
            json!({"chat_id": -1_003_786_508_776_i64}),
        ),
        (
            "-1003786508776:topic:285",
            json!({"chat_id": -1_003_786_508_776_i64, "message_thread_id": 285}),
        ),
        (
            "-1003786508776/285",
            json!({"chat_id": -1_003_786_508_776_i64, "message_thread_id": 285}),
        ),
        ("@choirclub", json!({"chat_id": "@choirclub"})),
    ] {
        let sent = stage.send(to, json!({"text": "a"})).await;
        findings.check(to, &sent, &json!({"state": "sent"}));
        findings.check(to, &stage.fake.saw("/sendMessage").body, &expected);
    }
    findings.end();
}

/// The topic was deleted while the answer waited.
#[tokio::test]
async fn an_answer_to_a_topic_that_is_gone_is_not_lost_in_silence() {
    let mut stage = Stage::open().await;
    stage.messages([with(in_topic(39, 55), &json!({"text": "old topic"}))]);
    let peer = format!("{CHOIR}/55");
    let asked = stage.stored(&peer).await[0]["message_id"].clone();
    let gone = || refusal(400, "Bad Request: message thread not found");
    stage.script("sendMessage", [gone(), gone(), gone()]);
    let sent = stage
        .send(&peer, json!({"text": "late answer", "reply_to": asked}))
        .await;
    let id = sent["message_id"].clone();
    let message = crate::support::message(&mut stage.client, &id).await;
    let is_told = message["error"]
        .as_str()
        .is_some_and(|error| error.contains("topic"));
    assert!(message["state"] == "sent" || is_told, "{message}");
}

/// The bot gets both sides of the chats of a business account.
#[tokio::test]
async fn chats_of_a_business_account_are_kept_apart() {
    let mut stage = Stage::open().await;
    let customer = with(
        private(5, 42),
        &json!({"text": "is it open?", "business_connection_id": "bc1"}),
    );
    let owner = with(
        customer.clone(),
        &json!({"message_id": 6, "from": {"id": 7, "first_name": "Owner"}, "text": "until six"}),
    );
    stage.updates([
        json!({"business_message": customer}),
        json!({"business_message": owner}),
    ]);
    let peers = stage.peers().await;
    assert_eq!(peers.len(), 1, "{peers:?}");
    assert_ne!(peers[0], "42");
    let stored = stage.stored(&peers[0]).await;
    assert_fields(
        &stored[0],
        &json!({"text": "is it open?", "meta.own": null}),
    );
    assert_fields(&stored[1], &json!({"text": "until six", "meta.own": true}));
    let asked = stored[0]["message_id"].clone();
    stage
        .send(&peers[0], json!({"text": "yes", "reply_to": asked}))
        .await;
    let body = stage.fake.saw("/sendMessage").body;
    assert_fields(
        &body,
        &json!({"chat_id": 42, "business_connection_id": "bc1"}),
    );
}
