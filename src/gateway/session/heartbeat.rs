//! The one timer of a session: time to authenticate, then the heartbeat, then time to close.

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep};

/// Pings that may stay unanswered.
const MAX_UNANSWERED: u8 = 2;

/// Time for the peer to answer our close frame.
const CLOSING: Duration = Duration::from_secs(2);

/// What the timer runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Authentication,
    Heartbeat,
    Closing,
}

/// What is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimerEvent {
    /// The client did not authenticate in time.
    Unauthenticated,
    /// Send a ping.
    Ping,
    /// The client answered nothing for too long.
    Dead,
    /// The peer did not finish the closing handshake.
    Drop,
}

/// The timer and what it counts.
#[derive(Debug)]
pub(super) struct Heartbeat {
    timer: Pin<Box<Sleep>>,
    /// Whether the timer knows whom to wake. A session is one task, so it is the same whenever it is asked.
    armed: bool,
    phase: Phase,
    interval: Duration,
    heard: bool,
    unanswered: u8,
}

impl Heartbeat {
    /// Runs for authentication first, or at once for the heartbeat.
    pub(super) fn new(authenticate_within: Option<Duration>, interval: Duration) -> Self {
        let phase = if authenticate_within.is_some() {
            Phase::Authentication
        } else {
            Phase::Heartbeat
        };
        let timer = Box::pin(sleep(authenticate_within.unwrap_or(interval)));
        Self {
            timer,
            armed: false,
            phase,
            interval,
            heard: false,
            unanswered: 0,
        }
    }

    /// Bytes came: the peer is alive.
    pub(super) fn heard(&mut self) {
        self.heard = true;
    }

    /// Ends the time to authenticate and starts the heartbeat.
    pub(super) fn authenticated(&mut self) {
        if self.phase == Phase::Authentication {
            self.run(Phase::Heartbeat, self.interval);
        }
    }

    /// Starts the time to close; asking again does not extend it.
    pub(super) fn closing(&mut self) {
        if self.phase != Phase::Closing {
            self.run(Phase::Closing, CLOSING);
        }
    }

    fn run(&mut self, phase: Phase, wait: Duration) {
        self.phase = phase;
        self.armed = false;
        self.timer.as_mut().reset(Instant::now() + wait);
    }

    /// What is due now.
    pub(super) fn poll_due(&mut self, cx: &mut Context<'_>) -> Poll<TimerEvent> {
        // Asked at every turn, and mostly woken by something else.
        if self.armed && !self.timer.is_elapsed() {
            return Poll::Pending;
        }
        self.armed = true;
        ready!(self.timer.as_mut().poll(cx));
        Poll::Ready(match self.phase {
            Phase::Authentication => TimerEvent::Unauthenticated,
            Phase::Closing => TimerEvent::Drop,
            Phase::Heartbeat => {
                self.run(Phase::Heartbeat, self.interval);
                self.beat()
            }
        })
    }

    fn beat(&mut self) -> TimerEvent {
        if std::mem::take(&mut self.heard) {
            self.unanswered = 0;
        }
        if self.unanswered >= MAX_UNANSWERED {
            return TimerEvent::Dead;
        }
        self.unanswered += 1;
        TimerEvent::Ping
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn two_unanswered_pings_are_the_end_and_any_sound_is_life() {
        let mut heartbeat = Heartbeat::new(None, Duration::from_secs(20));
        for _ in 0..5 {
            assert_eq!(poll_fn(|cx| heartbeat.poll_due(cx)).await, TimerEvent::Ping);
            heartbeat.heard();
        }
        let dues = [TimerEvent::Ping, TimerEvent::Ping, TimerEvent::Dead];
        for due in dues {
            assert_eq!(poll_fn(|cx| heartbeat.poll_due(cx)).await, due);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_has_its_time_to_authenticate_and_no_more() {
        let begun = Instant::now();
        let mut heartbeat = Heartbeat::new(Some(Duration::from_secs(10)), Duration::from_secs(20));
        assert_eq!(
            poll_fn(|cx| heartbeat.poll_due(cx)).await,
            TimerEvent::Unauthenticated
        );
        assert_eq!(begun.elapsed(), Duration::from_secs(10));
        heartbeat.closing();
        assert_eq!(poll_fn(|cx| heartbeat.poll_due(cx)).await, TimerEvent::Drop);
    }
}
