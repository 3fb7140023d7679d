//! What the Evolution API answers to a message of ours: only what is known to be final ends it.

use std::{
    collections::HashMap,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Value, json};

use super::{ANA, Findings, Stage};
use crate::support::{
    assert_field, assert_mentions, fake::Reply, integration, services, until_running, until_state,
};

const SOON: (&str, &str) = ("CLEUDOCODEBOT_RETRY_DELAYS", "50ms,100ms");

/// A refusal in Evolution's words.
fn because(status: u16, message: Value) -> Reply {
    let mut body = json!({"status": status, "error": "Bad Request"});
    body["response"]["message"] = message;
    Reply::Json(status, body)
}

fn taken() -> Reply {
    Reply::Json(201, json!({"key": {"id": "3EB0AAAA"}}))
}

/// A service that gives each number these answers, one after the other, and then takes what is sent.
fn scripted(script: Vec<(&str, Vec<Reply>)>) -> crate::support::fake::Fake {
    let script: HashMap<String, Vec<Reply>> = script
        .into_iter()
        .map(|(number, answers)| (number.to_owned(), answers))
        .collect();
    let script = Mutex::new(script);
    services::evolution(move |request| {
        if request.path == "/chat/findMessages/Cleudocode" {
            return Reply::Json(200, json!({"messages": {"records": []}}));
        }
        let number = request.body["number"].as_str().unwrap_or_default();
        let mut script = script.lock().expect("not poisoned");
        match script.get_mut(number) {
            Some(answers) if !answers.is_empty() => answers.remove(0),
            _ => taken(),
        }
    })
}

/// Whatever an exception says while sending is a 400 there, so it says nothing of the message.
#[tokio::test]
async fn what_may_pass_is_tried_again() {
    let unknown = json!(["Error: something nobody has seen"]);
    let rows = vec![
        (
            "4915100000011",
            vec![because(400, json!(["Error: Timed Out"]))],
        ),
        (
            "4915100000012",
            vec![because(400, json!(["SessionError: No sessions"]))],
        ),
        (
            "4915100000013",
            vec![because(400, unknown.clone()), because(400, unknown)],
        ),
        (
            "4915100000014",
            vec![because(
                500,
                json!("Cannot read properties of undefined (reading 'textMessage')"),
            )],
        ),
        (
            "4915100000015",
            vec![Reply::Text(502, "<html>Bad Gateway</html>")],
        ),
        ("4915100000016", vec![Reply::Busy(1, json!({}))]),
        (
            "4915100000017",
            vec![because(
                400,
                json!(["TypeError: Cannot read properties of undefined (reading 'id')"]),
            )],
        ),
        ("4915100000018", vec![Reply::Json(400, json!("?"))]),
        ("4915100000019", vec![Reply::Text(500, "")]),
    ];
    let numbers: Vec<_> = rows.iter().map(|(number, _)| *number).collect();
    let mut stage = Stage::on(scripted(rows), &[SOON]).await;
    let mut findings = Findings::default();
    for number in numbers {
        let sent = stage.send(number, json!({"text": "hello"})).await;
        findings.check(number, &sent, &json!({"state": "sent"}));
    }
    findings.end();
}

/// What the service knows of our message itself, and what it says again and again.
#[tokio::test]
async fn what_is_final_fails_with_its_reason() {
    let missing = json!([{"jid": "4915100000021@s.whatsapp.net", "exists": false, "number": "4915100000021"}]);
    let again = || {
        because(
            500,
            json!("Cannot read properties of undefined (reading 'textMessage')"),
        )
    };
    let rows = vec![
        (
            "4915100000021",
            vec![because(400, missing)],
            "not on WhatsApp",
            1,
        ),
        (
            "4915100000022",
            vec![because(
                400,
                json!([["instance requires property \"text\""]]),
            )],
            "requires property",
            1,
        ),
        (
            "4915100000023",
            vec![because(400, json!(["Owned media must be a url or base64"]))],
            "url or base64",
            1,
        ),
        (
            "4915100000024",
            vec![again(), again(), again()],
            "reading 'textMessage'",
            3,
        ),
    ];
    let wanted: Vec<_> = rows
        .iter()
        .map(|(number, _, why, tries)| (*number, *why, *tries))
        .collect();
    let script = rows
        .into_iter()
        .map(|(number, answers, _, _)| (number, answers))
        .collect();
    let mut stage = Stage::on(scripted(script), &[SOON]).await;
    let mut findings = Findings::default();
    for (number, why, tries) in wanted {
        let failed = stage.send(number, json!({"text": "hello"})).await;
        let id = failed["message_id"].clone();
        let message = crate::support::message(&mut stage.client, &id).await;
        findings.check(
            number,
            &message,
            &json!({"state": "failed", "error~": why, "attempts": tries}),
        );
    }
    findings.end();
}

/// The trouble is the channel's: it says what to do, the message waits and no attempt is counted.
#[tokio::test]
async fn a_trouble_of_the_channel_lets_messages_wait() {
    let license = json!({"error": "service not activated", "code": "LICENSE_REQUIRED",
        "register_url": "http://host.invalid/manager/login", "message": "activate first"});
    let gone = json!(["The \"Cleudocode\" instance does not exist"]);
    let mut findings = Findings::default();
    for (row, answer, said) in [
        (
            "not connected, from its cache",
            because(400, json!(["Error: Connection Closed"])),
            "not connected",
        ),
        (
            "not connected",
            because(500, json!("Connection Closed")),
            "not connected",
        ),
        ("no instance", because(404, gone), "no such instance"),
        (
            "a proxy",
            Reply::Text(404, "404 page not found\n"),
            "not the Evolution API",
        ),
        (
            "a firewall",
            Reply::Text(403, "<html>Forbidden</html>"),
            "not the Evolution API",
        ),
        (
            "not activated",
            Reply::Json(503, license),
            "LICENSE_REQUIRED",
        ),
    ] {
        let mut stage = Stage::on(scripted(vec![(ANA, vec![answer])]), &[SOON]).await;
        let mut listener = stage.daemon.listener(&["integration.state"]).await;
        until_running(&mut stage.client, "whatsapp").await;
        let sent = stage.send(ANA, json!({"text": "hello"})).await;
        findings.check(row, &sent, &json!({"state": "sent"}));
        let message = crate::support::message(&mut stage.client, &sent["message_id"]).await;
        findings.check(row, &message, &json!({"state": "sent", "attempts": 1}));
        let impaired = until_state(&mut listener, "whatsapp", "impaired").await;
        let told = json!({"said": impaired.to_string()});
        findings.check(row, &told, &json!({"said~": said}));
        assert!(impaired["advice"].is_string(), "{row}: {impaired}");
    }
    findings.end();
}

/// The service says that it is not connected to `WhatsApp` and refuses everything meanwhile.
#[tokio::test]
async fn messages_wait_until_whatsapp_is_connected() {
    static IS_OPEN: AtomicBool = AtomicBool::new(false);
    let fake = crate::support::fake::Fake::start(|request| {
        let is_open = IS_OPEN.load(Ordering::Relaxed);
        match request.path.as_str() {
            "/instance/connectionState/Cleudocode" => {
                let state = if is_open { "open" } else { "close" };
                Reply::Json(200, json!({"instance": {"state": state}}))
            }
            "/webhook/set/Cleudocode" => Reply::Json(201, json!({})),
            _ if is_open => taken(),
            _ => because(400, json!(["Error: Connection Closed"])),
        }
    });
    let mut stage = Stage::on(fake, &[SOON]).await;
    let mut client = stage
        .daemon
        .listener(&["integration.state", "message.status"])
        .await;
    let payload = json!({"channel": "whatsapp", "to": ANA, "text": "waits"});
    let queued = stage.client.call("send", &payload).await.expect("queued");
    let impaired = match integration(&mut stage.client, "whatsapp")
        .await
        .expect("there")
    {
        one if one["state"] == "impaired" => one,
        _ => until_state(&mut client, "whatsapp", "impaired").await,
    };
    assert_mentions(&impaired, "advice", "integrations connect whatsapp");
    IS_OPEN.store(true, Ordering::Relaxed);
    stage.post(
        "connection.update",
        &json!({"instance": "Cleudocode", "state": "open", "statusReason": 200}),
    );
    loop {
        let status = crate::support::next_event(&mut client).await.payload;
        if status["message_id"] == queued["message_id"] && status["state"] == "sent" {
            break;
        }
        assert!(status["state"] != "failed", "{status}");
    }
}

#[tokio::test]
async fn a_refused_key_parks_the_channel() {
    for answer in [
        Reply::Json(
            401,
            json!({"status": 401, "error": "Unauthorized", "response": {"message": "Unauthorized"}}),
        ),
        because(403, json!(["Missing global api key"])),
    ] {
        let stage = Stage::on(scripted(vec![(ANA, vec![answer])]), &[SOON]).await;
        let mut listener = stage.daemon.listener(&["integration.state"]).await;
        let mut client = stage.daemon.client().await;
        until_running(&mut client, "whatsapp").await;
        let payload = json!({"channel": "whatsapp", "to": ANA, "text": "waits"});
        client.call("send", &payload).await.expect("queued");
        let parked = until_state(&mut listener, "whatsapp", "parked").await;
        assert_mentions(&parked, "advice", "cleudocodebot");
    }
}

#[tokio::test]
async fn files_are_sent_with_what_they_have_and_no_more() {
    let mut stage = Stage::open().await;
    let image = json!({"media": {"kind": "image", "url": "https://example.invalid/a.png"}});
    assert_field(&stage.send(ANA, image).await, "state", "sent");
    let asked = stage.fake.saw("/message/sendMedia/Cleudocode").body;
    assert!(
        asked.get("caption").is_none_or(|caption| caption == ""),
        "{asked}"
    );
    let voice = json!({"text": "listen", "media":
        {"kind": "audio", "url": "https://example.invalid/v.ogg", "mime": "audio/ogg"}});
    assert_field(&stage.send(ANA, voice).await, "state", "sent");
    stage.send(ANA, json!({"text": "the end"})).await;
    let mut asked = Vec::new();
    while asked
        .last()
        .is_none_or(|(_, body): &(String, Value)| body["text"] != "the end")
    {
        let request = stage.fake.saw("");
        asked.push((request.path, request.body));
    }
    let audio = asked
        .iter()
        .find(|(_, body)| body.to_string().contains("v.ogg"));
    let (path, body) = audio.expect("the audio was sent");
    let is_voice = path.contains("sendWhatsAppAudio") || body["mediatype"] == "audio";
    assert!(is_voice, "{path} {body}");
    // A voice message has no caption there: its words go out by themselves.
    assert!(
        asked
            .iter()
            .any(|(_, body)| body.to_string().contains("listen")),
        "{asked:?}"
    );
}
