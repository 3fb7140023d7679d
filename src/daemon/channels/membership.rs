//! A channel's part in a cluster, as it is kept with the channel.

use std::sync::{Arc, PoisonError, RwLock, atomic::AtomicBool};

use crate::cluster::fence::Fence;

/// A channel's part in a cluster.
#[derive(Default)]
pub(super) struct Membership {
    /// Set before it is supervised, and never taken back.
    pub(super) is_clustered: AtomicBool,
    fence: RwLock<Option<Arc<Fence>>>,
}

impl Membership {
    /// The lease it runs by.
    pub(super) fn fence(&self) -> Option<Arc<Fence>> {
        let fence = self.fence.read();
        fence.unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn set_fence(&self, fence: Option<Arc<Fence>>) {
        *self.fence.write().unwrap_or_else(PoisonError::into_inner) = fence;
    }
}
