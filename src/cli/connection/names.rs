//! The names of the people whom the gateway has conversations with.

use serde_json::json;

use crate::{cli::output::Names, client::Client};

/// How many conversations are asked for, the newest first.
const ASKED: u64 = 1000;

/// The names of those on a channel, or on all. None where the gateway does not tell: they make lines easier
/// to read, and without them addresses stand there.
pub(crate) async fn names(client: &mut Client, channel: Option<&str>) -> Names {
    let mut payload = json!({"limit": ASKED});
    if let Some(channel) = channel {
        payload["channel"] = json!(channel);
    }
    let answer = client.call("conversations", &payload).await;
    answer.map_or_else(|_| Names::default(), |answer| Names::of(&answer))
}
