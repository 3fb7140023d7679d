//! What the store is given to do without the gateway, and how that is counted.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use cleudocodebot::store::{self, Draft, HistoryQuery, Inbound, Store};

use super::support::Result;

/// The store's file in a home.
pub(crate) const FILE: &str = "messages.redb";

/// Messages in a page of `history`.
const PAGE: usize = 50;

/// Pages asked for.
pub(crate) const PAGES: usize = 100;

pub(crate) fn median(rates: &mut [f64]) -> f64 {
    rates.sort_unstable_by(f64::total_cmp);
    rates.get(rates.len() / 2).copied().unwrap_or(0.0)
}

pub(crate) fn open(folder: &Path) -> Result<Store> {
    let options = store::StoreOptions {
        path: folder.join(FILE),
        ..store::StoreOptions::default()
    };
    Ok(Store::open(options, drop)?)
}

fn draft(conversation: usize) -> Draft {
    Draft {
        channel: "webchat".to_owned(),
        peer: format!("bench-{conversation}"),
        text: "x".repeat(64),
        ..Draft::default()
    }
}

fn inbound(conversation: usize) -> Inbound {
    Inbound {
        channel: "webchat".to_owned(),
        peer: format!("bench-{conversation}"),
        text: "x".repeat(64),
        ..Inbound::default()
    }
}

/// Messages a second that are on disk, queued `depth` at a time: one commit for each batch.
pub(crate) async fn store_rate(
    store: &Store,
    depth: usize,
    conversations: usize,
    time: Duration,
) -> Result<f64> {
    let (mut done, begun) = (0, Instant::now());
    while begun.elapsed() < time {
        let drafts = (done..done + depth).map(|number| draft(number % conversations));
        let waiting: Vec<_> = drafts.map(|draft| store.queue(draft)).collect();
        for pending in waiting {
            pending?.await?;
        }
        done += depth;
    }
    Ok(done as f64 / begun.elapsed().as_secs_f64())
}

/// Stores `count` inbound messages, which is what most of a large store consists of.
pub(crate) async fn fill(home: &Path, count: usize, conversations: usize) -> Result<()> {
    cleudocodebot::fs::create_private_dir(home)?;
    let store = open(home)?;
    let mut waiting = Vec::new();
    for number in 0..count {
        waiting.push(store.receive(inbound(number % conversations))?);
        if waiting.len() == 4096 || number + 1 == count {
            for pending in waiting.drain(..) {
                pending.await?;
            }
        }
    }
    store.close();
    Ok(())
}

/// The median time of a page of history; half of the pages are of one conversation.
pub(crate) fn page_time(store: &Store, conversations: usize) -> Result<Duration> {
    let mut times = Vec::new();
    for number in 0..PAGES {
        let peer = (number % 2 == 0).then(|| format!("bench-{}", number % conversations));
        let query = HistoryQuery {
            channel: Some("webchat".to_owned()),
            peer,
            limit: PAGE,
            max_bytes: 1 << 20,
            ..HistoryQuery::default()
        };
        let begun = Instant::now();
        store.history(&query)?;
        times.push(begun.elapsed());
    }
    times.sort_unstable();
    Ok(times[times.len() / 2])
}
