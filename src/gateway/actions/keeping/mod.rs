//! The actions about what is kept, and for how long: a person is forgotten, old messages are purged.

mod forget;
mod purge;
mod traces;

pub(super) use self::{forget::forget, purge::purge};
use crate::{gateway::Gateway, media::MediaError, protocol::error_code::Fault, store::Store};

/// Fails while a backup copies the files: nothing is removed half.
fn expect_no_backup(gateway: &Gateway) -> Result<(), Fault> {
    if gateway.media.is_held() {
        return Err(MediaError::Held.into());
    }
    Ok(())
}

/// Writes the message file anew. Where that fails the rows are gone all the same.
async fn rewrite(gateway: &Gateway) -> Result<(), Fault> {
    let rewritten = gateway.store.run_blocking(Store::rewrite).await;
    rewritten.map_err(|why| {
        Fault::internal(format!(
            "the messages are removed, but their bytes may still be in the message file: {why}; see to that and ask again"
        ))
    })
}
