//! Agents in the box: started, answering, changed by a reload, and gone with the daemon however that ends.

use std::{fs, path::Path, process::Command, time::Instant};

use cleudocodebot::client::Client;
use serde_json::{Value, json};

use crate::support::{Daemon, PATIENCE, Scratch, daemon_command, event_where};

/// A daemon with these settings in its `.env`.
fn daemon_with(home: &Scratch, settings: &str) -> Daemon {
    write_settings(home, settings);
    Daemon::from_command(daemon_command(&home.0), &home.0)
}

/// Writes a `.env` with a token and these settings.
fn write_settings(home: &Scratch, settings: &str) {
    let path = home.0.join(".env");
    let token = "0123456789abcdef0123456789abcdef";
    let text = format!("CLEUDOCODEBOT_TOKEN={token}\nAGENT_GATHER=1ms\n{settings}\n");
    fs::write(&path, text).expect("written");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("private");
    }
}

async fn says(client: &mut Client, text: &str) {
    let message = json!({"channel": "webchat", "peer": "ana", "text": text});
    client.call("receive", &message).await.expect("received");
}

/// Waits for an answer with this text.
async fn hears(client: &mut Client, text: &str) {
    event_where(client, |message| {
        message["direction"] == "out" && message["text"] == text
    })
    .await;
}

/// Waits until an agent is in this state.
async fn until_agent(client: &mut Client, name: &str, state: &str) -> Value {
    event_where(client, |agent| {
        agent["name"] == name && agent["state"] == state
    })
    .await
}

/// The processes of agents whose daemon has this home.
fn agents_of(home: &Path) -> Vec<String> {
    let listed = Command::new("ps")
        .args(["-A", "-o", "command="])
        .output()
        .expect("ps");
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    let home = home.display().to_string();
    let is_agent = |line: &&str| line.contains("--follow-stdin") && line.contains(&home);
    listed.lines().filter(is_agent).map(str::to_owned).collect()
}

fn until_none_is_left(home: &Path) {
    let deadline = Instant::now() + PATIENCE;
    while let left = agents_of(home)
        && !left.is_empty()
    {
        assert!(Instant::now() < deadline, "left: {left:?}");
    }
}

#[cfg(unix)]
#[tokio::test]
async fn a_program_answers_and_its_agent_ends_when_the_daemon_is_killed() {
    let home = Scratch::new();
    let mut daemon = daemon_with(&home, "AGENT=exec\nAGENT_EXEC=tr a-z A-Z");
    let mut client = daemon.listener(&["message.*"]).await;
    says(&mut client, "hello there").await;
    hears(&mut client, "HELLO THERE").await;
    assert_eq!(agents_of(&home.0).len(), 1);
    daemon.kill();
    until_none_is_left(&home.0);
}

#[cfg(unix)]
#[tokio::test]
async fn a_reload_starts_changes_and_ends_agents() {
    let home = Scratch::new();
    let daemon = daemon_with(&home, "");
    assert!(agents_of(&home.0).is_empty(), "no agent is set");
    let mut client = daemon.listener(&["agent.*", "message.*"]).await;
    write_settings(&home, "AGENT=exec");
    client.call("reload", &json!({})).await.expect("reloaded");
    let parked = until_agent(&mut client, "exec", "parked").await;
    let why = parked["last_error"].as_str().expect("why");
    assert!(why.contains("AGENT_EXEC"), "{why}");
    write_settings(&home, "AGENT=exec\nAGENT_EXEC=tr a-z A-Z");
    client.call("reload", &json!({})).await.expect("reloaded");
    until_agent(&mut client, "exec", "running").await;
    says(&mut client, "one").await;
    hears(&mut client, "ONE").await;
    write_settings(&home, "AGENT=exec\nAGENT_EXEC=tr a-z b-za");
    client.call("reload", &json!({})).await.expect("reloaded");
    until_agent(&mut client, "exec", "running").await;
    says(&mut client, "hal").await;
    hears(&mut client, "ibm").await;
    write_settings(&home, "");
    client.call("reload", &json!({})).await.expect("reloaded");
    until_none_is_left(&home.0);
}

#[tokio::test]
async fn an_agent_is_stopped_and_started() {
    let home = Scratch::new();
    let daemon = daemon_with(&home, "AGENT=echo");
    let mut client = daemon.listener(&["agent.*", "message.*"]).await;
    says(&mut client, "one").await;
    hears(&mut client, "one").await;
    client
        .call("agent.stop", &json!({"name": "echo"}))
        .await
        .expect("stopped");
    until_agent(&mut client, "echo", "stopped").await;
    client
        .call("agent.start", &json!({"name": "echo"}))
        .await
        .expect("started");
    until_agent(&mut client, "echo", "running").await;
    says(&mut client, "two").await;
    hears(&mut client, "two").await;
}
