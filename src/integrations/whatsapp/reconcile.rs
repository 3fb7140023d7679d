//! Whose a message is that the service posts, as the store knows it: one of ours, perhaps one whose
//! answer was lost, or one written on the phone.

use super::{settings::NAME, steps::steps};
use crate::{
    integrations::ingress::Ingress,
    message::{Message, State},
    phone,
    store::{Store, StoreError},
};

/// Messages of the outbox read at once.
const PAGE: usize = 128;

/// Pages looked at. Whoever has more to send than they hold has what is posted asked for again.
const PAGES: usize = 32;

/// Something posted about a message that may be ours.
pub(super) struct Posted<'a> {
    /// The service's name of the message.
    pub(super) name: &'a str,
    /// The conversation, where it is known.
    pub(super) peer: Option<String>,
    /// The text, where it is told.
    pub(super) text: Option<&'a str>,
}

/// Whose a message is that the service names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Whose {
    /// It was sent from here.
    Ours,
    /// It may have been: to be posted again.
    InDoubt,
    /// It was not.
    NotOurs,
}

/// Takes a report on a message, where it is one of ours. A name comes to disk in the commit that
/// ends the doubt about its message, so where no doubt is left the second look finds it.
pub(super) async fn report(
    ingress: &Ingress,
    posted: &Posted<'_>,
    state: State,
    error: Option<String>,
) -> Result<Whose, StoreError> {
    if ingress.report(posted.name, state, error.clone()).await? {
        return Ok(Whose::Ours);
    }
    if is_in_doubt(ingress.store(), posted).await? {
        return Ok(Whose::InDoubt);
    }
    Ok(if ingress.report(posted.name, state, error).await? {
        Whose::Ours
    } else {
        Whose::NotOurs
    })
}

/// The first name that no message here goes by: the same may have been sent before, or from the phone.
pub(super) async fn unclaimed(
    store: &Store,
    names: Vec<String>,
) -> Result<Option<String>, StoreError> {
    let read = move |store: &Store| {
        for name in names {
            if store.referred(NAME, &name)?.is_none() && store.named(NAME, &name)?.is_none() {
                return Ok(Some(name));
            }
        }
        Ok(None)
    };
    store.run_blocking(read).await
}

/// Whether what became of a message like this is not known yet: a name that nobody knows may be
/// the one it was given.
async fn is_in_doubt(store: &Store, posted: &Posted<'_>) -> Result<bool, StoreError> {
    let (peer, text) = (posted.peer.clone(), posted.text.map(str::to_owned));
    let may_be = move |message: &Message| {
        message.state == State::Sending
            && message.error.is_none()
            && peer
                .as_ref()
                .is_none_or(|peer| *peer == phone::person(&message.peer))
            && text.as_ref().is_none_or(|text| says(message, text))
    };
    let read = move |store: &Store| {
        let mut after = None;
        for _ in 0..PAGES {
            let page = store.outbox(NAME, after, PAGE)?;
            if page.iter().any(|(message, _)| may_be(message)) {
                return Ok(true);
            }
            after = page.last().map(|(message, _)| message.id);
            if page.len() < PAGE {
                return Ok(false);
            }
        }
        Ok(true)
    };
    store.run_blocking(read).await
}

/// Whether a step that brings the message out shows this text.
fn says(message: &Message, text: &str) -> bool {
    steps(message).iter().any(|step| step.shown() == text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fs::scratch::Scratch,
        store::{Draft, StatusUpdate, StoreOptions},
    };

    /// A store with so many messages to send, the last one under way, as the look at them sees it.
    async fn seen(waiting: usize, last: State) -> bool {
        let folder = Scratch::new();
        let options = StoreOptions {
            path: folder.path().join("messages.redb"),
            ..StoreOptions::default()
        };
        let store = Store::open(options, |_| {}).expect("a store");
        let drafts = (0..waiting).map(|number| Draft {
            channel: NAME.to_owned(),
            peer: number.to_string(),
            text: "hi".to_owned(),
            ..Draft::default()
        });
        let queued: Vec<_> = drafts.map(|draft| store.queue(draft)).collect();
        let mut newest = None;
        for pending in queued {
            newest = Some(pending.expect("room").await.expect("queued").message);
        }
        let newest = newest.expect("a message");
        let step = store
            .advance(newest.id, StatusUpdate::to(last))
            .expect("taken");
        step.await.expect("written");
        let posted = Posted {
            name: "E1",
            peer: Some(newest.peer.clone()),
            text: Some("hi"),
        };
        let seen = is_in_doubt(&store, &posted).await.expect("read");
        store.close();
        seen
    }

    #[tokio::test]
    async fn a_message_under_way_is_seen_behind_all_that_wait() {
        for waiting in [1, PAGE, PAGE + 1, 5 * PAGE + 1] {
            assert!(seen(waiting, State::Sending).await, "{waiting}");
            assert!(!seen(waiting, State::Cancelled).await, "{waiting}");
        }
    }

    #[tokio::test]
    async fn an_outbox_too_long_to_be_looked_through_leaves_the_doubt() {
        assert!(!seen(PAGES * PAGE, State::Cancelled).await);
        assert!(seen(PAGES * PAGE + 1, State::Cancelled).await);
    }
}
