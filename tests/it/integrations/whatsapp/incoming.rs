//! What people do, as each server posts it, and what is stored of it.

use serde_json::{Value, json};

use super::{
    servers::{Told, WhatsappFake},
    stage::{ANA, MEMBER, OURSELVES, Stage},
};
use crate::support::{event_where, next_event, wrong_fields};

const CARD: &str = "BEGIN:VCARD\nVERSION:3.0\nFN:Bia\nTEL;type=CELL;waid=5511955554444:+55 11 95555-4444\nEND:VCARD";

/// The name of a kind, its content as the protocol has it, and what is stored of it.
fn kinds_of_messages() -> Vec<(&'static str, Value, Value)> {
    let file = |mime: &str| {
        json!({"url": "https://mmg.whatsapp.net/x.enc", "mimetype": mime, "mediaKey": "AAAA",
        "directPath": "/v/x", "fileSha256": "BBBB", "fileEncSha256": "CCCC", "fileLength": 11})
    };
    let with = |mime: &str, more: Value| {
        let mut file = file(mime);
        for (name, value) in more.as_object().expect("fields") {
            file[name] = value.clone();
        }
        file
    };
    vec![
        (
            "text",
            json!({"conversation": "hello"}),
            json!({"kind": null, "text": "hello"}),
        ),
        (
            "answer",
            json!({"extendedTextMessage": {"text": "yes", "contextInfo": {"stanzaId": "3EB0BEFORE",
                "participant": "5511900000000@s.whatsapp.net", "quotedMessage": {"conversation": "?"}}}}),
            json!({"kind": null, "text": "yes", "reply_to": "3EB0BEFORE"}),
        ),
        (
            "image",
            json!({"imageMessage": with("image/jpeg", json!({"caption": "this one"}))}),
            json!({"kind": "image", "text": "this one"}),
        ),
        (
            "voice",
            json!({"audioMessage": with("audio/ogg; codecs=opus", json!({"ptt": true, "seconds": 3}))}),
            json!({"kind": "voice", "text": "[voice]"}),
        ),
        (
            "video",
            json!({"videoMessage": file("video/mp4")}),
            json!({"kind": "video"}),
        ),
        (
            "document",
            json!({"documentMessage": with("application/pdf", json!({"fileName": "may.pdf", "caption": "May"}))}),
            json!({"kind": "document", "text": "May", "media.name": "may.pdf"}),
        ),
        (
            "sticker",
            json!({"stickerMessage": file("image/webp")}),
            json!({"kind": "sticker"}),
        ),
        (
            "location",
            json!({"locationMessage": {"degreesLatitude": -23.5, "degreesLongitude": -46.6, "name": "Praça"}}),
            json!({"kind": "location", "content.lat": -23.5, "content.lng": -46.6, "content.name": "Praça"}),
        ),
        (
            "contact",
            json!({"contactMessage": {"displayName": "Bia", "vcard": CARD}}),
            json!({"kind": "contact", "text~": "Bia"}),
        ),
        (
            "poll",
            json!({"pollCreationMessage": {"name": "When?", "options": [{"optionName": "today"}, {"optionName": "tomorrow"}]}}),
            json!({"kind": "poll", "content.question": "When?"}),
        ),
        (
            "choice",
            json!({"buttonsResponseMessage": {"selectedButtonId": "b1", "selectedDisplayText": "Yes"}}),
            json!({"kind": "choice", "text": "Yes"}),
        ),
        (
            "wrapped",
            json!({"ephemeralMessage": {"message": {"conversation": "gone soon"}}}),
            json!({"kind": null, "text": "gone soon"}),
        ),
        (
            "reaction",
            json!({"reactionMessage": {"key": {"remoteJid": ANA.chat, "fromMe": true, "id": "3EB0BEFORE"}, "text": "👍"}}),
            json!({"kind": "reaction", "text": "👍", "content.to": "3EB0BEFORE"}),
        ),
        (
            "reaction taken back",
            json!({"reactionMessage": {"key": {"remoteJid": ANA.chat, "fromMe": true, "id": "3EB0BEFORE"}, "text": ""}}),
            json!({"kind": "reaction", "content.emoji": ""}),
        ),
    ]
}

/// Each kind from Ana, then what is done to a message, groups and our own from the phone.
pub(super) async fn kinds(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let otherwise = stage.setup.server.told_otherwise();
    let mut wrong = Vec::new();
    for (kind, message, expected) in kinds_of_messages() {
        let id = format!("3EB0{}", kind.to_ascii_uppercase().replace(' ', ""));
        stage.message(ANA, &id, &message);
        let stored = stage.stored().await;
        let last = stored.last().cloned().unwrap_or_default();
        let other = otherwise.iter().find(|(known, _)| *known == kind);
        let expected = other.map_or(&expected, |(_, other)| other);
        for found in wrong_fields(&last, expected) {
            wrong.push(format!("{kind}: {found} in {last}"));
        }
        for found in wrong_fields(
            &last,
            &json!({"peer": ANA.number, "meta.id": id, "meta.name": "Ana Lima"}),
        ) {
            wrong.push(format!("{kind}: {found} in {last}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    revisions(&mut stage).await;
    groups(&mut stage).await;
    own(&mut stage).await;
    typing(&stage).await;
}

async fn revisions(stage: &mut Stage) {
    let before = stage.stored().await.len();
    let key = |id: &str| json!({"remoteJid": ANA.chat, "fromMe": false, "id": id});
    let edit = json!({"protocolMessage": {"type": "MESSAGE_EDIT", "key": key("3EB0TEXT"),
        "editedMessage": {"conversation": "hello again"}}});
    stage.message(ANA, "3EB0EDIT", &edit);
    let gone = json!({"protocolMessage": {"type": "REVOKE", "key": key("3EB0VIDEO")}});
    stage.message(ANA, "3EB0GONE", &gone);
    let stored = stage.stored().await;
    assert_eq!(stored.len(), before);
    let of = |id: &str| {
        stored
            .iter()
            .find(|one| one["meta"]["id"] == id)
            .expect("there")
    };
    assert_eq!(of("3EB0TEXT")["text"], "hello again");
    assert!(
        of("3EB0VIDEO")["deleted_ms"].is_u64(),
        "{}",
        of("3EB0VIDEO")
    );
}

async fn groups(stage: &mut Stage) {
    let naming = json!({"extendedTextMessage": {"text": "@5511900000000 look",
        "contextInfo": {"mentionedJid": ["5511900000000@s.whatsapp.net"]}}});
    stage.message(MEMBER, "3EB0GROUP", &naming);
    let stored = stage.stored().await;
    let last = stored.last().expect("stored");
    let expected = json!({"peer": MEMBER.chat, "sender": ANA.number, "meta.id": "3EB0GROUP"});
    assert!(wrong_fields(last, &expected).is_empty(), "{last}");
    // wuzapi and Evolution Go do not say who we are with a message.
    let knows_us = !["wuzapi", "evolution-go"].contains(&stage.setup.server.server());
    assert_eq!(last["meta"]["mentioned"] == true, knows_us, "{last}");
}

async fn own(stage: &mut Stage) {
    stage.message(
        OURSELVES,
        "3EB0OWN",
        &json!({"conversation": "from my phone"}),
    );
    let stored = stage.stored().await;
    let last = stored.last().expect("stored");
    let expected = json!({"peer": ANA.number, "text": "from my phone", "meta.own": true});
    assert!(wrong_fields(last, &expected).is_empty(), "{last}");
    // The same again is not stored twice.
    stage.message(
        OURSELVES,
        "3EB0OWN",
        &json!({"conversation": "from my phone"}),
    );
    assert_eq!(stage.stored().await.len(), stored.len());
}

async fn typing(stage: &Stage) {
    let mut listener = stage.daemon.listener(&["typing@whatsapp"]).await;
    for (author, peer, sender) in [
        (ANA, ANA.number, Value::Null),
        (MEMBER, MEMBER.chat, json!(ANA.number)),
    ] {
        assert!(stage.post(&Told::Typing(author)));
        let event = next_event(&mut listener).await.payload;
        assert_eq!(
            (&event["peer"], &event["sender"]),
            (&json!(peer), &sender),
            "{event}"
        );
    }
}

/// What is not the server's is refused, and nothing of it stored.
pub(super) async fn proof(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let told = Told::Message {
        author: ANA,
        id: "3EB0FORGED".to_owned(),
        message: json!({"conversation": "forged"}),
    };
    let body = stage.setup.server.body(&told).expect("a message");
    let (path, mut wrong) = {
        let mut account = stage.setup.account();
        let secret = std::mem::replace(&mut account.secret, "another".to_owned());
        let server = &stage.setup.server;
        let wrong = (server.path(&account), server.proof(&account, &body));
        account.secret = secret;
        (wrong.0, vec![wrong.1])
    };
    wrong.push("x-nothing: 1".to_owned());
    for proof in wrong {
        assert_eq!(stage.daemon.post(&path, &proof, &body).0, 403, "{proof}");
    }
    assert_eq!(
        stage
            .daemon
            .post("/webhooks/whatsapp", "x-nothing: 1", &body)
            .0,
        403
    );
    assert_eq!(stage.stored().await, Vec::<Value>::new());
    stage.message(ANA, "3EB0TRUE", &json!({"conversation": "true"}));
    assert_eq!(stage.stored().await.len(), 1);
}

/// Whatever stands where in a post that proves itself, it is answered, and the next one is taken.
pub(super) async fn anything(server: impl WhatsappFake) {
    let mut stage = Stage::open(server).await;
    let told = Told::Message {
        author: ANA,
        id: "3EB0ODD".to_owned(),
        message: json!({"conversation": "odd"}),
    };
    let body = stage.setup.server.body(&told).expect("a message");
    // wuzapi posts a form.
    let (form, body) = match body.split_once("jsonData=") {
        Some(_) => ("jsonData=", json!({})),
        None => ("", serde_json::from_str(&body).expect("JSON")),
    };
    for odd in changed(&body) {
        let odd = format!("{form}{odd}");
        let status = stage.post_body(&odd);
        assert!(
            status == 200 || (400..500).contains(&status),
            "{status} to {odd}"
        );
    }
    stage.message(ANA, "3EB0TRUE", &json!({"conversation": "true"}));
    // A text that JavaScript cut in the middle of an emoji.
    let told = Told::Message {
        author: ANA,
        id: "3EB0HALF".to_owned(),
        message: json!({"conversation": "cut HALF"}),
    };
    let body = stage.setup.server.body(&told).expect("a message");
    let half = if form.is_empty() {
        r"\ud83d"
    } else {
        "%5Cud83d"
    };
    let body = body.replace("3EB0HALF", "3EB0CUT").replace("HALF", half);
    assert_eq!(stage.post_body(&body), 200, "{body}");
    let stored = stage.stored().await;
    for text in ["true", "cut \u{fffd}"] {
        let found = stored.iter().find(|message| message["text"] == text);
        assert!(found.is_some(), "{text} is not in {stored:?}");
    }
}

/// Something else in place of it, of each of its members, and of each of theirs.
fn changed(body: &Value) -> Vec<Value> {
    let others = [json!("x"), json!(7), json!([1]), json!({}), Value::Null];
    let mut all = others.to_vec();
    for (name, member) in body.as_object().into_iter().flatten() {
        for other in &others {
            let mut whole = body.clone();
            whole[name] = other.clone();
            all.push(whole);
            for inside in member
                .as_object()
                .into_iter()
                .flat_map(|inner| inner.keys())
            {
                let mut whole = body.clone();
                whole[name][inside] = other.clone();
                all.push(whole);
            }
        }
    }
    all
}

/// A file is fetched by what its post names it by.
pub(super) async fn files(server: impl WhatsappFake) {
    let stage = Stage::open(server).await;
    let mut events = stage.daemon.listener(&["message.media"]).await;
    let document = json!({"documentMessage": {"url": "https://mmg.whatsapp.net/x.enc", "directPath": "/v/x",
        "mediaKey": "AAAA", "fileSha256": "BBBB", "fileEncSha256": "CCCC", "fileLength": 11,
        "mimetype": "text/plain", "fileName": "a.txt"}});
    stage.message(ANA, "3EB0FILE", &document);
    let event = event_where(&mut events, |event| {
        ["ready", "failed"]
            .iter()
            .any(|state| event["media"]["state"] == *state)
    });
    let event = event.await;
    assert_eq!(event["media"]["state"], "ready", "{event}");
    let id = event["media"]["media_id"].as_str().expect("an id");
    let path = format!("/media/{id}");
    let (status, _, body) = stage
        .daemon
        .get("GET", &path, &stage.daemon.authorization());
    assert_eq!((status, body.as_str()), (200, "hello world"));
}
