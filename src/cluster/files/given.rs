//! A file that has left the bus: the machines are asked which of them has it, and one that does puts it there again.

use std::{sync::Arc, time::Duration};

use async_nats::{Message as BusMessage, Request};
use futures_util::StreamExt as _;
use tokio::time::sleep;

use crate::{
    cluster::handle::{Cluster, RETRY_WAIT},
    message::MediaId,
};

/// The longest that a machine is waited for that has the file, and that it may take to put it on the bus.
const FOUND_WITHIN: Duration = Duration::from_secs(3);
const GIVEN_WITHIN: Duration = Duration::from_secs(120);

/// Files put on the bus at a time for others, and questions answered at a time.
const MAX_GIVEN: usize = 2;
const MAX_ASKED: usize = 64;

impl Cluster {
    /// Says which files are here. Never ends.
    pub(in crate::cluster) async fn answer_who_has(self: Arc<Self>) {
        loop {
            let subject = self.bus.who_has_subject();
            if let Ok(asked) = self.bus.client.subscribe(subject).await {
                let answers =
                    asked.for_each_concurrent(MAX_ASKED, |asked| self.say_whether_here(asked));
                answers.await;
            }
            sleep(RETRY_WAIT).await;
        }
    }

    /// Who does not have it says nothing: the first answer is taken.
    async fn say_whether_here(&self, asked: BusMessage) {
        let (Some(id), Some(reply)) = (file_of(&asked), asked.reply) else {
            return;
        };
        if self.media.is_there(id) {
            let name = self.run.clone();
            let _ = self.bus.client.publish(reply, name.into()).await;
        }
    }

    /// Puts files on the bus again that another machine asks this one for. Never ends.
    pub(in crate::cluster) async fn give_files(self: Arc<Self>) {
        loop {
            let subject = self.bus.give_subject(&self.run);
            if let Ok(asked) = self.bus.client.subscribe(subject).await {
                let given = asked.for_each_concurrent(MAX_GIVEN, |asked| self.give(asked));
                given.await;
            }
            sleep(RETRY_WAIT).await;
        }
    }

    async fn give(&self, asked: BusMessage) {
        let (Some(id), Some(reply)) = (file_of(&asked), asked.reply) else {
            return;
        };
        let Some(streams) = self.streams_now() else {
            return;
        };
        if self.upload_one(&streams, id).await.is_ok() {
            let _ = self.bus.client.publish(reply, "".into()).await;
        }
    }

    /// Has a machine that has the file put it on the bus again; whether one did.
    pub(super) async fn ask_for(&self, id: MediaId) -> bool {
        let ask = |subject: String, within: Duration| {
            let request = Request::new().payload(id.to_string().into());
            let request = request.timeout(Some(within));
            self.bus.client.send_request(subject, request)
        };
        let Ok(found) = ask(self.bus.who_has_subject(), FOUND_WITHIN).await else {
            return false;
        };
        let Ok(run) = std::str::from_utf8(&found.payload) else {
            return false;
        };
        ask(self.bus.give_subject(run), GIVEN_WITHIN).await.is_ok()
    }
}

fn file_of(asked: &BusMessage) -> Option<MediaId> {
    std::str::from_utf8(&asked.payload).ok()?.parse().ok()
}
