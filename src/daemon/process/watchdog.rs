//! Health of the process: keep-alives for systemd's watchdog, a log line when the store begins to fail
//! and one when it works again, one when the wall clock jumps, and panics in the log.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, interval};

use super::sd_notify::SdNotify;
use crate::{
    clock::Utc,
    log::{Log, LogLevel},
    panics::panic_text,
    store::{ClockHealth, SALVAGE_ADVICE, Store, StoreError},
};

/// How often the store's health is checked.
const CHECK_INTERVAL: Duration = Duration::from_secs(1);

/// The time between two lines on a wall clock that goes on jumping.
const BETWEEN_JUMPS: Duration = Duration::from_secs(60);

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

/// Logs once when writes begin to fail, and once when they succeed again; and how often other lines
/// were repeated. Its looks at the health also show the store each jump of the wall clock, which are
/// logged too.
pub(in crate::daemon) async fn watch_store(store: Store, log: Log) {
    let mut ticks = interval(CHECK_INTERVAL);
    let (mut failing, mut damaged) = (false, false);
    let mut jumps = JumpLog::default();
    JumpLog::begin(store.health().clock, &log);
    loop {
        ticks.tick().await;
        log.tell_repeats();
        // A look at a path on a hanging disk must not hold up the runtime.
        let look = |store: &Store| {
            store.look_at_place();
            Ok(())
        };
        let _ = store.run_blocking(look).await;
        let health = store.health();
        jumps.look(health.clock, &log);
        if health.damage.is_some() && !damaged {
            damaged = true;
            let what = health.damage.clone().unwrap_or_default();
            let text = "the message file is damaged; nothing is stored any more";
            log.error(
                "store",
                text,
                &[("damage", &what), ("advice", &SALVAGE_ADVICE)],
            );
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

/// What was said of the wall clock.
#[derive(Debug, Default)]
struct JumpLog {
    /// The jumps known when the last line was written.
    told: u64,
    told_at: Option<Instant>,
}

impl JumpLog {
    /// At the start it may be ahead because the daemon was down, or wrong: the line says how far.
    fn begin(clock: ClockHealth, log: &Log) {
        if clock.ahead_ms > 0 && !clock.is_believed() {
            log.info(
                "store",
                "the clock is ahead of the time counted; ages go by it once that held for a day",
                &[("ahead_s", &(clock.ahead_ms / 1000))],
            );
        }
    }

    /// One line for each jump; while it goes on jumping, one a minute.
    fn look(&mut self, clock: ClockHealth, log: &Log) {
        let is_soon = |at: Instant| at.elapsed() < BETWEEN_JUMPS;
        if clock.jumps == self.told || self.told_at.is_some_and(is_soon) {
            return;
        }
        log.warn(
            "store",
            "the clock of this machine jumped; ages and retries go on as if it had not",
            &[
                ("by_s", &(clock.last_jump_ms / 1000)),
                ("ahead_s", &(clock.ahead_ms / 1000)),
                ("jumps", &(clock.jumps - self.told)),
            ],
        );
        self.told = clock.jumps;
        self.told_at = Some(Instant::now());
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
        log.limited(
            LogLevel::Error,
            "daemon",
            "panic caught",
            &[("text", &text), ("place", &place)],
        );
    }));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::LogLevel;

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_all_the_time_gets_one_line_a_minute() {
        let log = Log::in_memory(LogLevel::Info);
        let mut jumps = JumpLog::default();
        let clock = |jumps| ClockHealth {
            ahead_ms: 0,
            jumps,
            last_jump_ms: -31_536_000_000,
        };
        JumpLog::begin(clock(0), &log);
        for second in 0..180 {
            jumps.look(clock(second), &log);
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        let lines = log.last(100, LogLevel::Info);
        assert_eq!(lines.len(), 3);
        for _ in 0..1000 {
            jumps.look(clock(179), &log);
        }
        assert_eq!(log.last(100, LogLevel::Info).len(), 3, "no jump, no line");
    }
}
