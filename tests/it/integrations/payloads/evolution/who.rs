//! Whose a message is and in which conversation: numbers, hidden ids, groups, what is no person at all.

use serde_json::{Value, json};

use super::{ANA, ANA_JID, ANA_LID, CHOIR, Findings, Stage, keyed, text};
use crate::support::{assert_field, assert_fields};

const ONLY_ANA: [(&str, &str); 1] = [("WHATSAPP_ALLOW_FROM", ANA)];
const NOBODY: [(&str, &str); 1] = [("WHATSAPP_ALLOW_FROM", "")];

async fn pending(stage: &mut Stage) -> Vec<Value> {
    let listed = stage.client.call("pairing", &json!({})).await;
    let listed = listed.expect("listed");
    listed["pending"].as_array().expect("a list").clone()
}

/// One person is one conversation, however the service names them; the list holds the number alone.
#[tokio::test]
async fn every_name_of_a_person_is_one_peer() {
    let mut stage = Stage::with(&ONLY_ANA).await;
    let hello = json!({"conversation": "hello"});
    for (number, key) in [
        json!({"remoteJid": ANA_LID, "remoteJidAlt": ANA_JID, "addressingMode": "lid", "participant": ""}),
        json!({"remoteJid": ANA_JID, "remoteJidAlt": ANA_LID}),
        json!({"remoteJid": ANA_LID, "senderPn": ANA_JID}),
        json!({"remoteJid": "5511987654321:12@s.whatsapp.net", "participant": ""}),
        json!({"remoteJid": "5511987654321@hosted"}),
        json!({"remoteJid": "5511987654321@c.us"}),
        // The number is remembered, so that the hidden id alone is enough.
        json!({"remoteJid": ANA_LID}),
        json!({"remoteJid": "103899771998284:3@lid"}),
        json!({"remoteJid": "103899771998284@hosted.lid", "remoteJidAlt": ""}),
    ]
    .into_iter()
    .enumerate()
    {
        let mut key = key;
        key["id"] = json!(format!("N{number}"));
        stage.post("messages.upsert", &keyed(key.clone(), &hello));
        let count = stage.stored(ANA).await.len();
        assert_eq!(count, number + 1, "{key}");
    }
    assert_eq!(stage.peers().await, [ANA]);
    assert!(pending(&mut stage).await.is_empty());
    for message in stage.stored(ANA).await {
        assert_fields(&message, &json!({"sender": null, "meta.name": "Ana Lima"}));
    }
}

#[tokio::test]
async fn whoever_hides_the_number_is_answered_by_the_hidden_id() {
    let mut stage = Stage::open().await;
    stage.post("messages.upsert", &text("A", ANA_LID, "Oi"));
    let stored = stage.stored(ANA_LID).await;
    assert_fields(
        &stored[0],
        &json!({"peer": ANA_LID, "text": "Oi", "meta.name": "Ana Lima"}),
    );
    let sent = stage
        .send(
            ANA_LID,
            json!({"text": "olá", "reply_to": stored[0]["message_id"]}),
        )
        .await;
    assert_field(&sent, "state", "sent");
    let asked = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_fields(&asked, &json!({"number": ANA_LID, "quoted.key.id": "A"}));
}

/// A list that names the hidden id lets the same person in by the number as well.
#[tokio::test]
async fn a_list_may_hold_the_hidden_id() {
    let mut stage = Stage::with(&[("WHATSAPP_ALLOW_FROM", ANA_LID)]).await;
    let key = json!({"id": "A", "remoteJid": ANA_JID, "remoteJidAlt": ANA_LID});
    stage.post(
        "messages.upsert",
        &keyed(key, &json!({"conversation": "hi"})),
    );
    assert_eq!(stage.stored(ANA).await.len(), 1);
}

#[tokio::test]
async fn members_of_groups_are_known_by_their_numbers() {
    let mut stage = Stage::open().await;
    let mut findings = Findings::default();
    for (number, (row, key, sender)) in [
        ("a number", json!({"participant": ANA_JID}), ANA),
        (
            "a number beside",
            json!({"participant": ANA_LID, "participantAlt": ANA_JID}),
            ANA,
        ),
        (
            "a number by its older name",
            json!({"participant": "77@lid", "participantPn": "5522@s.whatsapp.net"}),
            "5522",
        ),
        (
            "a number by another",
            json!({"participant": "78@lid", "senderPn": "5533@s.whatsapp.net"}),
            "5533",
        ),
        (
            "a device",
            json!({"participant": "5511987654321:4@s.whatsapp.net"}),
            ANA,
        ),
        (
            "a hidden id that is remembered",
            json!({"participant": ANA_LID}),
            ANA,
        ),
        (
            "a hidden id alone",
            json!({"participant": "79@lid"}),
            "79@lid",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let mut key = key;
        key["id"] = json!(format!("G{number}"));
        key["remoteJid"] = json!(CHOIR);
        key["fromMe"] = json!(false);
        stage.post(
            "messages.upsert",
            &keyed(key, &json!({"conversation": "hi"})),
        );
        let stored = stage.stored(CHOIR).await;
        let newest = stored.last().cloned().unwrap_or_default();
        findings.check(row, &newest, &json!({"peer": CHOIR, "sender": sender}));
        assert_eq!(stored.len(), number + 1, "{row}");
    }
    findings.end();
    assert_eq!(stage.peers().await, [CHOIR]);
}

/// `participant` is an empty text in chats of two: that is nobody, and no sender.
#[tokio::test]
async fn a_stranger_with_an_empty_participant_is_offered_a_code() {
    let mut stage = Stage::with(&NOBODY).await;
    let key = json!({"id": "A", "remoteJid": ANA_JID, "fromMe": false, "participant": ""});
    let hi = json!({"conversation": "hi, it is Ana"});
    stage.post("messages.upsert", &keyed(key, &hi));
    let asked = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_field(&asked, "number", ANA);
    let pending = pending(&mut stage).await;
    assert_eq!(pending.len(), 1, "{pending:?}");
    assert_field(&pending[0], "sender", ANA);
    assert!(
        stage
            .stored(ANA)
            .await
            .iter()
            .all(|one| one["direction"] == "out")
    );
}

#[tokio::test]
async fn a_command_of_a_person_with_an_empty_participant_is_obeyed() {
    let stage = Stage::with(&ONLY_ANA).await;
    let key = json!({"id": "A", "remoteJid": ANA_JID, "fromMe": false, "participant": ""});
    let zap = json!({"conversation": "/zap 5521900001111 hi"});
    stage.post("messages.upsert", &keyed(key, &zap));
    let sent = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_eq!(sent, json!({"number": "5521900001111", "text": "hi"}));
    let told = stage.fake.saw("/message/sendText/Cleudocode").body;
    assert_fields(
        &told,
        &json!({"number": ANA, "text": "Enviada para 5521900001111."}),
    );
}

/// Stories and the posts of channels are no people: nothing is offered to them and nothing obeyed.
#[tokio::test]
async fn what_is_no_person_is_neither_paired_nor_answered() {
    let newsletter = "120363144038483540@newsletter";
    let zap = json!({"conversation": "/zap 5521900001111 hi all"});
    let story =
        |jid: &str| json!({"id": "S", "remoteJid": jid, "fromMe": false, "participant": ANA_JID});
    for settings in [NOBODY, ONLY_ANA, [("WHATSAPP_ALLOW_FROM", "*")]] {
        let mut stage = Stage::with(&settings).await;
        for jid in ["status@broadcast", "1699999999@broadcast"] {
            stage.post("messages.upsert", &keyed(story(jid), &zap));
        }
        stage.post(
            "messages.upsert",
            &keyed(
                json!({"id": "N", "remoteJid": newsletter, "fromMe": false}),
                &zap,
            ),
        );
        assert!(pending(&mut stage).await.is_empty(), "{settings:?}");
        // What would have been sent had gone out before this.
        stage
            .send("491510000001", json!({"text": "the only one"}))
            .await;
        let first = stage.fake.saw("/message/sendText/Cleudocode").body;
        assert_field(&first, "text", "the only one");
        let peers = stage.peers().await;
        assert!(
            peers.iter().all(|peer| !peer.ends_with("@broadcast")),
            "{peers:?}"
        );
    }
}

#[tokio::test]
async fn channels_can_be_read_and_written_to_and_stories_cannot() {
    let newsletter = "120363144038483540@newsletter";
    let mut stage = Stage::open().await;
    let news = json!({"conversation": "Breaking news"});
    stage.post(
        "messages.upsert",
        &keyed(
            json!({"id": "N", "remoteJid": newsletter, "fromMe": false}),
            &news,
        ),
    );
    let stored = stage.stored(newsletter).await;
    assert_eq!(stored[0]["text"], "Breaking news", "{stored:?}");
    let sent = stage.send(newsletter, json!({"text": "thank you"})).await;
    assert_field(&sent, "state", "sent");
    assert_field(
        &stage.fake.saw("/message/sendText/Cleudocode").body,
        "number",
        newsletter,
    );
    let payload =
        json!({"channel": "whatsapp", "to": "status@broadcast", "text": "oops", "wait": true});
    if let Ok(refused) = stage.client.call("send", &payload).await {
        assert_field(&refused, "state", "failed");
    }
    assert!(stage.fake.never_saw("/message/sendText/Cleudocode"));
}

/// The account's own messages carry its own name, which is not that of the other side.
#[tokio::test]
async fn own_messages_do_not_rename_a_conversation() {
    let mut stage = Stage::open().await;
    stage.post("messages.upsert", &text("O1", ANA_JID, "hi"));
    let own = json!({"key": {"id": "O2", "remoteJid": ANA_JID, "fromMe": true}, "pushName": "Você",
        "message": {"conversation": "hello Ana"}});
    stage.post("messages.upsert", &own);
    let page = stage.client.call("conversations", &json!({})).await;
    assert_field(
        &page.expect("a page")["conversations"][0],
        "name",
        "Ana Lima",
    );
    let stored = stage.stored(ANA).await;
    assert_fields(&stored[1], &json!({"text": "hello Ana", "meta.own": true}));
    // A note to oneself.
    let me = "5511900000000@s.whatsapp.net";
    let note = json!({"key": {"id": "SC1", "remoteJid": me, "fromMe": true, "participant": ""}, "pushName": "Eu",
        "message": {"conversation": "note to self"}});
    stage.post("messages.upsert", &note);
    let stored = stage.stored("5511900000000").await;
    assert_fields(
        &stored[0],
        &json!({"text": "note to self", "meta.own": true}),
    );
}

/// With `webhookByEvents` the service appends the event's name to the address it was given.
#[tokio::test]
async fn an_event_may_be_in_the_address() {
    let mut stage = Stage::open().await;
    let body = json!({"event": "messages.upsert", "instance": "Cleudocode", "data": text("A", ANA_JID, "by events")});
    let status = stage.status_of("/webhooks/whatsapp/messages-upsert", &body);
    assert_eq!(status, 200);
    assert_eq!(stage.stored(ANA).await[0]["text"], "by events");
}
