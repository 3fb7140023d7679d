//! How far a connection that speaks HTTP got, and how long it may stay where it is: one timer for the
//! wait for a head and for a peer that does not read its answer. A body has its own limit (`respond`).

use std::{
    pin::Pin,
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
    task::{Context, Poll},
};

use tokio::time::{Sleep, sleep};

use crate::config::Limits;

/// A peer that takes so many bytes of an answer in time has as long for the next.
const WRITE_STEP: u64 = 64 * 1024;

/// What happened on a connection. Only its own task writes and reads it.
#[derive(Debug, Default)]
pub(super) struct Progress {
    /// Requests answered.
    answered: AtomicU64,
    /// Whether a request is being answered.
    in_request: AtomicBool,
    /// Whether bytes came since the last answer.
    asked: AtomicBool,
    /// Bytes the socket took.
    written: AtomicU64,
    /// Whether the socket takes no more for now.
    blocked: AtomicBool,
    /// Whether somebody wants to know when all is in the socket.
    awaits_flush: AtomicBool,
}

impl Progress {
    pub(super) fn await_flush(&self) {
        self.awaits_flush.store(true, Relaxed);
    }

    /// Whether somebody wanted to know, until now.
    pub(super) fn is_flush_awaited(&self) -> bool {
        self.awaits_flush.load(Relaxed) && self.awaits_flush.swap(false, Relaxed)
    }

    pub(super) fn came(&self) {
        self.asked.store(true, Relaxed);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        self.written.fetch_add(bytes as u64, Relaxed);
        self.blocked.store(false, Relaxed);
    }

    pub(super) fn blocked(&self) {
        self.blocked.store(true, Relaxed);
    }

    pub(super) fn begin_request(&self) {
        self.in_request.store(true, Relaxed);
    }

    pub(super) fn end_request(&self) {
        self.in_request.store(false, Relaxed);
        self.asked.store(false, Relaxed);
        self.answered.fetch_add(1, Relaxed);
    }

    /// Whether the peer asked something that has no answer yet. Its first bytes need not be read for
    /// that: they are why the connection speaks HTTP at all.
    pub(super) fn awaits_answer(&self) -> bool {
        let asked = self.asked.load(Relaxed) || self.answered.load(Relaxed) == 0;
        asked && !self.blocked.load(Relaxed)
    }

    fn phase(&self) -> Phase {
        if self.blocked.load(Relaxed) {
            Phase::Writing(self.written.load(Relaxed) / WRITE_STEP)
        } else if self.in_request.load(Relaxed) {
            Phase::Answering
        } else {
            Phase::Head(self.answered.load(Relaxed))
        }
    }
}

/// What a connection waits for. A new phase has its whole time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// For the head of the request after so many.
    Head(u64),
    /// For us.
    Answering,
    /// For the peer to read on after so many steps.
    Writing(u64),
}

/// The timer of one connection. It is made with the first wait: mostly the request is there at once, and
/// nothing is waited for.
#[derive(Debug)]
pub(super) struct Deadline<'a> {
    timer: Pin<&'a mut Option<Sleep>>,
    phase: Option<Phase>,
}

impl<'a> Deadline<'a> {
    /// `timer` is where the timer will be.
    pub(super) fn new(timer: Pin<&'a mut Option<Sleep>>) -> Self {
        Self { timer, phase: None }
    }

    /// Resolves once the peer took too long.
    pub(super) fn poll_missed(
        &mut self,
        cx: &mut Context<'_>,
        progress: &Progress,
        limits: &Limits,
    ) -> Poll<()> {
        let phase = progress.phase();
        let wait = match phase {
            Phase::Head(_) => limits.header_timeout,
            Phase::Writing(_) => limits.write_timeout,
            Phase::Answering => {
                self.phase = Some(phase);
                return Poll::Pending;
            }
        };
        if self.phase != Some(phase) {
            self.phase = Some(phase);
            self.timer.set(Some(sleep(wait)));
        }
        let timer = self.timer.as_mut().as_pin_mut();
        timer.map_or(Poll::Pending, |timer| timer.poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, pin::pin, time::Duration};

    use tokio::time::Instant;

    use super::*;

    async fn missed(deadline: &mut Deadline<'_>, progress: &Progress) -> Duration {
        let begun = Instant::now();
        let limits = Limits::default();
        let missing = poll_fn(|cx| deadline.poll_missed(cx, progress, &limits));
        let waited = tokio::time::timeout(Duration::from_secs(3600), missing).await;
        waited.map_or(Duration::MAX, |()| begun.elapsed())
    }

    #[tokio::test(start_paused = true)]
    async fn each_head_has_its_time_and_our_own_work_has_any() {
        let limits = Limits::default();
        let mut timer = pin!(None);
        let (mut deadline, progress) = (Deadline::new(timer.as_mut()), Progress::default());
        assert_eq!(
            missed(&mut deadline, &progress).await,
            limits.header_timeout
        );
        progress.begin_request();
        assert_eq!(missed(&mut deadline, &progress).await, Duration::MAX);
        progress.end_request();
        assert_eq!(
            missed(&mut deadline, &progress).await,
            limits.header_timeout
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_does_not_read_has_its_time_and_one_that_reads_slowly_has_more() {
        let limits = Limits::default();
        let mut timer = pin!(None);
        let (mut deadline, progress) = (Deadline::new(timer.as_mut()), Progress::default());
        progress.end_request();
        progress.blocked();
        assert_eq!(missed(&mut deadline, &progress).await, limits.write_timeout);
        progress.wrote(1);
        progress.blocked();
        let at_once = missed(&mut deadline, &progress).await;
        assert_eq!(at_once, Duration::ZERO, "a byte now and then is no reading");
        progress.wrote(usize::try_from(WRITE_STEP).expect("small"));
        progress.blocked();
        assert_eq!(missed(&mut deadline, &progress).await, limits.write_timeout);
    }
}
