//! `send` in a cluster: the idempotency key is claimed on all nodes, and the answer waits for the bus where the settings
//! say so.

use serde_json::json;

use crate::{
    cluster::Cluster,
    gateway::Gateway,
    message::{Message, State},
    protocol::error_code::{ErrorCode, Fault},
    store::{Draft, StoreError},
};

/// After how long a message may be sent again that the bus did not acknowledge.
const AGAIN_MS: u64 = 5_000;

/// Claims the key of a message on all nodes.
pub(super) async fn claim(cluster: &Cluster, draft: &Draft) -> Result<(), Fault> {
    let Some(key) = &draft.idempotency_key else {
        return Ok(());
    };
    // As JSON, which is the same by machines of different versions.
    let content = json!([
        draft.channel,
        draft.peer,
        draft.text,
        draft.content,
        draft.media,
        draft.meta,
        draft.kind.as_str(),
    ]);
    let content = content.to_string();
    if cluster.claim(key, &draft.channel, &content).await {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

/// Waits until a message may be acknowledged; why it waits, where the bus is away.
pub(super) async fn acknowledged(
    gateway: &Gateway,
    cluster: &Cluster,
    message: &Message,
) -> Result<Option<String>, Fault> {
    let waits = matches!(message.state, State::Queued | State::Scheduled);
    if !waits {
        return Ok(None);
    }
    let away = cluster.acknowledge(message.id, &message.channel).await;
    let away = away.map_err(|why| Fault::new(ErrorCode::QueueFull, why).retry_after(AGAIN_MS))?;
    Ok(away.map(|since_ms| format!("bus away since {}", gateway.settings().zone.show(since_ms))))
}
