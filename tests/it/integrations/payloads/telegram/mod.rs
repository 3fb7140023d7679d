//! What the Bot API hands out and answers.

mod answers;
mod commands;
mod contents;
mod places;
mod updates;

use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Instant,
};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use super::{Findings, conversation, peers, send, with};
use crate::support::{
    Daemon, PATIENCE, Scratch, daemon_command,
    fake::{Fake, Reply, Request},
    services::{TELEGRAM_TOKEN, telegram_ok, use_telegram},
};

/// A supergroup, its channel, and its id before it became one.
const CHOIR: i64 = -1_001_234_567_890;
const ALERTS: i64 = -1_009_876_543_210;

/// A service that holds polls open until there is an update, and gives out only what was asked for.
#[derive(Default)]
struct BotApi {
    state: Mutex<BotState>,
    changed: Condvar,
}

#[derive(Default)]
struct BotState {
    updates: Vec<Value>,
    confirmed: i64,
    ended: bool,
    next_id: i64,
    /// Answers by method, to use before the usual ones.
    answers: HashMap<String, VecDeque<Reply>>,
}

impl BotApi {
    fn state(&self) -> MutexGuard<'_, BotState> {
        let state = self.state.lock();
        state.unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn answer(&self, request: &Request) -> Reply {
        let Some(method) = request.path.strip_prefix(&format!("/bot{TELEGRAM_TOKEN}/")) else {
            let body = json!({"ok": false, "error_code": 404, "description": "Not Found"});
            return Reply::Json(404, body);
        };
        let mut state = self.state();
        let scripted = state.answers.get_mut(method).and_then(VecDeque::pop_front);
        if let Some(reply) = scripted {
            return reply;
        }
        match method {
            "getMe" => telegram_ok(json!({"id": 123_456, "is_bot": true, "first_name": "Field",
                "username": "Field_Bot"})),
            "getUpdates" => {
                drop(state);
                self.poll(&request.body)
            }
            "answerCallbackQuery" | "sendChatAction" | "setMessageReaction" => telegram_ok(true),
            _ => {
                state.next_id += 1;
                let id = state.next_id + 100;
                telegram_ok(json!({"message_id": id, "chat": {"id": request.body["chat_id"]}}))
            }
        }
    }

    fn poll(&self, body: &Value) -> Reply {
        let offset = body["offset"].as_i64().unwrap_or(0);
        let asked = body["allowed_updates"].as_array().cloned();
        let is_asked = |update: &Value| {
            let kinds = asked.iter().flatten().filter_map(Value::as_str);
            asked.is_none() || kinds.into_iter().any(|kind| update.get(kind).is_some())
        };
        let mut state = self.state();
        state.confirmed = state.confirmed.max(offset);
        self.changed.notify_all();
        let deadline = Instant::now() + PATIENCE;
        loop {
            state
                .updates
                .retain(|one| one["update_id"].as_i64() >= Some(offset) && is_asked(one));
            if !state.updates.is_empty() || state.ended || Instant::now() > deadline {
                return telegram_ok(Value::from(state.updates.clone()));
            }
            let waited = self.changed.wait_timeout(state, PATIENCE);
            state = waited.expect("not poisoned").0;
        }
    }
}

/// A service, a daemon with a bot on it, and a client of that.
struct Stage {
    service: Arc<BotApi>,
    fake: Fake,
    daemon: Daemon,
    client: Client,
    last_update: i64,
    _home: Scratch,
}

impl Drop for Stage {
    fn drop(&mut self) {
        self.service.state().ended = true;
        self.service.changed.notify_all();
    }
}

impl Stage {
    /// Everyone may write.
    async fn open() -> Self {
        Self::with(&[("TELEGRAM_ALLOW_FROM", "*")], &[]).await
    }

    /// With these settings, and a daemon that also uses these services.
    async fn with(settings: &[(&str, &str)], others: &[(&str, &str)]) -> Self {
        let service = Arc::new(BotApi::default());
        let answering = Arc::clone(&service);
        let fake = Fake::start(move |request| answering.answer(request));
        let home = Scratch::new();
        let mut command = daemon_command(&home.0);
        use_telegram(&mut command, &fake)
            .env("TELEGRAM_RATE", "0")
            .env("CLEUDOCODEBOT_RETRY_DELAYS", "50ms,100ms")
            .envs(settings.iter().chain(others).copied());
        let daemon = Daemon::from_command(command, &home.0);
        let client = daemon.client().await;
        Self {
            service,
            fake,
            daemon,
            client,
            last_update: 1000,
            _home: home,
        }
    }

    /// Answers of a method, to use before the usual ones.
    fn script(&self, method: &str, answers: impl IntoIterator<Item = Reply>) {
        let mut state = self.service.state();
        let all = state.answers.entry(method.to_owned()).or_default();
        all.extend(answers);
    }

    /// Hands out updates and waits until the daemon has confirmed them; what the service was not asked
    /// for is never handed out.
    fn updates(&mut self, updates: impl IntoIterator<Item = Value>) {
        let mut state = self.service.state();
        let mut handed_out = 0;
        for mut update in updates {
            self.last_update += 1;
            update["update_id"] = json!(self.last_update);
            state.updates.push(update);
            handed_out = self.last_update;
        }
        self.service.changed.notify_all();
        let deadline = Instant::now() + PATIENCE;
        while state.confirmed <= handed_out {
            assert!(
                Instant::now() < deadline,
                "never confirmed: {:?}",
                state.updates
            );
            let waited = self.service.changed.wait_timeout(state, PATIENCE);
            state = waited.expect("not poisoned").0;
        }
    }

    /// The same of messages.
    fn messages(&mut self, messages: impl IntoIterator<Item = Value>) {
        self.updates(
            messages
                .into_iter()
                .map(|message| json!({"message": message})),
        );
    }

    async fn stored(&mut self, peer: impl ToString) -> Vec<Value> {
        conversation(&mut self.client, "telegram", &peer.to_string()).await
    }

    async fn peers(&mut self) -> Vec<String> {
        peers(&mut self.client, "telegram").await
    }

    async fn send(&mut self, to: &str, more: Value) -> Value {
        send(&mut self.client, "telegram", to, &more).await
    }

    /// Each of these messages from a person of its own, and the fields that should be stored of it.
    async fn check(&mut self, rows: Vec<(&str, Value, Value)>) {
        let mut findings = Findings::default();
        let people = (7001..).zip(&rows);
        let messages: Vec<Value> = people
            .map(|(person, (_, more, _))| with(private(person, person), more))
            .collect();
        self.messages(messages);
        for (person, (row, _, expected)) in (7001..).zip(&rows) {
            findings.stored(row, &self.stored(person).await, expected);
        }
        findings.end();
    }
}

fn payload(to: &str, more: &Value) -> Value {
    super::payload("telegram", to, more)
}

/// A person.
fn ana(id: i64) -> Value {
    json!({"id": id, "is_bot": false, "first_name": "Ana", "last_name": "Lima", "username": "analima"})
}

/// A message without content in a chat with one person.
fn private(id: i64, person: i64) -> Value {
    json!({"message_id": id, "date": 1_780_000_000, "from": ana(person),
        "chat": {"id": person, "type": "private", "first_name": "Ana"}})
}

/// A message without content in a group.
fn in_group(id: i64, chat: i64) -> Value {
    let kind = if chat < -1_000_000_000_000 {
        "supergroup"
    } else {
        "group"
    };
    json!({"message_id": id, "date": 1_780_000_000, "from": ana(42),
        "chat": {"id": chat, "type": kind, "title": "Choir"}})
}

/// One in a topic of a forum.
fn in_topic(id: i64, topic: i64) -> Value {
    let mut message = in_group(id, CHOIR);
    message["chat"]["is_forum"] = json!(true);
    with(
        message,
        &json!({"message_thread_id": topic, "is_topic_message": true}),
    )
}

/// A refusal of the Bot API.
fn refusal(code: u16, description: &str) -> Reply {
    Reply::Json(
        code,
        json!({"ok": false, "error_code": code, "description": description}),
    )
}
