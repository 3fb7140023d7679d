//! Every command that prints what others wrote, against a gateway whose every text tries to steer the
//! terminal, to turn the direction of the line, or to begin a line of its own.

use std::{ffi::OsString, net::SocketAddr, thread};

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Map, Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{accept_async, tungstenite::Message};

use crate::{
    cli::{
        Invocation,
        context::Context,
        output::{captured, captured::Written},
        parse,
        runtime::block_on,
    },
    config::Environment,
    log::{is_steering, printable_lines},
    protocol::describe::{ACTIONS, EVENTS, FieldKind, action},
    random,
};

/// What every string says. `U+009B` is `ESC [` in one character; the colour is one of ours.
const HOSTILE: &str = "x\r\nFORGED\u{1b}[2J\u{1b}[33mEVIL\u{9b}31m\u{7}\u{85}\u{202e}\u{2066}\u{200f}\u{061c}\u{2028}\u{2029}y";

/// One of everything that an object anywhere may hold, so that nested ones are hostile too.
fn anything() -> Map<String, Value> {
    let described = ACTIONS.iter().flat_map(|action| action.response);
    let described = described.chain(EVENTS.iter().flat_map(|event| event.payload));
    let mut all: Map<String, Value> = described
        .map(|field| (field.name.to_owned(), hostile(field.kind, &Map::new())))
        .collect();
    for name in [
        "kind", "url", "name", "title", "reason", "code", "address", "version",
    ] {
        all.insert(name.to_owned(), json!(HOSTILE));
    }
    all.insert("last".to_owned(), Value::Object(all.clone()));
    all.insert("fields".to_owned(), json!({"a": HOSTILE, HOSTILE: HOSTILE}));
    all
}

fn hostile(kind: FieldKind, inner: &Map<String, Value>) -> Value {
    match kind {
        FieldKind::Text | FieldKind::Name | FieldKind::Targets | FieldKind::Since => json!(HOSTILE),
        FieldKind::Integer(low, high) => json!(1.clamp(low, high)),
        FieldKind::Boolean => json!(true),
        FieldKind::Names | FieldKind::Texts => json!([HOSTILE, HOSTILE]),
        FieldKind::Objects => json!([inner, {HOSTILE: HOSTILE}]),
        FieldKind::Object | FieldKind::Files | FieldKind::Any => {
            let mut object = inner.clone();
            object.insert(HOSTILE.to_owned(), json!(HOSTILE));
            Value::Object(object)
        }
    }
}

/// The answer to one command, and whether events follow it.
fn answer(command: &Value) -> (Value, bool) {
    let inner = anything();
    let name = command["action"].as_str().unwrap_or_default();
    let fields = action(name).map_or(&[][..], |action| action.response);
    let described = fields.iter();
    let mut payload: Map<String, Value> = described
        .map(|field| (field.name.to_owned(), hostile(field.kind, &inner)))
        .collect();
    if name == "auth" {
        // Another version or protocol is a different story.
        payload.insert("version".to_owned(), json!(env!("CARGO_PKG_VERSION")));
    }
    let id = &command["id"];
    let refused = name == "receive";
    let answer = if refused {
        let error = json!({"code": HOSTILE, "message": HOSTILE});
        json!({"type": "error", "action": name, "id": id, "payload": error})
    } else {
        json!({"type": "response", "action": name, "id": id, "payload": payload})
    };
    (answer, name == "subscribe")
}

fn events() -> Vec<Value> {
    let mut inner = anything();
    let named = EVENTS.iter().filter(|event| event.name != "shutdown");
    let mut events: Vec<Value> = named
        .map(|event| json!({"type": "event", "action": event.name, "payload": inner}))
        .collect();
    events.push(json!({"type": "event", "action": HOSTILE, "payload": HOSTILE}));
    // For `chat`, which shows only what is on its way to its visitor.
    inner.insert("direction".to_owned(), json!("out"));
    inner.insert("state".to_owned(), json!("sent"));
    events.push(json!({"type": "event", "action": "message.status", "payload": inner}));
    events.push(json!({"type": "event", "action": "shutdown", "payload": {"reason": HOSTILE}}));
    events
}

async fn serve(stream: TcpStream) -> Option<()> {
    let mut socket = accept_async(stream).await.ok()?;
    while let Some(Ok(Message::Text(text))) = socket.next().await {
        let command: Value = serde_json::from_str(&text).ok()?;
        let (answer, follows) = answer(&command);
        socket.send(Message::text(answer.to_string())).await.ok()?;
        if follows {
            for event in events() {
                socket.send(Message::text(event.to_string())).await.ok()?;
            }
            return socket.close(None).await.ok();
        }
    }
    None
}

/// Serves until the test's process ends.
fn hostile_gateway() -> SocketAddr {
    let (told, address) = std::sync::mpsc::channel();
    thread::spawn(move || {
        block_on::<()>(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
            told.send(listener.local_addr().expect("bound"))
                .expect("heard");
            loop {
                let (stream, _) = listener.accept().await.expect("accepted");
                tokio::spawn(serve(stream));
            }
        })
    });
    address.recv().expect("an address")
}

/// A home with a log file as an older daemon or another program may have left it.
fn home() -> std::path::PathBuf {
    let home = std::env::temp_dir().join(format!("cleudocodebot-hostile-{}", random::token()));
    crate::fs::create_private_dir(&home.join("logs")).expect("made");
    let json = json!({"level": "warn", "message": HOSTILE});
    let log = format!(
        "2026 warn x {}\n{json}\n",
        HOSTILE.replace(['\r', '\n'], "")
    );
    std::fs::write(home.join("logs/daemon.log"), log).expect("written");
    home
}

/// Standard output and everything else that a command showed.
fn shown(line: &[&str], environment: &Environment) -> (Written, String) {
    let Invocation { common, command } =
        parse(line.iter().map(OsString::from)).unwrap_or_else(|error| panic!("{line:?}: {error}"));
    let (mut terminal, out, err) = captured::terminal();
    terminal.watch();
    let mut context = Context {
        common: &common,
        environment,
        terminal,
        input: Some(Box::new(std::io::Cursor::new("hello\n"))),
    };
    let ended = command.run(&mut context);
    let error = ended.err().map(|error| error.to_string());
    let error = error.unwrap_or_default();
    (out, err.text() + &printable_lines(&error))
}

#[test]
fn whatever_others_write_only_colours_reach_a_terminal() {
    let (address, home) = (hostile_gateway(), home());
    let port = address.port().to_string();
    let environment = Environment::from_pairs([
        ("CLEUDOCODEBOT_HOME", home.to_str().expect("text")),
        ("CLEUDOCODEBOT_PORT", &port),
        (
            "CLEUDOCODEBOT_TOKEN",
            "hostile-0123456789abcdef0123456789abcdef",
        ),
        ("HOME", home.to_str().expect("text")),
    ]);
    let mut with_json = 0;
    for line in [
        &["status"][..],
        &["ping", "-c1"],
        &["send", "-c", "a", "-t", "b", "x"],
        &["send", "-c", "a", "-t", "b", "--wait", "x"],
        &["history"],
        &["conversations"],
        &["conversations", "read", "a", "b"],
        &["events"],
        &["chat", "--peer", "ada"],
        &["call", "status"],
        &["call", "receive"],
        &["clients"],
        &["integrations"],
        &["integrations", "start", "x"],
        &["integrations", "forget", "x"],
        &["agents"],
        &["agents", "retry", "t-1"],
        &["agents", "resume", "a", "b"],
        &["agents", "takeover", "a", "b"],
        &["agents", "stop", "x"],
        &["outbox"],
        &["outbox", "retry", "m-1"],
        &["outbox", "cancel", "m-1"],
        &["pairing"],
        &["pairing", "approve", "a", "b"],
        &["pairing", "revoke", "a", "b"],
        &["logs"],
        &["logs", "-f"],
        &["logs", "--port", "1"],
        &["reload"],
        &["doctor"],
    ] {
        for json in [false, true] {
            let line: Vec<&str> = line
                .iter()
                .copied()
                .chain(json.then_some("--json"))
                .collect();
            if json && parse(line.iter().map(OsString::from)).is_err() {
                continue;
            }
            with_json += usize::from(json);
            let (out, rest) = shown(&line, &environment);
            let all = out.text() + &rest;
            let colourless = ["0", "1", "2", "31", "32", "33"]
                .iter()
                .fold(all.clone(), |text, code| {
                    text.replace(&format!("\u{1b}[{code}m"), "")
                });
            let steers = |c| c != '\n' && is_steering(c);
            assert!(!colourless.contains(steers), "{line:?}: {all:?}");
            assert!(!all.contains("\u{1b}[33mEVIL"), "{line:?}: {all:?}");
            let forged = all.lines().find(|line| line.starts_with("FORGED"));
            assert_eq!(forged, None, "{line:?}: {all:?}");
        }
    }
    assert!(with_json > 15, "{with_json} commands know --json");
    let _ = std::fs::remove_dir_all(home);
}
