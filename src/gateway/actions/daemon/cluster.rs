//! The actions about the cluster: status, hand-over, drain.

use std::sync::Arc;

use crate::{
    cluster::Cluster,
    gateway::{
        Gateway,
        actions::answer::{Answer, CommandResult},
    },
    protocol::{
        error_code::{ErrorCode, Fault},
        payload::Payload,
    },
};

fn joined(gateway: &Gateway) -> Result<&Arc<Cluster>, Fault> {
    let alone = || {
        let text = "this machine is in no cluster; CLUSTER_URL in .env joins it to one";
        Fault::new(ErrorCode::NotFound, text)
    };
    gateway.cluster.get().ok_or_else(alone)
}

pub(in crate::gateway::actions) fn show(gateway: &Gateway) -> CommandResult {
    Ok(joined(gateway)?.json().to_string())
}

pub(in crate::gateway::actions) fn drain(gateway: &Gateway) -> CommandResult {
    let cluster = joined(gateway)?;
    cluster.drain();
    Ok(cluster.json().to_string())
}

pub(in crate::gateway::actions) fn hand_over(gateway: &Gateway, payload: &Payload) -> Answer {
    let cluster = match joined(gateway) {
        Ok(cluster) => Arc::clone(cluster),
        Err(fault) => return Answer::Now(Err(fault)),
    };
    let (channel, node) = (
        payload.text("channel").to_owned(),
        payload.text("node").to_owned(),
    );
    Answer::Unordered(Box::pin(async move {
        let asked = cluster.hand_over(&channel, &node).await;
        asked.map_err(|why| Fault::new(ErrorCode::Conflict, why))?;
        Ok(cluster.json().to_string())
    }))
}

/// What somebody should know of the cluster, behind what there is to know besides.
pub(super) fn with_notes(gateway: &Gateway, mut notes: Vec<String>) -> Vec<String> {
    if let Some(cluster) = gateway.cluster.get() {
        let zone = gateway.settings().zone.clone();
        notes.extend(cluster.notes(|at_ms| zone.show(at_ms)));
    }
    notes
}
