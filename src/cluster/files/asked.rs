//! A file that somebody needs here: a client that asks for it, an agent, a message of ours that has it. It is fetched once,
//! however many ask, and goes on coming when they stop asking.

use std::{sync::Arc, time::Duration};

use tokio::{sync::watch, time::timeout};

use super::fetches::Outcome;
use crate::{
    cluster::handle::Cluster,
    log::LogField,
    media::{About, Fetching, FileSource, MediaError, NotFetched},
    message::{MediaId, Message, media::kept_files},
    panics::contained,
};

/// Files that are fetched or wait for it.
const MAX_WAITING: usize = 256;

/// The longest that somebody waits for a file; it goes on coming.
const ASKER_WAITS: Duration = Duration::from_secs(120);

impl FileSource for Cluster {
    fn fetch(self: Arc<Self>, id: MediaId) -> Fetching {
        Box::pin(async move {
            let mut outcome = self.begin_fetch(id)?;
            let not_yet = || Err(MediaError::Elsewhere(id, NotFetched::UnderWay));
            match timeout(ASKER_WAITS, outcome.wait_for(Option::is_some)).await {
                Ok(Ok(done)) => done.clone().unwrap_or_else(not_yet),
                _ => not_yet(),
            }
        })
    }
}

impl Cluster {
    /// Has the files of a message fetched that is to be sent here, before its turn comes.
    pub(in crate::cluster) async fn fetch_ahead(self: &Arc<Self>, message: &Message) {
        for id in kept_files(message.media.as_ref()) {
            let row = self.media.row(id).await;
            if row.is_ok_and(|row| row.is_some_and(|row| row.is_elsewhere)) {
                // What does not come now is asked for again by its delivery.
                let _ = self.begin_fetch(id);
            }
        }
    }

    /// Fetches a file, unless that is under way.
    fn begin_fetch(self: &Arc<Self>, id: MediaId) -> Result<watch::Receiver<Outcome>, MediaError> {
        let mut under_way = self.fetches.under_way();
        if let Some(outcome) = under_way.get(&id) {
            return Ok(outcome.clone());
        }
        if under_way.len() >= MAX_WAITING {
            return Err(MediaError::Busy);
        }
        let (tell, outcome) = watch::channel(None);
        under_way.insert(id, outcome.clone());
        let it = Arc::clone(self);
        tokio::spawn(async move {
            let fetched = contained(Box::pin(it.fetch_file(id))).await;
            let fetched = fetched.unwrap_or_else(|panic| Err(MediaError::Disk(panic)));
            if let Err(error) = &fetched {
                let fields: [LogField<'_>; 2] = [("file", &id), ("error", error)];
                let text = "a file of another machine cannot be fetched";
                it.log.warn_limited("cluster", text, &fields);
            }
            it.fetches.under_way().remove(&id);
            tell.send_replace(Some(fetched));
        });
        Ok(outcome)
    }

    /// From the bus, or from the machine that has it, by the bus.
    async fn fetch_file(&self, id: MediaId) -> Result<(), MediaError> {
        let _turn = self.fetches.turns.acquire().await;
        let away = || MediaError::Elsewhere(id, NotFetched::BusAway);
        let streams = self.streams_now().ok_or_else(away)?;
        if self.read_file(&streams, id, About::default()).await? {
            return Ok(());
        }
        let is_given = self.ask_for(id).await;
        if is_given && self.read_file(&streams, id, About::default()).await? {
            return Ok(());
        }
        let why = if self.bus.is_connected() {
            NotFetched::Nowhere
        } else {
            NotFetched::BusAway
        };
        Err(MediaError::Elsewhere(id, why))
    }
}
