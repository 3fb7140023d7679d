//! Starts or stops a channel and waits until its state says so.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::timeout;

use crate::{client::Client, error::Result};

/// How long a channel may take to come to its state before the present one is told.
const SETTLE: Duration = Duration::from_secs(3);

/// Does the action with the channel of this name; its status afterwards.
pub(super) async fn control(client: &mut Client, action: &str, name: &str) -> Result<Value> {
    let topics = json!({"topics": ["integration.state"]});
    client.call("subscribe", &topics).await?;
    let told = client.call(action, &json!({"name": name})).await?;
    let is_restart = action == "integration.restart";
    if is_restart || !is_settled(action, &told) {
        // Late, it is told as it is.
        let _ = timeout(SETTLE, settled(client, action, name)).await;
    }
    let all = client.call("integrations", &json!({})).await;
    let all = all.map(|answer| answer["integrations"].clone());
    let all = all.unwrap_or_default();
    let mut all = all.as_array().into_iter().flatten();
    Ok(all.find(|one| one["name"] == name).cloned().unwrap_or(told))
}

/// Waits for the state that the action leads to, or for the end of the connection.
async fn settled(client: &mut Client, action: &str, name: &str) {
    while let Ok(Some(event)) = client.event().await {
        if event.payload["name"] == name && is_settled(action, &event.payload) {
            return;
        }
    }
}

fn is_settled(action: &str, status: &Value) -> bool {
    let state = status["state"].as_str().unwrap_or_default();
    match action {
        "integration.stop" => state == "stopped",
        _ => !matches!(state, "starting" | "stopped"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_the_last_of_its_action_or_on_the_way() {
        let is_settled = |action: &str, state: &str| is_settled(action, &json!({"state": state}));
        assert!(is_settled("integration.stop", "stopped"));
        assert!(!is_settled("integration.stop", "running"));
        for state in ["running", "impaired", "parked", "backing_off", "away"] {
            assert!(is_settled("integration.start", state), "{state}");
        }
        for state in ["starting", "stopped"] {
            assert!(!is_settled("integration.restart", state), "{state}");
        }
    }
}
