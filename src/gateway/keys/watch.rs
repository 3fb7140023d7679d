//! Ends keys when they expire, with the connections they opened.

use std::{sync::Arc, time::Duration};

use tokio::time::sleep;

use super::EXPIRED;
use crate::{clock, gateway::Gateway, log::LogField};

/// How long the clock is trusted: it may be set meanwhile.
const LONGEST: Duration = Duration::from_secs(60);

/// Runs until the daemon ends. Sleeps where no key expires.
pub async fn end_expired(gateway: Arc<Gateway>) {
    let ring = Arc::clone(gateway.keys.ring());
    loop {
        let changed = ring.changed();
        let now_ms = clock::now_ms();
        let next_ms = ring.next_expiry();
        if next_ms.is_some_and(|end| end <= now_ms) {
            end(&gateway, now_ms).await;
            continue;
        }
        match next_ms {
            None => changed.await,
            Some(end) => {
                let rest = Duration::from_millis(end - now_ms);
                tokio::select! {
                    () = changed => {}
                    () = sleep(rest.min(LONGEST)) => {}
                }
            }
        }
    }
}

async fn end(gateway: &Gateway, now_ms: u64) {
    for key in gateway.keys.ring().take_expired(now_ms) {
        gateway.close_of_key(&key, EXPIRED);
        let removed = gateway.keys.ring().revoke(&key).await;
        if let Err(error) = removed {
            let fields: [LogField<'_>; 2] = [("key", &key.id), ("error", &error)];
            let text = "the row of an expired key stays, and opens nothing";
            gateway.log.warn("keys", text, &fields);
        }
    }
}
