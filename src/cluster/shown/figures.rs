//! Numbers for monitoring.

use std::sync::atomic::Ordering;

use crate::cluster::handle::Cluster;

impl Cluster {
    /// All of them: name, kind, what it is, and its value.
    pub fn figures(&self) -> Vec<(&'static str, &'static str, &'static str, u64)> {
        let here = &self.settings.node;
        let (nodes, owners) = {
            let leases = self.leases();
            (leases.nodes().len(), leases.owners(here))
        };
        let owned = owners
            .iter()
            .filter(|owner| owner.node.as_ref() == Some(here));
        let unowned = owners.iter().filter(|owner| owner.node.is_none());
        let report = self.report();
        let waiting = self.survey().waiting;
        vec![
            (
                "cluster_bus_up",
                "gauge",
                "1 while the streams of the cluster can be used.",
                u64::from(self.bus.away_since_ms().is_none()),
            ),
            (
                "cluster_nodes",
                "gauge",
                "Machines that are there, as seen last.",
                nodes as u64,
            ),
            (
                "cluster_channels_owned",
                "gauge",
                "Channels that this machine sends on.",
                owned.count() as u64,
            ),
            (
                "cluster_channels_unowned",
                "gauge",
                "Channels that no machine sends on.",
                unowned.count() as u64,
            ),
            (
                "cluster_events_behind",
                "gauge",
                "Events of the cluster not applied here yet.",
                report.behind,
            ),
            (
                "cluster_events_unpublished",
                "gauge",
                "Events of this machine that the cluster does not have yet.",
                report.to_publish,
            ),
            (
                "cluster_messages_unsettled",
                "gauge",
                "Messages that this machine is to send or sends.",
                report.unsettled,
            ),
            (
                "cluster_messages_waiting",
                "gauge",
                "Messages in the cluster that are still to be sent, by any machine.",
                waiting,
            ),
            (
                "cluster_lease_changes_total",
                "counter",
                "Leases of channels that this machine took, lost or gave up.",
                self.lease_changes.load(Ordering::Relaxed),
            ),
        ]
    }
}
