//! Watching over the house: signs of life for systemd, a line when the store fails and one when it
//! works again, and panics into the log.

use std::{sync::Arc, time::Duration};

use tokio::time::interval;

use super::sd_notify::SdNotify;
use crate::{
    clock::Utc,
    log::Log,
    panics::panic_text,
    store::{Store, StoreError},
};

/// How often the store's health is looked at.
const GLANCE: Duration = Duration::from_secs(1);

/// Tells the watchdog that we live only after the runtime turned, the reader read and the writer
/// thread answered or committed.
pub(in crate::daemon) async fn signs_of_life(
    sd_notify: Arc<SdNotify>,
    period: Duration,
    store: Store,
) {
    let mut ticks = interval(period);
    let mut commits = 0;
    loop {
        ticks.tick().await;
        let reader = store.clone();
        let read = tokio::task::spawn_blocking(move || reader.oldest_seq()).await;
        // A full disk is reported by /readyz and no reason to be killed: any answer but "closed" counts.
        // Where the queue is full, a commit since the last look shows that the writer works.
        let answered = match store.ping() {
            Ok(pending) => !matches!(pending.await, Err(StoreError::Closed)),
            Err(_) => store.health().commits != commits,
        };
        commits = store.health().commits;
        if read.is_ok() && answered {
            sd_notify.alive();
        }
    }
}

/// Says once when the store stops taking writes, and once when it takes them again.
pub(in crate::daemon) async fn watch_store(store: Store, log: Log) {
    let mut ticks = interval(GLANCE);
    let mut failing = false;
    loop {
        ticks.tick().await;
        let health = store.health();
        match (failing, health.failing_since_ms) {
            (false, Some(since)) => {
                let error = health.error.unwrap_or_default();
                let fields: [(&str, &(dyn std::fmt::Display + Sync)); 2] =
                    [("since", &Utc(since)), ("error", &error)];
                log.error(
                    "store",
                    "messages cannot be stored; nothing is acknowledged",
                    &fields,
                );
            }
            (true, None) => log.info("store", "messages can be stored again", &[]),
            _ => {}
        }
        failing = health.failing_since_ms.is_some();
    }
}

/// From here on a panic of any thread is a log line too, with the place it came from.
pub(in crate::daemon) fn log_panics(log: &Log) {
    let log = log.clone();
    std::panic::set_hook(Box::new(move |panic| {
        let place = panic
            .location()
            .map(ToString::to_string)
            .unwrap_or_default();
        let text = panic_text(panic.payload());
        log.error(
            "daemon",
            "a panic was contained",
            &[("text", &text), ("place", &place)],
        );
    }));
}
