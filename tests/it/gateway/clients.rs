//! The scripts of `tests/clients` against a real daemon. A test whose interpreter is not installed says
//! that it is skipped.

use std::{
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
};

#[cfg(feature = "store")]
use cleudocodebot::client::Client;
#[cfg(feature = "store")]
use serde_json::Value;
use serde_json::json;

use crate::support::{
    Daemon, Gateway, Scratch, Shared, assert_field, assert_fields, daemon_command, event_where,
    next_event, run,
};

/// Runs a script against the daemon: exit code, stdout, stderr.
fn script(
    gateway: &Gateway,
    home: &Path,
    interpreter: &str,
    name: &str,
    arguments: &[&str],
) -> (i32, String, String) {
    run(script_command(gateway, home, interpreter, name, arguments))
}

fn script_command(
    gateway: &Gateway,
    home: &Path,
    interpreter: &str,
    name: &str,
    arguments: &[&str],
) -> Command {
    let mut command = Command::new(interpreter);
    command
        .arg(format!(
            "{}/tests/clients/{name}",
            env!("CARGO_MANIFEST_DIR")
        ))
        .args(arguments)
        .env("CLEUDOCODEBOT_HOME", home)
        .env("CLEUDOCODEBOT_URL", format!("ws://{}/", gateway.address))
        .env_remove("CLEUDOCODEBOT_TOKEN");
    command
}

/// Whether a probe of an interpreter succeeds; prints what is skipped if not.
fn has(interpreter: &str, probe: &[&str], what: &str) -> bool {
    let mut command = Command::new(interpreter);
    command
        .args(probe)
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients"));
    let found = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !found {
        eprintln!("SKIPPED: no {what} on this machine");
    }
    found
}

fn has_websockets() -> bool {
    has(
        "python3",
        &["-c", "import websockets.sync.client"],
        "websockets for python3 (pip install websockets)",
    )
}

#[test]
fn python_sends_and_gets_files() {
    if !has("python3", &["-c", ""], "python3") {
        return;
    }
    let (daemon, folder) = (Shared::daemon(), Scratch::new());
    let card = folder.0.join("cartão.png");
    std::fs::write(&card, b"\x89PNG\r\n\x1a\n and so on").expect("written");
    let card = card.to_str().expect("UTF-8");
    let send = ["send", "webchat", "files-ana", card, "Bom dia"];
    let (code, out, stderr) = script(&daemon, &daemon.home, "python3", "files.py", &send);
    assert_eq!(code, 0, "{out}{stderr}");
    let id = out.trim();
    let get = ["get", "webchat", "files-ana"];
    let mut command = script_command(&daemon, &daemon.home, "python3", "files.py", &get);
    command.current_dir(&folder.0);
    let (code, out, stderr) = run(command);
    assert_eq!(code, 0, "{out}{stderr}");
    let got = std::fs::read(folder.0.join(format!("{id}-cart_o.png")));
    assert_eq!(got.expect("there"), b"\x89PNG\r\n\x1a\n and so on");
    let missing = ["send", "webchat", "ana", "/no/such/file"];
    let (code, _, stderr) = script(&daemon, &daemon.home, "python3", "files.py", &missing);
    assert_eq!(code, 1);
    assert!(stderr.contains("No such file"), "{stderr}");
}

#[test]
fn plain_python_needs_no_library() {
    if !has("python3", &["-c", ""], "python3") {
        return;
    }
    let daemon = Shared::daemon();
    let (code, out, stderr) = script(&daemon, &daemon.home, "python3", "plain.py", &[]);
    assert_eq!(code, 0, "{out}{stderr}");
    assert!(out.contains("pong") && out.contains("message_id"), "{out}");
}

#[test]
fn python_ping_and_its_error() {
    if !has_websockets() {
        return;
    }
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let (code, out, stderr) = script(&daemon, &home.0, "python3", "ping.py", &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(out.contains("'pong': True"), "{out}");
    daemon.kill();
    let (code, _, stderr) = script(&daemon, &home.0, "python3", "ping.py", &[]);
    assert!(code != 0 && stderr.contains("ping.py: "), "{stderr}");
}

#[tokio::test]
async fn python_bridge_sends_and_receives() {
    if !has_websockets() {
        return;
    }
    let home = Scratch::new();
    let daemon = Daemon::start(&home.0);
    let mut client = daemon.listener(&["message.received"]).await;
    let mut command = script_command(&daemon, &home.0, "python3", "bridge.py", &["paper"]);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut bridge = command.spawn().expect("it starts");
    let mut typed = bridge.stdin.take().expect("piped");
    writeln!(typed, "ana Hello from a bridge").expect("typed");
    let heard = next_event(&mut client).await.payload;
    assert_fields(
        &heard,
        &json!({"channel": "paper", "peer": "ana", "text": "Hello from a bridge"}),
    );
    let answer = json!({"channel": "paper", "to": "ana", "text": "Hello back", "wait": true});
    let sent = client.call("send", &answer).await.expect("an outcome");
    assert_field(&sent, "state", "sent");
    drop(typed);
    let ended = bridge.wait_with_output().expect("it ends");
    let (out, stderr) = (
        String::from_utf8_lossy(&ended.stdout),
        String::from_utf8_lossy(&ended.stderr),
    );
    assert!(ended.status.success() && stderr.is_empty(), "{stderr}");
    assert_eq!(out.trim(), "ana: Hello back");
}

#[tokio::test]
async fn python_agent_answers() {
    if !has_websockets() {
        return;
    }
    let home = Scratch::new();
    let mut command = daemon_command(&home.0);
    command.env("AGENT", "parrot").env("AGENT_GATHER", "50ms");
    let daemon = Daemon::from_command(command, &home.0);
    let mut client = daemon.listener(&["message.status", "agent.delta"]).await;
    let mut command = script_command(&daemon, &home.0, "python3", "agent.py", &["parrot"]);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut agent = command.spawn().expect("it starts");
    for (said, answer) in [("Olá", "You said: Olá"), ("fail", "You said: why?")] {
        let message = json!({"channel": "webchat", "peer": "ana", "text": said});
        client.call("receive", &message).await.expect("stored");
        if said == "fail" {
            // It says that it cannot, and goes on with the next.
            let why = json!({"channel": "webchat", "peer": "bia", "text": "why?"});
            client.call("receive", &why).await.expect("stored");
        }
        let sent = event_where(&mut client, |event| event["direction"] == "out").await;
        assert_field(&sent, "text", answer);
    }
    let failed = json!({"state": "failed"});
    let failed = client.call("turns", &failed).await.expect("listed");
    assert_field(&failed["turns"][0], "error", "asked to fail");
    agent.kill().expect("it runs");
    agent.wait().expect("it ends");
}

/// Whether `node` runs TypeScript and has `WebSocket`.
#[cfg(feature = "store")]
fn has_typescript() -> bool {
    has(
        "node",
        &[
            "-e",
            "process.exit(process.features.typescript && globalThis.WebSocket ? 0 : 1)",
        ],
        "node of version 22.18 or later",
    )
}

#[cfg(feature = "store")]
#[tokio::test]
async fn python_echoes_each_message_once_whoever_was_away() {
    if has_websockets() {
        echoes_each_message_once("python3", "echo.py").await;
    }
}

#[cfg(feature = "store")]
#[tokio::test]
async fn typescript_echoes_each_message_once_whoever_was_away() {
    if has_typescript() {
        echoes_each_message_once("node", "echo.ts").await;
    }
}

#[cfg(feature = "store")]
async fn echoes_each_message_once(interpreter: &str, name: &str) {
    let home = Scratch::new();
    let mut daemon = Daemon::start(&home.0);
    let position = home.0.join("position").display().to_string();
    let start = |gateway: &Gateway| {
        let mut command = script_command(gateway, &home.0, interpreter, name, &[&position]);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().expect("it starts")
    };
    let mut client = daemon.listener(&["message.*"]).await;
    let mut bot = start(&daemon);
    until_subscribed(&mut client, name).await;
    assert_eq!(echoed(&mut client, "one").await, "one");

    // The bot is away.
    bot.kill().expect("it runs");
    bot.wait().expect("it ends");
    say(&mut client, "two").await;
    let mut bot = start(&daemon);
    assert_eq!(next_answer(&mut client).await, "two");

    // The daemon is away, and comes back at the same address.
    let port = daemon.gateway.address.port().to_string();
    daemon.kill();
    drop(daemon);
    let daemon = Daemon::start_with(&home.0, &[("PORT", &port)]);
    let mut client = daemon.listener(&["message.*"]).await;
    assert_eq!(echoed(&mut client, "three").await, "three");
    let query = json!({"channel": "webchat", "peer": "ana", "limit": 100});
    let page = client.call("history", &query).await.expect("a page");
    let texts = page["messages"].as_array().expect("messages").iter();
    let answers: Vec<_> = texts
        .filter(|message| message["direction"] == "out")
        .map(|message| message["text"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(answers, ["one", "two", "three"]);
    bot.kill().expect("it runs");
    bot.wait().expect("it ends");
}

/// Asks until the bot hears messages.
#[cfg(feature = "store")]
async fn until_subscribed(client: &mut Client, name: &str) {
    let deadline = std::time::Instant::now() + crate::support::PATIENCE;
    while std::time::Instant::now() < deadline {
        let clients = client.call("clients", &json!({})).await.expect("listed");
        let all = clients["clients"].as_array().expect("a list");
        let hears = |one: &Value| one["name"] == name && one["topics"][0] == "message.received";
        if all.iter().any(hears) {
            return;
        }
    }
    panic!("{name} never subscribed");
}

#[cfg(feature = "store")]
async fn say(client: &mut Client, text: &str) {
    let message = json!({"channel": "webchat", "peer": "ana", "text": text});
    client.call("receive", &message).await.expect("stored");
}

#[cfg(feature = "store")]
async fn next_answer(client: &mut Client) -> String {
    let is_answer = |event: &Value| event["direction"] == "out" && event["state"] == "queued";
    let answer = event_where(client, is_answer).await;
    answer["text"].as_str().unwrap_or_default().to_owned()
}

#[cfg(feature = "store")]
async fn echoed(client: &mut Client, text: &str) -> String {
    say(client, text).await;
    next_answer(client).await
}

#[test]
fn node_pings_and_sends() {
    if !has(
        "node",
        &["--input-type=module", "-e", "import 'ws'"],
        "ws for node (npm install ws)",
    ) {
        return;
    }
    let daemon = Shared::daemon();
    let (code, out, stderr) = script(&daemon, &daemon.home, "node", "ping.mjs", &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(out.contains("Hello from Node"), "{out}");
}

#[test]
fn curl_posts_commands() {
    if !has("curl", &["--version"], "curl") {
        return;
    }
    let daemon = Shared::daemon();
    let (code, out, stderr) = script(&daemon, &daemon.home, "sh", "rpc.sh", &[]);
    assert_eq!(code, 0, "{stderr}");
    assert!(
        out.contains("\"uptime_ms\"") && out.contains("\"message_id\":\"m-"),
        "{out}"
    );
}
