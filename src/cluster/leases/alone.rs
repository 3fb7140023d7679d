//! Going on by itself where no other machine has a channel's credentials, and stopping that before one can own it.

use std::{collections::BTreeSet, sync::Arc};

use tokio::task::AbortHandle;

use super::look::{Look, keys};
use crate::{
    cluster::{
        bus::Streams,
        fence::{Fence, HOLD_FOR, Moment},
        handle::{Cluster, Owners},
    },
    router::Wakeup,
};

impl Cluster {
    /// Goes by itself where nobody else stands for the channel, and stops that before somebody else can own it.
    pub(super) async fn settle_alone(
        &self,
        streams: &Streams,
        look: &Look,
        channel: &str,
        fence: &Fence,
    ) {
        let (here, key) = (&self.settings.node, format!("alone.{channel}"));
        let has_rivals = |stands: &BTreeSet<(String, String)>| {
            stands
                .iter()
                .any(|(name, node)| name == channel && node != here)
        };
        let marked = look.alone.get(channel);
        if has_rivals(&look.stands) {
            fence.set_alone(false);
            self.kept.change(|kept| {
                kept.alone.remove(channel);
            });
            // On disk before another may own the channel: a start without the bus goes by the file.
            self.kept.save(&self.log).await;
            if marked == Some(here) {
                let _ = streams.stands.delete(&key).await;
            }
            return;
        }
        if marked.is_none() && streams.stands.put(&key, here.clone().into()).await.is_err() {
            return;
        }
        if fence.is_alone() || marked.is_some_and(|node| node != here) {
            return;
        }
        // Whoever stands from here on sees the mark first.
        let Some(keys) = keys(&streams.stands).await else {
            return;
        };
        let start = format!("stand.{channel}.");
        let is_rival = |key: &String| key.strip_prefix(&start).is_some_and(|node| node != here);
        if !keys.iter().any(is_rival) {
            fence.set_alone(true);
            self.kept.change(|kept| {
                kept.alone.insert(channel.to_owned());
            });
        }
    }

    /// One look at one channel without the bus.
    pub(super) fn go_on(&self, owners: &dyn Owners, channel: &str) {
        let held = self
            .leases()
            .held
            .get(channel)
            .map(|held| Arc::clone(&held.fence));
        let was_alone = || self.kept.get().alone.contains(channel);
        let fence = match held {
            Some(fence) if fence.holds() => fence,
            Some(_) => return self.lose(owners, channel, "the bus is away"),
            None if was_alone() => {
                let fence = Fence::new(0, Moment::now(), HOLD_FOR);
                fence.set_alone(true);
                self.hold(channel, &fence, None);
                fence
            }
            None => {
                return owners.stand_by(channel, "the bus is away, and another machine may send");
            }
        };
        if !fence.is_alone() {
            return;
        }
        owners.take_over(channel, &fence);
        let reader = {
            let mut leases = self.leases();
            let Some(held) = leases.held.get_mut(channel).filter(|held| !held.goes_on) else {
                return;
            };
            held.goes_on = true;
            held.reader.take()
        };
        reader.inspect(AbortHandle::abort);
        self.router.wake(channel, Wakeup::Alone(true));
    }
}
