//! A line on standard error that says what is waited for, and for how long, until it is over.

use std::{
    future::Future,
    io::{self, IsTerminal as _, Write as _},
    time::Duration,
};

use tokio::time::{Instant, MissedTickBehavior, interval, timeout};

use crate::cli::output::units;

/// The time between two drawings.
const REFRESH: Duration = Duration::from_secs(1);

/// Waits for the work, at most so long, and tells of it where standard error is a terminal. `None` where the
/// time was over first.
pub(super) async fn wait<T>(
    what: &str,
    limit: Option<Duration>,
    work: impl Future<Output = T>,
) -> Option<T> {
    let is_shown = io::stderr().is_terminal();
    let told = telling(what, is_shown, work);
    match limit {
        None => Some(told.await),
        Some(limit) => {
            let done = timeout(limit, told).await.ok();
            if done.is_none() && is_shown {
                draw("");
            }
            done
        }
    }
}

async fn telling<T>(what: &str, is_shown: bool, work: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let mut ticks = interval(REFRESH);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut work = std::pin::pin!(work);
    loop {
        tokio::select! {
            biased;
            done = &mut work => {
                if is_shown {
                    draw("");
                }
                return done;
            }
            _ = ticks.tick(), if is_shown => draw(&line(what, began.elapsed())),
        }
    }
}

fn line(what: &str, time: Duration) -> String {
    if time < REFRESH {
        return what.to_owned();
    }
    format!("{what} ({})", units::duration(time))
}

/// Over what was there (ECMA-48 §8.3.41).
fn draw(text: &str) {
    let mut stderr = io::stderr();
    let _ = write!(stderr, "\r\u{1b}[K{text}");
    let _ = stderr.flush();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_wait_ends_with_the_work_or_with_its_time() {
        let quick = wait("x", Some(Duration::from_secs(5)), async { 7 }).await;
        assert_eq!(quick, Some(7));
        let slow = wait(
            "x",
            Some(Duration::from_secs(5)),
            std::future::pending::<()>(),
        )
        .await;
        assert_eq!(slow, None);
    }

    #[test]
    fn the_line_says_what_and_how_long() {
        assert_eq!(line("waiting for m-1", Duration::ZERO), "waiting for m-1");
        let late = line("waiting for m-1", Duration::from_secs(65));
        assert_eq!(late, "waiting for m-1 (1m 5s)");
    }
}
