//! Deliveries to a fake of the API: to whom they go, and what its answers mean.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use super::{ANA, GROUP, NAME, OURS, PHONE_ID, Stage, USER_ID, of, text};
use crate::{
    config::{BaseUrl, FetchRule},
    integrations::{
        Accepted, DeliveryError, Integration, Progress,
        cloud::{Cloud, CloudSettings},
    },
    message::Kind,
    store::Draft,
};

/// What was asked, and what is answered before the usual.
#[derive(Default)]
struct Script {
    asked: Mutex<Vec<Value>>,
    answers: Mutex<VecDeque<(u16, String)>>,
}

struct Fake {
    cloud: Cloud,
    script: Arc<Script>,
}

impl Fake {
    async fn new(stage: &Stage) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("bound"));
        let script = Arc::new(Script::default());
        let shared = Arc::clone(&script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer_all(stream, Arc::clone(&shared)));
            }
        });
        let settings = CloudSettings {
            token: "token-of-the-test".to_owned(),
            phone_id: PHONE_ID.to_owned(),
            app_secret: None,
            verify_token: None,
            base: BaseUrl::parse(&base).expect("an address"),
            fetches: FetchRule::All,
        };
        let cloud = Cloud::new(&settings, stage.ingress.clone(), stage.media.clone());
        Self { cloud, script }
    }

    fn answers(&self, status: u16, body: &str) {
        let mut answers = self.script.answers.lock().expect("whole");
        answers.push_back((status, body.to_owned()));
    }

    fn asked(&self) -> Vec<Value> {
        std::mem::take(&mut self.script.asked.lock().expect("whole"))
    }

    async fn deliver(&self, stage: &Stage, draft: Draft) -> Result<Accepted, DeliveryError> {
        let channel = NAME.to_owned();
        let queued = stage.store.queue(Draft { channel, ..draft }).expect("room");
        let message = queued.await.expect("queued").message;
        self.cloud.deliver(&message, &Progress::default()).await
    }
}

/// Answers one call after the other, until the connection ends.
async fn answer_all(stream: TcpStream, script: Arc<Script>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut length, mut line) = (0, String::new());
        while line != "\r\n" {
            line.clear();
            if stream.read_line(&mut line).await.ok()? == 0 {
                return None;
            }
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().ok()?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.ok()?;
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        script.asked.lock().expect("whole").push(body);
        let usual = || (200, json!({"messages": [{"id": "wamid.out"}]}).to_string());
        let next = script.answers.lock().expect("whole").pop_front();
        let (status, answer) = next.unwrap_or_else(usual);
        let answer = format!(
            "HTTP/1.1 {status} X\r\nContent-Length: {}\r\n\r\n{answer}",
            answer.len()
        );
        stream.get_mut().write_all(answer.as_bytes()).await.ok()?;
    }
}

fn draft(peer: &str) -> Draft {
    Draft {
        peer: peer.to_owned(),
        text: "hi".to_owned(),
        ..Draft::default()
    }
}

#[tokio::test]
async fn a_message_follows_its_person() {
    let stage = Stage::new("*");
    let fake = Fake::new(&stage).await;
    let sent = Accepted::Sent(vec!["wamid.out".to_owned()]);
    for peer in [ANA, USER_ID, GROUP] {
        assert_eq!(fake.deliver(&stage, draft(peer)).await, Ok(sent.clone()));
    }
    let mut known = text("wamid.0", "hi");
    known["from_user_id"] = json!(USER_ID);
    let system = json!({"type": "user_changed_number", "wa_id": "5521912345678"});
    let moved = of("system", system);
    assert_eq!(stage.write(json!([known, moved])).await, 200);
    for peer in [ANA, USER_ID] {
        assert_eq!(fake.deliver(&stage, draft(peer)).await, Ok(sent.clone()));
    }
    let targets: Vec<Value> = fake
        .asked()
        .iter()
        .map(|body| json!([body["recipient_type"], body["to"], body["recipient"]]))
        .collect();
    assert_eq!(
        targets,
        [
            json!(["individual", ANA, null]),
            json!(["individual", null, USER_ID]),
            json!(["group", GROUP, null]),
            json!(["individual", "5521912345678", null]),
            json!(["individual", "5521912345678", null]),
        ]
    );
}

#[tokio::test]
async fn an_answer_is_for_the_message_for_the_channel_or_for_nobody() {
    let stage = Stage::new("*");
    let fake = Fake::new(&stage).await;
    let error = |code: i64| json!({"error": {"code": code, "message": "no"}}).to_string();
    for (status, body, class) in [
        (400, error(131_047), "final"),
        (401, error(190), "unauthorized"),
        (400, error(131_042), "channel"),
        (500, error(131_000), "transient"),
        (400, error(131_999), "transient"),
        (200, "<html>Log in</html>".to_owned(), "channel"),
        (302, String::new(), "channel"),
    ] {
        fake.answers(status, &body);
        let found = match fake.deliver(&stage, draft(ANA)).await {
            Err(DeliveryError::Permanent(_)) => "final",
            Err(DeliveryError::Unauthorized(_)) => "unauthorized",
            Err(DeliveryError::Channel(trouble)) => {
                let advice = trouble.advice.expect("a next step");
                assert!(trouble.why.contains(&advice), "{}", trouble.why);
                "channel"
            }
            Err(DeliveryError::Transient(..)) => "transient",
            other => panic!("{other:?}"),
        };
        assert_eq!(found, class, "{status} {body}");
    }
}

#[tokio::test]
async fn a_reaction_to_nothing_is_final_before_it_is_sent() {
    let stage = Stage::new("*");
    let fake = Fake::new(&stage).await;
    let reaction = Draft {
        kind: Kind::Reaction,
        ..draft(ANA)
    };
    let refused = fake.deliver(&stage, reaction).await;
    assert!(matches!(refused, Err(DeliveryError::Permanent(_))));
    assert_eq!(fake.asked().len(), 0);
}

#[tokio::test]
async fn only_what_a_person_wrote_just_now_is_marked_as_read() {
    let stage = Stage::new("*");
    let fake = Fake::new(&stage).await;
    assert_eq!(stage.write(json!([text("wamid.1", "hi")])).await, 200);
    let mut echo = text("wamid.2", "mine");
    (echo["from"], echo["to"]) = (json!(OURS), json!(ANA));
    let call = json!({"id": "wacid.3", "from": ANA, "event": "connect"});
    let old = json!([{"threads": [{"id": ANA, "messages": [text("wamid.4", "old")]}]}]);
    for (field, value) in [
        ("smb_message_echoes", json!({"message_echoes": [echo]})),
        ("calls", json!({"calls": [call]})),
        ("history", json!({"history": old})),
    ] {
        assert_eq!(stage.post(field, value).await, 200);
    }
    fake.cloud.typing(ANA).await.expect("shown");
    assert_eq!(fake.asked()[0]["message_id"], "wamid.1");
    fake.answers(
        400,
        &json!({"error": {"code": 100, "message": "too old"}}).to_string(),
    );
    let why = fake.cloud.typing(ANA).await.expect_err("refused");
    assert!(why.contains("too old (status 400, code 100)"), "{why}");
}
