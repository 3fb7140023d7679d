//! A fake Bot API, and a daemon with one bot on it.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply, Request},
    services::{TELEGRAM_TOKEN, telegram_ok, use_telegram},
};

/// A service with updates, and answers to use before the default ones.
#[derive(Default)]
pub(super) struct BotApi {
    pub(super) updates: Mutex<Vec<Value>>,
    pub(super) answers: Mutex<VecDeque<Reply>>,
    /// Answers to polls to use before the default ones.
    pub(super) polls: Mutex<VecDeque<Reply>>,
    pub(super) next_id: AtomicI64,
}

impl BotApi {
    fn answer(&self, request: &Request) -> Reply {
        let method = request.path.rsplit('/').next().unwrap_or_default();
        if !request.path.starts_with(&format!("/bot{TELEGRAM_TOKEN}/")) {
            return Reply::Json(
                404,
                json!({"ok": false, "error_code": 404, "description": "Not Found"}),
            );
        }
        match method {
            "getMe" => telegram_ok(json!({"id": 1, "is_bot": true})),
            "getUpdates" => {
                if let Some(reply) = self.polls.lock().expect("not poisoned").pop_front() {
                    return reply;
                }
                let offset = request.body["offset"].as_i64().unwrap_or(0);
                let mut updates = self.updates.lock().expect("not poisoned");
                updates.retain(|update| update["update_id"].as_i64() >= Some(offset));
                if updates.is_empty() {
                    return Reply::Hang;
                }
                telegram_ok(Value::from(updates.clone()))
            }
            _ => {
                if let Some(reply) = self.answers.lock().expect("not poisoned").pop_front() {
                    return reply;
                }
                let id = self.next_id.fetch_add(1, Ordering::Relaxed) + 100;
                telegram_ok(json!({"message_id": id, "chat": {"id": request.body["chat_id"]}}))
            }
        }
    }
}

pub(super) struct TelegramSetup {
    pub(super) service: Arc<BotApi>,
    pub(super) fake: Fake,
    pub(super) home: Scratch,
}

impl TelegramSetup {
    pub(super) fn new(updates: Vec<Value>, answers: Vec<Reply>) -> Self {
        let service = Arc::new(BotApi {
            updates: Mutex::new(updates),
            answers: Mutex::new(answers.into()),
            ..BotApi::default()
        });
        let answering = Arc::clone(&service);
        Self {
            service,
            fake: Fake::start(move |request| answering.answer(request)),
            home: Scratch::new(),
        }
    }

    pub(super) fn daemon(&self, settings: &[(&str, &str)]) -> Daemon {
        let mut command = daemon_command(&self.home.0);
        use_telegram(&mut command, &self.fake).envs(settings.iter().copied());
        Daemon::from_command(command, &self.home.0)
    }
}

pub(super) async fn send(client: &mut Client, payload: Value) -> Value {
    let mut whole = json!({"channel": "telegram", "to": "42", "wait": true});
    for (key, value) in payload.as_object().expect("fields") {
        whole[key] = value.clone();
    }
    client.call("send", &whole).await.expect("an outcome")
}
