//! `/v1`: chat completions answered by an agent, with a client of the gateway as the agent.

mod answers;
mod refusals;

use std::{
    sync::mpsc::{self, Receiver},
    thread,
};

use serde_json::{Value, json};

use crate::support::{Daemon, Frame, Gateway, PATIENCE, Raw, Scratch, daemon_command};

/// The agent of these tests.
const AGENT: &str = "scripted";

/// A daemon whose default agent is the scripted one.
fn daemon(home: &Scratch, settings: &[(&str, &str)]) -> Daemon {
    let mut command = daemon_command(&home.0);
    command.env("AGENT", AGENT).envs(settings.iter().copied());
    Daemon::from_command(command, &home.0)
}

/// Connects the agent, which does with each turn what its message says, and tells of each event it hears.
fn agent(gateway: &Gateway) -> Receiver<Value> {
    let mut raw = gateway.raw_websocket(true);
    let who = json!({"client": {"kind": "agent", "name": AGENT, "turns": 200}});
    raw.command("auth", &who);
    assert_eq!(raw.json()["type"], "response");
    let (heard, events) = mpsc::channel();
    thread::spawn(move || serve(raw, &heard));
    events
}

fn serve(mut raw: Raw, heard: &mpsc::Sender<Value>) {
    raw.stream.set_read_timeout(None).expect("set");
    while let Some(frame) = raw.frame() {
        let Frame::Text(text) = frame else {
            continue;
        };
        let frame: Value = serde_json::from_str(&text).expect("JSON");
        if frame["type"] != "event" {
            continue;
        }
        let turn = &frame["payload"]["turn_id"];
        if frame["action"] == "agent.turn" {
            let asked = frame["payload"]["message"].as_str().unwrap_or_default();
            answer(&mut raw, turn, asked);
        }
        if heard.send(frame).is_err() {
            return;
        }
    }
}

/// The first word says what to do, the others are what to say.
fn answer(raw: &mut Raw, turn: &Value, asked: &str) {
    let (what, words) = asked.split_once(' ').unwrap_or((asked, ""));
    if matches!(what, "say" | "half") {
        for word in words.split_inclusive(' ') {
            raw.command("agent.delta", &json!({"turn_id": turn, "text": word}));
        }
    }
    match what {
        "say" | "silently" => raw.command("agent.done", &json!({"turn_id": turn, "text": words})),
        "half" | "fail" => {
            let failure = json!({"turn_id": turn, "error": "no luck", "certainty": "permanent"});
            raw.command("agent.failed", &failure);
        }
        // Nothing, until it is told to stop.
        _ => {}
    }
}

/// The next event of this name.
fn next(events: &Receiver<Value>, name: &str) -> Value {
    loop {
        let mut event = events.recv_timeout(PATIENCE).expect("an event in time");
        if event["action"] == name {
            return event["payload"].take();
        }
    }
}

/// A request for an answer to this.
fn asked(text: &str) -> Value {
    json!({"model": AGENT, "messages": [{"role": "user", "content": text}]})
}

/// The text of a request with the token.
fn request(gateway: &Gateway, body: &Value) -> String {
    let body = body.to_string();
    format!(
        "POST /v1/chat/completions HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        gateway.address,
        gateway.authorization(),
        body.len()
    )
}

/// Asks; status, head and JSON of the answer.
fn ask(gateway: &Gateway, body: &Value) -> (u16, String, Value) {
    let (status, head, text) = gateway.http(&request(gateway, body));
    let json = serde_json::from_str(&text).unwrap_or_else(|_| json!(text));
    (status, head, json)
}
