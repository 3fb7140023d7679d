//! Posts of every event, and what is stored then.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use serde_json::{Value, json};

use super::{ANA, ME, Stage, jid};
use crate::{
    integrations::Report,
    message::{Direction, Kind, Message},
};

const LID: &str = "103899771998284@lid";

#[tokio::test]
async fn a_stranger_with_an_empty_participant_is_asked_to_pair() {
    let stage = Stage::new("");
    stage.message("A", json!({"conversation": "hi"})).await;
    let answer = stage.only();
    assert_eq!(
        (answer.direction, answer.peer.as_str()),
        (Direction::Out, ANA)
    );
    assert_eq!(stage.pairings.pending()[0].sender, ANA);
}

#[tokio::test]
async fn a_number_and_its_hidden_id_are_one_peer_from_the_first_time_they_come_together() {
    let stage = Stage::new(ANA);
    stage
        .upsert(
            json!({"id": "A", "remoteJid": LID}),
            json!({"conversation": "who am I"}),
        )
        .await;
    assert_eq!(stage.only().direction, Direction::Out, "a stranger");
    let both = json!({"id": "B", "remoteJid": LID, "remoteJidAlt": jid(ANA), "participant": ""});
    stage
        .upsert(both, json!({"conversation": "it is me"}))
        .await;
    stage
        .upsert(
            json!({"id": "C", "remoteJid": LID}),
            json!({"conversation": "again"}),
        )
        .await;
    let all = stage.stored();
    let peers: Vec<&str> = all[1..].iter().map(|one| one.peer.as_str()).collect();
    assert_eq!(peers, [ANA, ANA]);
    for one in &all[1..] {
        assert_eq!(one.meta.as_ref().expect("kept")["address"], LID);
    }
}

#[tokio::test]
async fn a_list_may_name_the_hidden_id() {
    let stage = Stage::new(LID);
    stage
        .upsert(
            json!({"id": "A", "remoteJid": jid(ANA), "remoteJidAlt": LID}),
            json!({"conversation": "hi"}),
        )
        .await;
    assert_eq!(stage.only().text, "hi");
}

#[tokio::test]
async fn the_same_message_by_number_and_by_hidden_id_is_one() {
    let stage = Stage::new("*");
    for remote in [jid(ANA), LID.to_owned(), format!("{ANA}:7@s.whatsapp.net")] {
        stage
            .upsert(
                json!({"id": "A", "remoteJid": remote}),
                json!({"conversation": "once"}),
            )
            .await;
    }
    assert_eq!(stage.only().text, "once");
}

#[tokio::test]
async fn nothing_that_anyone_said_vanishes_and_nothing_else_is_stored() {
    let stage = Stage::new("*");
    stage.message("A", json!({})).await;
    stage.message("B", json!({"messageOfTomorrow": {}})).await;
    stage
        .message(
            "C",
            json!({"senderKeyDistributionMessage": {}, "messageContextInfo": {}}),
        )
        .await;
    stage.message("D", Value::Null).await;
    let once = json!({"id": "E", "remoteJid": jid(ANA), "isViewOnce": true});
    stage.upsert(once, Value::Null).await;
    let types: Vec<_> = stage
        .stored()
        .into_iter()
        .map(|one| one.content.expect("one")["type"].clone())
        .collect();
    assert_eq!(types, ["empty", "messageOfTomorrow", "viewOnceMessage"]);
    let log = stage.log();
    assert!(
        log.contains("messageOfTomorrow") && log.contains("senderKeyDistributionMessage"),
        "{log}"
    );
}

#[tokio::test]
async fn stories_and_lists_are_no_conversations_and_newsletters_only_read() {
    let stage = Stage::new(ANA);
    let zap = json!({"conversation": "/zap 5521900001111 hi"});
    for (id, remote) in [
        ("S", "status@broadcast"),
        ("L", "5511@broadcast"),
        ("N", "1203@newsletter"),
    ] {
        let key = json!({"id": id, "remoteJid": remote, "participant": jid(ANA)});
        stage.upsert(key, zap.clone()).await;
    }
    let post = stage.only();
    assert_eq!((post.peer.as_str(), post.sender), ("1203@newsletter", None));
    assert!(stage.pairings.pending().is_empty());
}

#[tokio::test]
async fn our_own_messages_have_no_name_and_stay_with_the_other_side() {
    let stage = Stage::new("");
    let me = jid(ME);
    for (id, remote, alt) in [
        ("A", jid(ANA), ""),
        ("B", LID.to_owned(), me.as_str()),
        ("C", me.clone(), ""),
    ] {
        let key = json!({"id": id, "remoteJid": remote, "remoteJidAlt": alt, "fromMe": true});
        stage.upsert(key, json!({"conversation": id})).await;
    }
    let all = stage.stored();
    let peers: Vec<&str> = all.iter().map(|one| one.peer.as_str()).collect();
    assert_eq!(peers, [ANA, LID, ME]);
    for one in &all {
        let meta = one.meta.as_ref().expect("kept");
        assert_eq!((&meta["own"], &meta["name"]), (&json!(true), &Value::Null));
    }
}

#[tokio::test]
async fn a_command_from_our_own_phone_is_noted_as_one() {
    let stage = Stage::new("");
    for (id, text) in [("A", "/pause"), ("B", "hi /pause")] {
        let key = json!({"id": id, "remoteJid": jid(ANA), "fromMe": true});
        stage.upsert(key, json!({"conversation": text})).await;
    }
    let command = |one: &Message| one.meta.as_ref().expect("kept")["command"].clone();
    let all: Vec<Value> = stage.stored().iter().map(command).collect();
    assert_eq!(all, [json!("pause"), Value::Null]);
}

#[tokio::test]
async fn a_call_is_one_message_however_many_steps_it_has() {
    let step = |status: &str| json!({"id": "C1", "from": LID, "callerPn": jid(ANA), "chatId": LID, "status": status, "isVideo": true});
    let stage = Stage::new("*");
    for (status, text) in [
        ("offer", "[video call]"),
        ("ringing", "[video call]"),
        ("relaylatency", "[video call]"),
        ("timeout", "[video call] missed"),
        ("terminate", "[video call] missed"),
    ] {
        stage.post("CALL", step(status)).await;
        let call = stage.only();
        assert_eq!(
            (call.kind, call.text.as_str(), call.peer.as_str()),
            (Kind::Call, text, ANA)
        );
    }
    let group = json!({"id": "C2", "from": jid(ANA), "chatId": "1@g.us", "isGroup": true, "status": "reject"});
    stage.post("call", group).await;
    let call = stage.stored().remove(1);
    assert_eq!(
        (
            call.peer.as_str(),
            call.sender.as_deref(),
            call.text.as_str()
        ),
        ("1@g.us", Some(ANA), "[call] rejected")
    );
}

#[tokio::test]
async fn votes_of_older_versions_are_one_message_a_voter() {
    let tally = |first: Value, second: Value| {
        json!({"keyId": "P1", "remoteJid": "1@g.us", "fromMe": true,
            "pollUpdates": [{"name": "yes", "voters": first}, {"name": "no", "voters": second}]})
    };
    let stage = Stage::new("*");
    let (ana, bia) = (jid(ANA), jid("5521900001111"));
    stage
        .post("messages.update", tally(json!([ana]), json!([])))
        .await;
    stage
        .post("messages.update", tally(json!([ana, bia]), json!([])))
        .await;
    stage
        .post("messages.update", tally(json!([bia]), json!([ana])))
        .await;
    let all = stage.stored();
    let seen: Vec<_> = all
        .iter()
        .map(|one| (one.sender.as_deref(), one.text.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (Some(ANA), "[vote] no"),
            (Some("5521900001111"), "[vote] yes")
        ]
    );
    assert_eq!(
        all[0].content,
        Some(json!({"poll": "P1", "options": ["no"]}))
    );
}

#[tokio::test]
async fn a_quote_and_a_forward_are_told_beside_the_content() {
    let stage = Stage::new("*");
    let data = json!({"key": {"id": "A", "remoteJid": jid(ANA)}, "message": {"conversation": "yes"},
        "contextInfo": {"stanzaId": "Q1", "isForwarded": true}});
    stage.post("messages.upsert", data).await;
    let one = stage.only();
    assert_eq!(one.reply_to.as_deref(), Some("Q1"));
    assert_eq!(one.meta.expect("kept")["forwarded"], true);
}

#[tokio::test]
async fn a_post_of_any_shape_is_taken() {
    let stage = Stage::new("*");
    for event in [
        "messages.upsert",
        "messages.update",
        "messages.edited",
        "messages.delete",
        "call",
        "presence.update",
        "connection.update",
        "qrcode.updated",
        "",
        "error",
    ] {
        for data in [
            Value::Null,
            json!([]),
            json!("x"),
            json!({}),
            json!([null, 7]),
            json!({"key": "x"}),
            json!({"key": {"id": 7}}),
            json!({"key": {"id": "A", "remoteJid": ""}, "message": 7}),
        ] {
            stage.post(event, data).await;
        }
    }
    assert!(stage.stored().is_empty(), "{:?}", stage.stored());
}

#[tokio::test]
async fn the_channel_works_only_while_the_instance_is_open() {
    let stage = Stage::new("*");
    let (alive, impaired) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let counts = (Arc::clone(&alive), Arc::clone(&impaired));
    stage.attend(move |report| match report {
        Report::Alive => drop(counts.0.fetch_add(1, Ordering::Relaxed)),
        Report::Impaired(trouble) => {
            assert!(trouble.why.contains("not connected"), "{}", trouble.why);
            counts.1.fetch_add(1, Ordering::Relaxed);
        }
        Report::Away(_) => panic!("it is no bridge"),
    });
    let seen = || {
        (
            alive.load(Ordering::Relaxed),
            impaired.load(Ordering::Relaxed),
        )
    };
    let told = |state: &str| json!({"instance": "Cleudocode", "state": state, "statusReason": 200});
    stage.post("connection.update", told("connecting")).await;
    assert_eq!(seen(), (0, 1));
    stage
        .post("qrcode.updated", json!({"qrcode": {"code": "2@x"}}))
        .await;
    assert_eq!(seen(), (0, 1), "a code is no trouble");
    stage.post("connection.update", told("open")).await;
    assert_eq!(seen(), (1, 1));
    stage
        .post(
            "qrcode.updated",
            json!({"message": "QR code limit reached", "statusCode": 500}),
        )
        .await;
    stage.post("connection.update", told("refused")).await;
    assert_eq!(seen(), (1, 3));
}
