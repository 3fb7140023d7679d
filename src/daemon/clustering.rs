//! Joining a cluster: before any channel runs, so that none of them runs on two machines.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::channels::ChannelRegistry;
use crate::{
    cluster::{Cluster, ClusterParts, ClusterSettings, Owners},
    error::Result,
    gateway::Gateway,
    log::Log,
    media::{FileSource, Media},
    message::{Message, ORIGIN},
    protocol::describe::EventName,
    router::Router,
    store::Store,
};

/// What of the daemon a cluster needs, and its handle once it is joined.
pub(super) struct Clustering {
    registry: Arc<ChannelRegistry>,
    router: Arc<Router>,
    cluster: Option<Arc<Cluster>>,
}

/// Whether a message is a copy of one that another machine stored first.
pub(in crate::daemon) fn is_copy(message: &Message) -> bool {
    let meta = message.meta.as_ref();
    meta.is_some_and(|meta| meta[ORIGIN].is_string())
}

impl Clustering {
    pub(super) fn new(registry: Arc<ChannelRegistry>, router: Arc<Router>) -> Self {
        Self {
            registry,
            router,
            cluster: None,
        }
    }

    /// Makes the daemon a node of the cluster that the settings name, if they name one.
    pub(super) async fn join(
        &mut self,
        settings: Option<ClusterSettings>,
        gateway: &Arc<Gateway>,
        (store, media, log): (&Store, &Media, &Log),
        tasks: &mut JoinSet<()>,
    ) -> Result<()> {
        let Some(settings) = settings else {
            return Ok(());
        };
        let parts = ClusterParts {
            settings,
            home: gateway.settings().home.clone(),
            store: store.clone(),
            media: media.clone(),
            router: Arc::clone(&self.router),
            log: log.clone(),
        };
        let cluster = Cluster::open(parts).await?;
        let source: Arc<dyn FileSource> = Arc::clone(&cluster) as _;
        media.attach(Arc::downgrade(&source));
        let listener = Arc::downgrade(gateway);
        let owners: Arc<dyn Owners> = Arc::clone(&self.registry) as _;
        cluster.attach(Arc::downgrade(&owners), move |topic, data| {
            if let (Some(gateway), Some(name)) = (listener.upgrade(), EventName::app(topic)) {
                gateway.publish(name, |out| out.push_str(data));
            }
        });
        self.registry.join_cluster();
        gateway.join(Arc::clone(&cluster));
        tasks.spawn(Arc::clone(&cluster).work());
        self.cluster = Some(cluster);
        Ok(())
    }

    /// Waits until the channels of other machines are known, for a moment at most.
    pub(super) async fn know_channels(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.know_channels().await;
        }
    }

    /// Gives up what this machine owns, so that another need not wait.
    pub(super) async fn end(&self) {
        if let Some(cluster) = &self.cluster {
            cluster.end().await;
        }
    }
}
