//! `send` in a cluster: the idempotency key is claimed on all nodes, and the answer waits for the bus where the settings
//! say so.

use std::sync::Arc;

use super::{Answer, Writer, draft, held, sent_json, settled};
use crate::{
    cluster::Cluster,
    gateway::Gateway,
    message::{Message, State},
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
    store::{Draft, Pending, QueuedMessage, StoreError},
};

/// After how long a message may be sent again that the bus did not acknowledge.
const AGAIN_MS: u64 = 5_000;

/// How far a message is.
enum Queueing {
    /// On its way to the disk.
    Begun(Pending<QueuedMessage>),
    /// Its key is to be claimed first.
    Claims(Box<Draft>),
}

pub(super) fn queue(
    gateway: &Arc<Gateway>,
    cluster: &Arc<Cluster>,
    payload: Payload,
    writer: Writer,
) -> Answer {
    let wait = payload.flag("wait");
    let draft = match draft(gateway, payload) {
        Ok(draft) => draft,
        Err(fault) => return Answer::Now(Err(fault)),
    };
    if writer == Writer::Person {
        gateway.agents.wrote_by_hand(&draft.channel, &draft.peer);
    }
    let (gateway, cluster) = (Arc::clone(gateway), Arc::clone(cluster));
    // Without a key nobody is asked first: it is on its way to the disk before the next command is read.
    let queued = match draft.idempotency_key {
        None => match gateway.store.queue(draft) {
            Ok(pending) => Queueing::Begun(pending),
            Err(error) => return Answer::Now(Err(error.into())),
        },
        Some(_) => Queueing::Claims(Box::new(draft)),
    };
    let sent = Box::pin(async move {
        let pending = match queued {
            Queueing::Begun(pending) => pending,
            Queueing::Claims(draft) => {
                claim(&cluster, &draft).await?;
                gateway.store.queue(*draft)?
            }
        };
        let queued = pending.await?;
        let away = acknowledged(&gateway, &cluster, &queued.message).await?;
        if wait {
            let settled = settled(&gateway, queued.message).await?;
            return Ok(sent_json(&settled, queued.duplicate, None));
        }
        let held = held(&gateway, &queued.message).or(away);
        Ok(sent_json(&queued.message, queued.duplicate, held))
    });
    if wait {
        Answer::Unordered(sent)
    } else {
        Answer::Later(sent)
    }
}

async fn claim(cluster: &Cluster, draft: &Draft) -> Result<(), Fault> {
    let Some(key) = &draft.idempotency_key else {
        return Ok(());
    };
    let content = format!(
        "{:?}",
        (
            &draft.channel,
            &draft.peer,
            &draft.text,
            &draft.content,
            &draft.media,
            &draft.meta,
            draft.kind
        )
    );
    if cluster.claim(key, &draft.channel, &content).await {
        Ok(())
    } else {
        Err(StoreError::Conflict.into())
    }
}

/// Why the message waits, where the bus is away.
async fn acknowledged(
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
