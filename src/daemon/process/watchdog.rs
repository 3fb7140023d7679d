//! Health of the process: keep-alives for systemd's watchdog, a log line when the store begins to fail
//! and one when it works again, and panics in the log.

use std::{sync::Arc, time::Duration};

use tokio::time::interval;

use super::sd_notify::SdNotify;
use crate::{
    clock::Utc,
    log::Log,
    panics::panic_text,
    store::{Store, StoreError},
};

/// How often the store's health is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// What to do about damage.
const SALVAGE: &str = "stop the daemon and run: cleudocodebot store salvage";

/// Sends a keep-alive only after the runtime ran, a read succeeded and the writer thread answered or
/// committed.
pub(in crate::daemon) async fn send_keepalives(
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
        // Any answer but "closed" counts: a full disk is reported by /readyz, and a restart would not
        // help. If the writer's queue is full, a commit since the last check shows that it works.
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

/// Logs once when writes begin to fail, and once when they succeed again.
pub(in crate::daemon) async fn watch_store(store: Store, log: Log) {
    let mut ticks = interval(CHECK_INTERVAL);
    let (mut failing, mut damaged) = (false, false);
    loop {
        ticks.tick().await;
        store.look_at_place();
        let health = store.health();
        if health.damage.is_some() && !damaged {
            damaged = true;
            let what = health.damage.clone().unwrap_or_default();
            let text = "the message file is damaged; nothing is stored any more";
            log.error("store", text, &[("damage", &what), ("advice", &SALVAGE)]);
        }

        match (failing, health.failing_since_ms) {
            (false, Some(since)) => {
                let error = health.error.unwrap_or_default();
                let fields: [(&str, &(dyn std::fmt::Display + Sync)); 2] =
                    [("since", &Utc(since)), ("error", &error)];
                log.error(
                    "store",
                    "cannot store messages; nothing is acknowledged",
                    &fields,
                );
            }
            (true, None) => log.info("store", "storing messages again", &[]),
            _ => {}
        }
        failing = health.failing_since_ms.is_some();
    }
}

/// From now on a panic of any thread is logged, with its location.
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
            "panic caught",
            &[("text", &text), ("place", &place)],
        );
    }));
}
