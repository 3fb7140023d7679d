//! Long polls of a daemon that is killed again and again. The service forgets what was confirmed, so the
//! daemon may confirm only what it has stored.

use std::sync::{Arc, Condvar, Mutex};

use serde_json::{Value, json};

use crate::support::{
    Daemon, PATIENCE, Scratch, daemon_command,
    dice::Dice,
    fake::{Fake, Reply, Request},
    log_watch::MARK,
    services::{telegram_ok, use_telegram},
};

/// Messages waiting at the service, and how many it returns at a time.
const MESSAGES: usize = 1500;
const BATCH: usize = 20;

const KILLS: usize = 8;

/// Counts the messages that were confirmed; it does not return them again.
#[derive(Default)]
struct PollService {
    confirmed: Mutex<usize>,
    grown: Condvar,
}

impl PollService {
    fn answer(&self, request: &Request) -> Reply {
        if !request.path.ends_with("/getUpdates") {
            return telegram_ok(json!({"id": 1}));
        }
        let mut confirmed = self.confirmed.lock().expect("not poisoned");
        let offset = request.body["offset"].as_u64().unwrap_or(0);
        let offset = usize::try_from(offset).expect("small");
        *confirmed = offset.saturating_sub(1).max(*confirmed);
        self.grown.notify_all();
        let batch: Vec<Value> = (*confirmed + 1..=MESSAGES)
            .take(BATCH)
            .map(update)
            .collect();
        if batch.is_empty() {
            return Reply::Hang;
        }
        telegram_ok(batch)
    }

    fn await_confirmed(&self, wanted: usize) {
        let confirmed = self.confirmed.lock().expect("not poisoned");
        let seen = self
            .grown
            .wait_timeout_while(confirmed, PATIENCE, |confirmed| *confirmed < wanted)
            .expect("not poisoned");
        assert!(!seen.1.timed_out(), "{} of {wanted} were confirmed", seen.0);
    }
}

fn update(number: usize) -> Value {
    json!({"update_id": number, "message": {"message_id": number, "text": format!("{MARK} {number}"),
        "chat": {"id": number % 7}, "from": {"id": number % 7, "first_name": "Ana"}}})
}

fn start(home: &Scratch, fake: &Fake) -> Daemon {
    let mut command = daemon_command(&home.0);
    use_telegram(&mut command, fake).env("TELEGRAM_ALLOW_FROM", "*");
    Daemon::from_command(command, &home.0)
}

#[test]
fn confirmed_updates_survive_eight_kills() {
    let dice = Dice::thrown("poll");
    let service = Arc::new(PollService::default());
    let asked = Arc::clone(&service);
    let fake = Fake::start(move |request| asked.answer(request));
    let home = Scratch::new();
    for kill in 0..KILLS {
        let mut daemon = start(&home, &fake);
        let step = MESSAGES / KILLS;
        service.await_confirmed(kill * step + dice.below(step));
        daemon.kill();
        fake.await_quiet();
    }
    let daemon = start(&home, &fake);
    service.await_confirmed(MESSAGES);
    let mut raw = daemon.raw_websocket(true);
    assert_eq!(raw.replay_messages(), MESSAGES as u64, "seq");
    for number in 1..=MESSAGES {
        let event = raw.json()["payload"].take();
        assert_eq!(
            event["text"],
            format!("{MARK} {number}"),
            "once and in order"
        );
    }
}
