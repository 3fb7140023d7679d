//! A bot with a store of its own, on a fake of the Bot API.

use std::{
    collections::VecDeque,
    ops::Deref,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

use crate::{
    config::{BaseUrl, FetchRule},
    integrations::{
        Accepted, DeliveryError, Integration, Progress,
        telegram::{BotSettings, Telegram, who::Author},
        testing::Desk,
    },
    store::Draft,
};

const TOKEN: &str = "123456:secret";

/// What was asked, and what is answered before the usual.
#[derive(Default)]
struct Script {
    asked: Mutex<Vec<(String, Value)>>,
    answers: Mutex<VecDeque<(u16, String)>>,
}

pub(super) struct Stage {
    pub(super) telegram: Telegram,
    desk: Desk,
    script: Arc<Script>,
}

impl Deref for Stage {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.desk
    }
}

impl Stage {
    /// A bot that hears those on this list.
    pub(super) async fn new(allow: &str) -> Self {
        Self::with_token(allow, TOKEN, "").await
    }

    /// The same with another token, and a path behind the host.
    pub(super) async fn with_token(allow: &str, token: &str, path: &str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}{path}", listener.local_addr().expect("bound"));
        let script = Arc::new(Script::default());
        tokio::spawn(serve(listener, Arc::clone(&script)));
        let desk = Desk::new("telegram", allow);
        let settings = BotSettings {
            token: token.to_owned(),
            base: BaseUrl::parse(&base).expect("an address"),
            fetches: FetchRule::All,
        };
        Self {
            telegram: Telegram::new(
                "telegram",
                &settings,
                desk.ingress.clone(),
                desk.media.clone(),
            ),
            desk,
            script,
        }
    }

    /// What is answered next, instead of the usual.
    pub(super) fn answers(&self, status: u16, body: &Value) {
        self.answers_text(status, &body.to_string());
    }

    pub(super) fn answers_text(&self, status: u16, body: &str) {
        let mut answers = self.script.answers.lock().expect("whole");
        answers.push_back((status, body.to_owned()));
    }

    /// Refuses the next call as the service does.
    pub(super) fn refuses(&self, code: u16, description: &str) {
        let body = json!({"ok": false, "error_code": code, "description": description});
        self.answers(code, &body);
    }

    /// What was asked since the last time: methods and bodies.
    pub(super) fn asked(&self) -> Vec<(String, Value)> {
        std::mem::take(&mut self.script.asked.lock().expect("whole"))
    }

    /// Takes an update.
    pub(super) async fn take(&self, update: Value) {
        let me = json!({"id": 1, "username": "Field_Bot"});
        let me = Author::of(&me, &Value::Null, &Value::Null);
        let taken = self.telegram.receiver.take(&update, &me).await;
        taken.expect("stored");
    }

    /// Takes a message with these fields besides the usual ones.
    pub(super) async fn message(&self, id: i64, fields: Value) {
        self.take(json!({"update_id": id, "message": message(id, &fields)}))
            .await;
    }

    /// Delivers a message once.
    pub(super) async fn deliver(&self, draft: Draft) -> Result<Accepted, DeliveryError> {
        let draft = Draft {
            channel: "telegram".to_owned(),
            ..draft
        };
        let queued = self
            .store
            .queue(draft)
            .expect("room")
            .await
            .expect("stored");
        self.telegram
            .deliver(&queued.message, &Progress::default())
            .await
    }
}

/// A message of Ana's in a chat with the bot, with these fields besides.
pub(super) fn message(id: i64, fields: &Value) -> Value {
    let mut message = json!({"message_id": id, "date": 1_780_000_000,
        "chat": {"id": 42, "type": "private", "first_name": "Ana"},
        "from": {"id": 42, "first_name": "Ana", "last_name": "Lima", "username": "AnaLima"}});
    let fields = fields.as_object().expect("fields");
    for (key, value) in fields {
        message[key] = value.clone();
    }
    message
}

/// A text to somebody.
pub(super) fn draft(peer: &str, text: &str) -> Draft {
    Draft {
        peer: peer.to_owned(),
        text: text.to_owned(),
        ..Draft::default()
    }
}

async fn serve(listener: TcpListener, script: Arc<Script>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer_all(stream, Arc::clone(&script)));
    }
}

/// Answers one call after the other, until the connection ends.
async fn answer_all(mut stream: TcpStream, script: Arc<Script>) -> Option<()> {
    let mut read = Vec::new();
    loop {
        let head = loop {
            let end = read.windows(4).position(|four| four == b"\r\n\r\n");
            match end {
                Some(end) => break end + 4,
                None => more(&mut stream, &mut read).await?,
            }
        };
        let text = String::from_utf8_lossy(&read[..head]).to_lowercase();
        let length = text
            .split("content-length: ")
            .nth(1)
            .and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.parse().ok()).unwrap_or(0);
        while read.len() < head + length {
            more(&mut stream, &mut read).await?;
        }
        let path = String::from_utf8_lossy(&read[..head])
            .split(' ')
            .nth(1)?
            .to_owned();
        let body = serde_json::from_slice(&read[head..head + length]).unwrap_or(Value::Null);
        read.drain(..head + length);
        let (status, answer) = answer(&script, &path, body);
        let head = format!(
            "HTTP/1.1 {status} x\r\ncontent-length: {}\r\n\r\n",
            answer.len()
        );
        stream.write_all((head + &answer).as_bytes()).await.ok()?;
    }
}

async fn more(stream: &mut TcpStream, read: &mut Vec<u8>) -> Option<()> {
    let mut bytes = [0; 4096];
    let count = stream
        .read(&mut bytes)
        .await
        .ok()
        .filter(|count| *count > 0)?;
    read.extend_from_slice(&bytes[..count]);
    Some(())
}

fn answer(script: &Script, path: &str, body: Value) -> (u16, String) {
    let method = path.rsplit('/').next().unwrap_or_default();
    let sent = json!({"ok": true, "result": {"message_id": 100, "chat": {"id": body["chat_id"]}}});
    script
        .asked
        .lock()
        .expect("whole")
        .push((method.to_owned(), body));
    if !path.starts_with(&format!("/bot{TOKEN}/")) {
        let unknown = json!({"ok": false, "error_code": 404, "description": "Not Found"});
        return (404, unknown.to_string());
    }
    let scripted = script.answers.lock().expect("whole").pop_front();
    scripted.unwrap_or_else(|| (200, sent.to_string()))
}
