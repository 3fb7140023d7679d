//! What is there to answer with is found, and answers once it is chosen.

use serde_json::json;

use super::{Daemon, daemon_command, daemon_with, says};
use crate::support::{Scratch, assert_field, event_where, refusal};

/// A daemon without an agent on a machine that has a program to answer with, and nothing else.
fn daemon(scratch: &Scratch) -> Daemon {
    let mut command = daemon_command(&scratch.0);
    command
        .env("AGENT_PI", "/no/such/pi")
        .env("OLLAMA_HOST", "127.0.0.1:1");
    command.env("AGENT_EXEC", "cat").env("AGENT_GATHER", "50ms");
    Daemon::from_command(command, &scratch.0)
}

#[cfg(unix)]
#[tokio::test]
async fn what_is_found_answers_as_soon_as_it_is_chosen() {
    let home = Scratch::new();
    let daemon = daemon(&home);
    let mut page = daemon.listener(&["message.status", "agent.state"]).await;
    let found = page.call("agents.found", &json!({})).await.expect("found");
    let expected = json!([{"name": "exec", "title": "AGENT_EXEC", "models": []}]);
    assert_eq!(found["found"], expected);
    let choice = json!({"name": "exec"});
    let done = page.call("agent.choose", &choice).await.expect("chosen");
    assert_field(&done, "changed", json!(["agents", "agent exec"]));
    let env = std::fs::read_to_string(home.0.join(".env")).expect("there");
    assert!(env.lines().any(|line| line == "AGENT=exec"), "{env}");
    says(&mut page, "webchat", "ana", "hi").await;
    let said = event_where(&mut page, |event| event["direction"] == "out").await;
    assert_field(&said, "text", "hi");
}

#[tokio::test]
async fn what_is_not_there_and_what_would_not_count_is_refused() {
    let home = Scratch::new();
    let daemon = daemon(&home);
    let mut page = daemon.client().await;
    let choose = |name: &str| json!({"name": name});
    assert_eq!(
        refusal(&mut page, "agent.choose", choose("pi")).await,
        "not_found"
    );
    let model = json!({"name": "exec", "model": "r1"});
    assert_eq!(
        refusal(&mut page, "agent.choose", model).await,
        "bad_payload"
    );
    // The environment of this daemon names its agent.
    let other = Scratch::new();
    let named = daemon_with(&other.0, &[("AGENT_EXEC", "cat")]);
    let mut page = named.client().await;
    assert_eq!(
        refusal(&mut page, "agent.choose", choose("exec")).await,
        "conflict"
    );
    let env = std::fs::read_to_string(other.0.join(".env")).expect("there");
    assert!(!env.contains("\nAGENT=exec"), "{env}");
}
