//! Joining a cluster: before any channel runs, so that none of them runs on two machines.

use std::sync::Arc;

use super::{Daemon, channels::ChannelRegistry};
use crate::{
    cluster::{Cluster, ClusterParts, ClusterSettings, Owners},
    error::Result,
    gateway::CommitListeners,
    message::Message,
    protocol::describe::EventName,
    router::Router,
    store::ORIGIN,
};

/// What of the daemon a cluster needs, and its handle once it is joined.
pub(super) struct Clustering {
    registry: Arc<ChannelRegistry>,
    router: Arc<Router>,
    listeners: Arc<CommitListeners>,
    cluster: Option<Arc<Cluster>>,
}

/// Whether a message is a copy of one that another machine stored first.
pub(in crate::daemon) fn is_copy(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta[ORIGIN].is_string())
}

impl Clustering {
    pub(super) fn new(
        registry: Arc<ChannelRegistry>,
        router: Arc<Router>,
        listeners: Arc<CommitListeners>,
    ) -> Self {
        Self {
            registry,
            router,
            listeners,
            cluster: None,
        }
    }

    /// Gives up what this machine owns, so that another need not wait.
    pub(super) async fn end(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.end().await;
        }
    }
}

impl Daemon {
    /// Makes it a node of the cluster that the settings name, if they name one.
    pub(super) async fn join(mut self, settings: Option<ClusterSettings>) -> Result<Self> {
        let Some(settings) = settings else {
            return Ok(self);
        };
        let clustering = &mut self.clustering;
        let parts = ClusterParts {
            settings,
            home: self.gateway.settings().home.clone(),
            store: self.store.clone(),
            media: self.media.clone(),
            router: Arc::clone(&clustering.router),
            log: self.log.clone(),
        };
        let cluster = Cluster::open(parts).await?;
        let (gateway, owners) = (
            Arc::downgrade(&self.gateway),
            Arc::downgrade(&clustering.registry),
        );
        let owners: std::sync::Weak<dyn Owners> = owners;
        cluster.attach(owners, move |topic, data| {
            if let (Some(gateway), Some(name)) = (gateway.upgrade(), EventName::app(topic)) {
                gateway.publish(name, |out| out.push_str(data));
            }
        });
        let heard = Arc::clone(&cluster);
        clustering
            .listeners
            .on_event(move |event| heard.stored(event));
        clustering.registry.join_cluster();
        self.gateway.join(Arc::clone(&cluster));
        self.tasks.spawn(Arc::clone(&cluster).work());
        clustering.cluster = Some(cluster);
        Ok(self)
    }
}
