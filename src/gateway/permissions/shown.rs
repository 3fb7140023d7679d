//! What a request was let in by, for as long as that is good.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use tokio::sync::Notify;

use super::Access;
use crate::{clock, keys::Key};

/// The token of `.env` from one change of it to the next.
#[derive(Debug, Default)]
pub(in crate::gateway) struct TokenTerm {
    is_over: AtomicBool,
    over: Notify,
}

impl TokenTerm {
    fn end(&self) {
        self.is_over.store(true, Relaxed);
        self.over.notify_waiters();
    }

    async fn ended(&self) {
        let mut over = std::pin::pin!(self.over.notified());
        // Before the flag is looked at, so that none is missed in between.
        over.as_mut().enable();
        if !self.is_over.load(Relaxed) {
            over.await;
        }
    }
}

/// The present term of the owner's token.
#[derive(Debug, Default)]
pub(in crate::gateway) struct OwnerToken(Mutex<Arc<TokenTerm>>);

impl OwnerToken {
    fn term(&self) -> Arc<TokenTerm> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Another token counts from now on: whatever goes on by the former one ends.
    pub(in crate::gateway) fn changed(&self) {
        let mut term = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::take(&mut *term).end();
    }
}

/// What a request showed.
#[derive(Debug, Clone)]
pub(in crate::gateway) enum Shown {
    Key(Arc<Key>),
    Owner(Arc<TokenTerm>),
}

impl Shown {
    /// What lets in with this access; `None` for nobody.
    pub(in crate::gateway) fn of(access: &Access, owner: &OwnerToken) -> Option<Self> {
        match access {
            Access::Nobody => None,
            Access::Owner => Some(Self::Owner(owner.term())),
            Access::Key(key) => Some(Self::Key(Arc::clone(key))),
        }
    }

    /// Whether it lets in no longer.
    pub(in crate::gateway) fn is_over(&self) -> bool {
        match self {
            Self::Key(key) => !key.is_good(clock::now_ms()),
            Self::Owner(term) => term.is_over.load(Relaxed),
        }
    }

    /// Resolves once it lets in no longer.
    pub(in crate::gateway) async fn ended(&self) {
        match self {
            Self::Key(key) => key.ended().await,
            Self::Owner(term) => term.ended().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_the_former_token_began_ends_with_it() {
        let owner = OwnerToken::default();
        let former = Shown::of(&Access::Owner, &owner).expect("the owner");
        let wait = std::time::Duration::from_secs(1);
        assert!(tokio::time::timeout(wait, former.ended()).await.is_err());
        owner.changed();
        former.ended().await;
        let present = Shown::of(&Access::Owner, &owner).expect("the owner");
        assert!(tokio::time::timeout(wait, present.ended()).await.is_err());
        assert!(Shown::of(&Access::Nobody, &owner).is_none());
    }
}
