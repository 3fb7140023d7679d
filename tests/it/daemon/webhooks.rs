//! Webhooks: every stored event of the topics, in order and at least once, whatever was down meanwhile.

#[cfg(feature = "store")]
use std::sync::{Arc, Mutex};
use std::{
    process::Command,
    sync::atomic::{AtomicU64, Ordering::Relaxed},
};

use serde_json::{Value, json};

use crate::support::{
    Daemon, Scratch, daemon_command,
    fake::{Fake, Reply, Request},
    program, run,
};

/// The secret of the tests.
const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A daemon that posts to these addresses.
fn start(home: &Scratch, hooks: &[(&str, &str)]) -> Daemon {
    Daemon::from_command(command(home, hooks), &home.0)
}

fn command(home: &Scratch, hooks: &[(&str, &str)]) -> Command {
    let mut command = daemon_command(&home.0);
    for (key, value) in hooks {
        command.env(format!("CLEUDOCODEBOT_WEBHOOK_{key}"), value);
    }
    command
}

fn call(daemon: &Daemon, action: &str, payload: &Value) -> Value {
    let command = json!({"type": "command", "action": action, "id": 1, "payload": payload});
    daemon.rpc(&command.to_string()).1
}

/// Hands in a message, which is one stored event.
fn receive(daemon: &Daemon, peer: &str, text: &str) -> u64 {
    let payload = json!({"channel": "webchat", "peer": peer, "text": text});
    let answer = call(daemon, "receive", &payload);
    assert_eq!(answer["type"], "response", "{answer}");
    let id = answer["payload"]["message_id"].as_str().expect("an id");
    let message = call(daemon, "message", &json!({"message_id": id}));
    message["payload"]["message"]["seq"]
        .as_u64()
        .expect("a number")
}

fn status(daemon: &Daemon, name: &str) -> Value {
    let answer = call(daemon, "webhooks", &json!({}));
    let all = answer["payload"]["webhooks"].as_array().cloned();
    let mut all = all.unwrap_or_default().into_iter();
    let found = all.find(|one| one["name"] == name);
    found.unwrap_or_else(|| panic!("{name}: {answer}"))
}

/// Waits until the receiver is in this state.
fn until(daemon: &Daemon, name: &str, state: &str) -> Value {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    loop {
        let now = status(daemon, name);
        if now["state"] == state {
            return now;
        }
        assert!(std::time::Instant::now() < deadline, "never {state}: {now}");
        std::thread::yield_now();
    }
}

/// Waits until the receiver has everything.
fn until_up_to_date(daemon: &Daemon) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while status(daemon, "webhook")["lag"] != 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "{}",
            status(daemon, "webhook")
        );
        std::thread::yield_now();
    }
}

/// The text of the next event that a receiver gets.
fn text(fake: &Fake) -> String {
    let request = fake.saw("/hook");
    request.body["data"]["text"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

fn header(request: &Request, name: &str) -> String {
    let mut lines = request.head.lines();
    let found = lines.find_map(|line| {
        let (key, value) = line.split_once(':')?;
        key.eq_ignore_ascii_case(name)
            .then(|| value.trim().to_owned())
    });
    found.unwrap_or_default()
}

/// The signature of a request, by another implementation than ours.
fn signature(signed: &str) -> String {
    let script = "import base64,hashlib,hmac,sys;k=base64.b64decode(sys.argv[1][6:]);\
                  print('v1,'+base64.b64encode(hmac.new(k,sys.argv[2].encode(),hashlib.sha256).digest()).decode())";
    let output = Command::new("python3")
        .args(["-c", script, SECRET, signed])
        .output();
    String::from_utf8_lossy(&output.expect("python3").stdout)
        .trim()
        .to_owned()
}

fn ok() -> Reply {
    Reply::Json(200, json!({}))
}

#[test]
fn stored_events_of_the_topics_are_posted_signed_and_in_order() {
    let receiver = Fake::start(|_| ok());
    let url = receiver.url().replace("http://", "http://ana:p%40ss@") + "/hook";
    let home = Scratch::new();
    let topics = "message.received@webchat/ana";
    let daemon = start(
        &home,
        &[("URL", &url), ("TOPICS", topics), ("SECRET", SECRET)],
    );
    receive(&daemon, "bia", "not wanted");
    let seq = receive(&daemon, "ana", "first");
    receive(&daemon, "ana", "second");
    let first = receiver.saw("/hook");
    assert_eq!(first.body["type"], "message.received");
    assert_eq!(first.body["data"]["text"], "first");
    assert_eq!(header(&first, "authorization"), "Basic YW5hOnBAc3M=");
    let (id, time) = (
        header(&first, "webhook-id"),
        header(&first, "webhook-timestamp"),
    );
    assert!(id.starts_with(&format!("evt-{seq}-")), "{id}");
    let body = &first.text;
    let signed = format!("{id}.{time}.{body}");
    assert_eq!(header(&first, "webhook-signature"), signature(&signed));
    assert_eq!(text(&receiver), "second");
    let told = until(&daemon, "webhook", "running");
    assert_eq!(told["signed"], true);
    assert!(!told.to_string().contains("p%40ss"), "{told}");
}

#[test]
fn what_was_stored_while_a_receiver_was_down_comes_once_it_is_back() {
    let receiver = Fake::start(|_| ok());
    let home = Scratch::new();
    let url = receiver.url() + "/hook";
    let daemon = start(&home, &[("URL", &url)]);
    receive(&daemon, "ana", "before");
    assert_eq!(text(&receiver), "before");
    // Seen is not yet answered.
    until_up_to_date(&daemon);
    receiver.vanish();
    for n in 0..5 {
        receive(&daemon, "ana", &format!("meanwhile {n}"));
    }
    let failing = until(&daemon, "webhook", "backing_off");
    assert!(
        failing["last_error"].is_string() && failing["until_ms"].is_u64(),
        "{failing}"
    );
    assert_eq!(failing["lag"], 5);
    receiver.come_back();
    call(&daemon, "webhook.resume", &json!({"name": "webhook"}));
    for n in 0..5 {
        assert_eq!(text(&receiver), format!("meanwhile {n}"));
    }
}

#[test]
fn a_receiver_that_hangs_costs_the_others_nothing() {
    let hanging = Fake::start(|_| Reply::Hang);
    let receiver = Fake::start(|_| ok());
    let home = Scratch::new();
    let (bad, good) = (hanging.url() + "/hook", receiver.url() + "/hook");
    let daemon = start(&home, &[("URL", &bad), ("URL_2", &good)]);
    for n in 0..20 {
        receive(&daemon, "ana", &n.to_string());
    }
    for n in 0..20 {
        assert_eq!(text(&receiver), n.to_string());
    }
    assert_eq!(text(&hanging), "0");
    assert!(hanging.never_saw("/hook"), "one at a time");
}

#[test]
fn an_event_that_was_refused_is_posted_again_under_its_id_and_not_before_it_is_asked_to() {
    let tries = AtomicU64::new(0);
    let receiver = Fake::start(move |_| match tries.fetch_add(1, Relaxed) {
        0 => Reply::Json(500, json!({})),
        1 => Reply::Busy(3600, json!({})),
        2 => Reply::Json(302, json!({})),
        _ => ok(),
    });
    let home = Scratch::new();
    let daemon = start(&home, &[("URL", &(receiver.url() + "/hook"))]);
    receive(&daemon, "ana", "x");
    let id = header(&receiver.saw("/hook"), "webhook-id");
    assert_eq!(header(&receiver.saw("/hook"), "webhook-id"), id);
    let resume = json!({"name": "1"});
    let asked = loop {
        let now = until(&daemon, "webhook", "backing_off");
        if now["failures"] == 2 {
            break now;
        }
    };
    let wait = asked["until_ms"].as_u64().zip(asked["since_ms"].as_u64());
    assert!(
        wait.is_some_and(|(until, since)| until - since > 3_500_000),
        "{asked}"
    );
    call(&daemon, "webhook.resume", &resume);
    receiver.saw("/hook");
    assert_eq!(header(&receiver.saw("/hook"), "webhook-id"), id);
    until(&daemon, "webhook", "running");
}

#[test]
fn gone_parks_it_until_it_is_resumed_or_its_address_changes() {
    let gone = Fake::start(|_| Reply::Json(410, json!({})));
    let home = Scratch::new();
    let url = gone.url() + "/hook";
    let mut daemon = start(&home, &[("URL", &url)]);
    receive(&daemon, "ana", "first");
    let parked = until(&daemon, "webhook", "parked");
    assert!(
        parked["advice"]
            .as_str()
            .is_some_and(|it| it.contains("webhooks resume")),
        "{parked}"
    );
    daemon.logs("a webhook is parked");
    let (_, doctor, _) = run(program(&home.0, &["status"]));
    assert!(
        doctor.contains("webhook") && doctor.contains("410"),
        "{doctor}"
    );
    daemon.kill();
    let mut daemon = start(&home, &[("URL", &url)]);
    receive(&daemon, "ana", "second");
    assert_eq!(
        status(&daemon, "webhook")["state"],
        "parked",
        "also after a restart"
    );
    daemon.kill();
    let receiver = Fake::start(|_| ok());
    let daemon = start(&home, &[("URL", &(receiver.url() + "/hook"))]);
    if cfg!(feature = "store") {
        assert_eq!(text(&receiver), "first");
        assert_eq!(text(&receiver), "second");
    }
    until(&daemon, "webhook", "running");
}

#[cfg(feature = "store")]
#[test]
fn kills_of_the_daemon_lose_no_event_and_keep_the_order() {
    let seen = Arc::new(Mutex::new(Vec::<u64>::new()));
    let (noted, count) = (Arc::clone(&seen), AtomicU64::new(0));
    let receiver = Fake::start(move |request| {
        // Every seventh is refused after all.
        if count.fetch_add(1, Relaxed) % 7 == 3 {
            return Reply::Json(503, json!({}));
        }
        let seq = request.body["data"]["seq"].as_u64().expect("a number");
        noted.lock().expect("not poisoned").push(seq);
        ok()
    });
    let home = Scratch::new();
    let url = receiver.url() + "/hook";
    let mut expected = Vec::new();
    for life in 0..6 {
        let mut daemon = start(&home, &[("URL", &url)]);
        for n in 0..30 {
            expected.push(receive(&daemon, "ana", &format!("{life} {n}")));
        }
        daemon.kill();
    }
    let daemon = start(&home, &[("URL", &url)]);
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while status(&daemon, "webhook")["lag"] != 0 {
        call(&daemon, "webhook.resume", &json!({"name": "webhook"}));
        assert!(
            std::time::Instant::now() < deadline,
            "{}",
            status(&daemon, "webhook")
        );
    }
    assert_eq!(status(&daemon, "webhook")["missed"], 0);
    let mut first_seen = Vec::new();
    for seq in seen.lock().expect("not poisoned").iter() {
        if !first_seen.contains(seq) {
            first_seen.push(*seq);
        }
    }
    assert_eq!(first_seen, expected);
}

#[test]
fn pause_replay_and_test_by_the_command_line() {
    let receiver = Fake::start(|_| ok());
    let home = Scratch::new();
    let daemon = start(&home, &[("URL", &(receiver.url() + "/hook"))]);
    let command = |arguments: &[&str]| run(program(&home.0, arguments));
    receive(&daemon, "ana", "one");
    assert_eq!(text(&receiver), "one");
    let (code, shown, why) = command(&["webhooks", "test", "webhook"]);
    assert!(
        code == 0 && shown.contains("took the event"),
        "{shown} {why}"
    );
    assert_eq!(receiver.saw("/hook").body["type"], "webhook.test");
    assert!(command(&["webhooks", "pause", "1"]).1.contains("paused"));
    receive(&daemon, "ana", "two");
    assert!(receiver.never_saw("/hook"));
    let (_, shown, _) = command(&["webhooks"]);
    assert!(
        shown.contains("1 event behind") && shown.contains("unsigned"),
        "{shown}"
    );
    let (code, ..) = command(&["webhooks", "replay", "webhook", "--since", "0"]);
    assert_eq!(code, 0);
    assert_eq!(text(&receiver), "one");
    assert_eq!(text(&receiver), "two");
    let (code, _, why) = command(&["webhooks", "pause", "webhook-7"]);
    assert!(code != 0 && why.contains("those set are webhook"), "{why}");
    let (_, secret, _) = command(&["webhooks", "secret"]);
    assert!(
        secret.trim().starts_with("whsec_") && secret.trim().len() > 40,
        "{secret}"
    );
}

#[test]
fn a_receiver_that_is_new_begins_with_what_comes_and_a_reload_takes_it_in() {
    let receiver = Fake::start(|_| ok());
    let home = Scratch::new();
    let daemon = start(&home, &[]);
    receive(&daemon, "ana", "history");
    let url = receiver.url() + "/hook";
    let set =
        |key: &str, value: &str| call(&daemon, "config.set", &json!({"changes": {key: value}}));
    let answer = set("CLEUDOCODEBOT_WEBHOOK_URL_2", &url);
    assert_eq!(answer["type"], "response", "{answer}");
    receive(&daemon, "ana", "news");
    assert_eq!(text(&receiver), "news");
    let weak = set("CLEUDOCODEBOT_WEBHOOK_SECRET_2", "whsec_c2VjcmV0");
    assert_eq!(weak["payload"]["code"], "bad_payload", "{weak}");
    assert!(weak.to_string().contains("6 bytes"), "{weak}");
    for (topics, why) in [
        ("log", "no stored event"),
        ("mesage.*", "no event matches"),
        (" , ", "no topic"),
    ] {
        let refused = set("CLEUDOCODEBOT_WEBHOOK_TOPICS_2", topics);
        assert_eq!(refused["payload"]["code"], "bad_payload", "{refused}");
        assert!(refused.to_string().contains(why), "{refused}");
    }
    set(
        "CLEUDOCODEBOT_WEBHOOK_TOPICS_2",
        "message.received@webchat/bia",
    );
    receive(&daemon, "ana", "not wanted any more");
    receive(&daemon, "bia", "wanted");
    assert_eq!(text(&receiver), "wanted");
}
