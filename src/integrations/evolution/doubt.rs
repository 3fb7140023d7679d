//! Messages whose answer was lost, as the store knows them: which names the service gave to others,
//! and whether something it posts may be about one of them.

use super::wire::{NAME, bodies, remote_jid};
use crate::{
    message::State,
    store::{Store, StoreError},
};

/// The oldest messages in the outbox, among which are those under way.
const LOOKED_AT: usize = 128;

/// The first name that no message of ours goes by: the same text may have been sent before.
pub(super) async fn unclaimed(
    store: &Store,
    names: Vec<String>,
) -> Result<Option<String>, StoreError> {
    let read = move |store: &Store| {
        for name in names {
            if store.referred(NAME, &name)?.is_none() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    };
    store.beside(read).await
}

/// True where what became of a message to this peer, with this text where one is given, is not known
/// yet: a name that nobody knows may be the one it was given.
pub(super) async fn is_in_doubt(
    store: &Store,
    jid: Option<&str>,
    text: Option<&str>,
) -> Result<bool, StoreError> {
    let (jid, text) = (jid.map(str::to_owned), text.map(str::to_owned));
    let read = move |store: &Store| {
        let waiting = store.outbox(NAME, None, LOOKED_AT)?;
        let found = waiting.iter().any(|(message, _)| {
            let unsure = message.state == State::Sending && message.error.is_none();
            let to_them = || {
                jid.as_ref()
                    .is_none_or(|jid| *jid == remote_jid(&message.peer))
            };
            let says = |text: &String| {
                bodies(message)
                    .iter()
                    .any(|(_, body)| body["text"] == *text)
            };
            unsure && to_them() && text.as_ref().is_none_or(says)
        });
        Ok(found)
    };
    store.beside(read).await
}
