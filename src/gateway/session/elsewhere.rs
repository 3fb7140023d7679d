//! Where the replay begins of a client that comes from another machine of the cluster.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
};

use tokio::task::JoinHandle;

use crate::{
    cluster::{ClusterCursor, HeardElsewhere},
    gateway::{Gateway, clients::handle::ClientHandle},
};

/// The wait for the beginning of a replay.
pub(super) struct Elsewhere {
    cursor: ClusterCursor,
    finding: Option<JoinHandle<Result<(u64, HeardElsewhere), String>>>,
}

impl Elsewhere {
    pub(super) fn new(cursor: ClusterCursor) -> Self {
        Self {
            cursor,
            finding: None,
        }
    }

    /// Behind which event of the own store it begins; from then on the client is not told what it heard there.
    pub(super) fn poll_begin(
        &mut self,
        cx: &mut Context<'_>,
        gateway: &Gateway,
        handle: &Arc<ClientHandle>,
    ) -> Poll<Result<u64, String>> {
        let cursor = &self.cursor;
        let finding = self.finding.get_or_insert_with(|| {
            let bus = &gateway.listeners.bus;
            let (cluster, last) = (bus.cursors.cluster(), bus.last_seq());
            let cursor = cursor.clone();
            tokio::spawn(async move {
                let cluster = cluster.ok_or("this machine is in no cluster")?;
                cluster.resume(cursor, last).await
            })
        });
        let begin = ready!(Pin::new(finding).poll(cx));
        let begin = begin.unwrap_or_else(|error| Err(error.to_string()));
        Poll::Ready(begin.map(|(since, heard)| {
            handle.comes_with(heard);
            since
        }))
    }
}
