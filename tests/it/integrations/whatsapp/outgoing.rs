//! What is sent, as each server takes it.

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{
    servers::{Told, WhatsappFake},
    stage::{ANA, MEMBER, Setup, Stage},
};
use crate::support::{assert_field, message, wrong_fields};

/// What is sent, with the fields of a message, and the words that the server takes with it.
fn kinds_of_sends() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("text", json!({"text": "hello"}), "hello"),
        (
            "image",
            json!({"text": "look", "media": {"kind": "image", "url": "https://a.example/a.png", "mime": "image/png"}}),
            "look",
        ),
        (
            "location",
            json!({"kind": "location", "content": {"lat": -23.5, "lng": -46.6, "name": "Praça"}}),
            "Praça",
        ),
        (
            "contact",
            json!({"kind": "contact", "content": [{"name": "Bia", "phones": ["+5511955554444"], "emails": []}]}),
            "Bia",
        ),
        (
            "poll",
            json!({"kind": "poll", "content": {"question": "When?", "options": ["today", "tomorrow"]}}),
            "When?",
        ),
    ]
}

/// Every kind goes out by its call, answers and reactions name their message, and reports move the state.
pub(super) async fn all(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    for (kind, fields, words) in kinds_of_sends() {
        let sent = stage.send(ANA.number, &fields).await;
        let unable = stage.setup.server.unable();
        if let Some((_, why)) = unable.iter().find(|(unable, _)| *unable == kind) {
            let stored = message(&mut stage.client, &sent["message_id"]).await;
            let expected = json!({"state": "failed", "error~": why, "attempts": 1});
            assert!(wrong_fields(&stored, &expected).is_empty(), "{stored}");
            continue;
        }
        assert_field(&sent, "state", "sent");
        let taken = stage.setup.account().sent.last().cloned().expect("taken");
        assert_eq!((taken.what, taken.to.as_str()), (kind, ANA.number));
        // GOWA has no name for a place.
        let is_nameless = kind == "location" && stage.setup.server.server() == "gowa";
        assert!(is_nameless || taken.text == words, "{taken:?}");
    }
    answers_and_reactions(&mut stage).await;
    reports(&mut stage).await;
    let group = stage.send(MEMBER.chat, &json!({"text": "to all"})).await;
    assert_field(&group, "state", "sent");
    assert_eq!(
        stage.setup.account().sent.last().expect("taken").to,
        MEMBER.chat
    );
    unknown_number(&mut stage).await;
    taken_back(&mut stage).await;
}

/// What was sent is deleted under the name that the server gave it.
async fn taken_back(stage: &mut Stage) {
    let sent = stage
        .send(ANA.number, &json!({"text": "to the wrong one"}))
        .await;
    let name = stage
        .setup
        .account()
        .sent
        .last()
        .expect("taken")
        .name
        .clone();
    let asked = json!({"message_id": sent["message_id"]});
    let deleted = stage.client.call("delete", &asked).await.expect("deleted");
    assert!(deleted["deleted_ms"].is_u64(), "{deleted}");
    let taken = stage.setup.account().sent.last().cloned().expect("taken");
    assert_eq!(
        (taken.what, taken.to.as_str(), taken.about),
        ("deletion", ANA.number, name)
    );
}

async fn answers_and_reactions(stage: &mut Stage) {
    stage.message(ANA, "3EB0THEIRS", &json!({"conversation": "theirs"}));
    let theirs = stage.stored().await.pop().expect("stored")["message_id"].clone();
    let sent = stage
        .send(ANA.number, &json!({"text": "yes", "reply_to": theirs}))
        .await;
    assert_field(&sent, "state", "sent");
    let taken = stage.setup.account().sent.last().cloned().expect("taken");
    assert_eq!(
        (taken.text.as_str(), taken.about.as_str()),
        ("yes", "3EB0THEIRS")
    );
    let reaction = json!({"text": "👍", "reply_to": theirs, "reaction": true});
    assert_field(&stage.send(ANA.number, &reaction).await, "state", "sent");
    let taken = stage.setup.account().sent.last().cloned().expect("taken");
    assert_eq!(
        (taken.what, taken.text.as_str(), taken.about.as_str()),
        ("reaction", "👍", "3EB0THEIRS")
    );
    assert_eq!(taken.to, ANA.number);
}

async fn reports(stage: &mut Stage) {
    let sent = stage.send(ANA.number, &json!({"text": "read this"})).await;
    let name = stage
        .setup
        .account()
        .sent
        .last()
        .cloned()
        .expect("taken")
        .name;
    for (what, state) in [
        ("delivered", "delivered"),
        ("read", "read"),
        ("played", "read"),
        ("delivered", "read"),
    ] {
        stage.post(&Told::Receipt {
            id: name.clone(),
            what,
        });
        let now = message(&mut stage.client, &sent["message_id"]).await;
        assert_eq!(now["state"], state, "{what}: {now}");
    }
}

async fn unknown_number(stage: &mut Stage) {
    let failed = stage.send("4915100000404", &json!({"text": "hello"})).await;
    assert_field(&failed, "state", "failed");
    let failed = message(&mut stage.client, &failed["message_id"]).await;
    assert!(
        failed["error"]
            .as_str()
            .is_some_and(|why| why.contains("4915100000404")
                || why.contains("not on WhatsApp")
                || why.contains("not registered")),
        "{failed}"
    );
}

/// A file that is kept here is brought to the server.
pub(super) async fn files(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let png = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x0a\0\0\0\x14 and more";
    let media =
        json!({"kind": "image", "data": BASE64.encode(png), "mime": "image/png", "name": "a.png"});
    let sent = stage
        .send(ANA.number, &json!({"text": "look", "media": media}))
        .await;
    assert_field(&sent, "state", "sent");
    let taken = stage.setup.account().sent.last().cloned().expect("taken");
    assert_eq!(
        (taken.what, taken.text.as_str(), taken.to.as_str()),
        ("image", "look", ANA.number)
    );
}

/// The server takes the message and its answer is lost: where messages can be searched it is found, and
/// nothing is sent twice.
pub(super) async fn lost_answer(server: impl WhatsappFake) {
    let setup = Setup::losing(server);
    let searches = setup.server.searches();
    let mut stage = Stage::on(setup).await;
    stage.running().await;
    let sent = stage.send(ANA.number, &json!({"text": "only once"})).await;
    if searches {
        assert_field(&sent, "state", "sent");
        assert_eq!(stage.setup.account().sent.len(), 1);
    } else {
        let now = message(&mut stage.client, &sent["message_id"]).await;
        assert!(
            now["attempts"]
                .as_u64()
                .is_some_and(|attempts| attempts >= 1),
            "{now}"
        );
    }
}

/// That we write and that we read, where the server can show it.
pub(super) async fn indicators(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let typing = json!({"channel": "whatsapp", "to": ANA.number});
    let shown = stage.client.call("typing", &typing).await.expect("taken");
    assert_field(&shown, "shown", true);
    let server = stage.setup.server.server();
    let path = match server {
        "evolution" => "/chat/sendPresence/Cleudocode",
        "evolution-go" => "/message/presence",
        "gowa" => "/send/chat-presence",
        "waha" => "/api/startTyping",
        _ => "/chat/presence",
    };
    let asked = stage.setup.fake.saw(path);
    assert!(asked.text.contains(ANA.number), "{}", asked.text);
    let read_path = |id: &str| match server {
        "evolution" => "/chat/markMessageAsRead/Cleudocode".to_owned(),
        "evolution-go" => "/message/markread".to_owned(),
        "gowa" => format!("/message/{id}/read"),
        "waha" => "/api/sendSeen".to_owned(),
        _ => "/chat/markread".to_owned(),
    };
    for (author, peer, id) in [
        (MEMBER, MEMBER.chat, "3EB0INGROUP"),
        (ANA, ANA.number, "3EB0UNREAD"),
    ] {
        stage.message(author, id, &json!({"conversation": "read me"}));
        let read = json!({"channel": "whatsapp", "peer": peer});
        stage.client.call("read", &read).await.expect("read");
        if author.is_group() && !stage.setup.server.reads_groups() {
            continue;
        }
        // Where groups are not told, the first that is told is the person's.
        let asked = stage.setup.fake.saw(&read_path(id));
        let is_named = asked.path.contains(id) || asked.text.contains(id);
        assert!(is_named && asked.text.contains(peer), "{}", asked.text);
    }
}
