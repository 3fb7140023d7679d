//! How long a node may go by a lease, and futures that stop where it may not.
//!
//! Not here: taking and renewing leases (`leases`).

use std::{
    fmt,
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, Instant, SystemTime},
};

use super::unreported::Unreported;
use crate::message::{Message, State};

/// How long the servers keep a lease that is not renewed.
pub const TTL: Duration = Duration::from_secs(9);

/// How long a node goes by a lease after it began to renew it. What is left of [`TTL`] is for a server that
/// counts from an earlier moment than its answer suggests, and for clocks that run apart.
pub const HOLD_FOR: Duration = Duration::from_secs(6);

/// A moment on both clocks. The monotonic one stands still while a machine is suspended, and the wall clock
/// may be set.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    monotonic: Instant,
    wall: SystemTime,
}

impl Moment {
    /// Now.
    pub fn now() -> Self {
        Self {
            monotonic: Instant::now(),
            wall: SystemTime::now(),
        }
    }

    /// Whether this was less than so long before `now`, on both clocks. A wall clock that was set back says
    /// nothing, so it counts as too long.
    fn is_within(self, limit: Duration, now: Self) -> bool {
        let by_wall = now.wall.duration_since(self.wall);
        now.monotonic.duration_since(self.monotonic) < limit && by_wall.is_ok_and(|age| age < limit)
    }
}

/// One lease of one channel, as its holder sees it.
pub struct Fence {
    token: u64,
    hold_for: Duration,
    renewed: Mutex<Moment>,
    is_alone: AtomicBool,
    is_unheard: AtomicBool,
    is_over: AtomicBool,
    unreported: Unreported,
}

impl Fence {
    /// A lease that was asked for at `asked` and granted.
    pub fn new(token: u64, asked: Moment, hold_for: Duration) -> Arc<Self> {
        Arc::new(Self {
            token,
            hold_for,
            renewed: Mutex::new(asked),
            is_alone: AtomicBool::new(false),
            is_unheard: AtomicBool::new(false),
            is_over: AtomicBool::new(false),
            unreported: Unreported::default(),
        })
    }

    /// One that never held.
    pub fn ended() -> Arc<Self> {
        let fence = Self::new(0, Moment::now(), Duration::ZERO);
        fence.end();
        fence
    }

    /// The revision that created it.
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Notes a renewal that was asked for at `asked` and succeeded.
    pub fn renewed(&self, asked: Moment) {
        *self.renewed.lock().unwrap_or_else(PoisonError::into_inner) = asked;
    }

    /// Nobody else may own the channel until the holder takes this back: it need not renew.
    pub fn set_alone(&self, is_alone: bool) {
        self.is_alone.store(is_alone, Ordering::SeqCst);
    }

    /// Whether that is so.
    pub fn is_alone(&self) -> bool {
        self.is_alone.load(Ordering::SeqCst)
    }

    /// The bus does not take what is told: what begins now might be sent again by the next owner. Whether that is news.
    pub fn set_unheard(&self, is_unheard: bool) -> bool {
        self.is_unheard.swap(is_unheard, Ordering::SeqCst) != is_unheard
    }

    /// Whether another delivery may begin now.
    pub fn may_begin(&self) -> bool {
        let is_heard = || !self.is_unheard.load(Ordering::SeqCst) && !self.unreported.is_full();
        self.holds() && (self.is_alone() || is_heard())
    }

    /// A message of the channel came to another state here, in the event `seq`.
    pub(super) fn stored(&self, message: &Message, seq: u64) {
        if message.state != State::Sending {
            self.unreported.ends(message.id, seq);
        } else if !self.is_alone() {
            self.unreported.begins(message.id);
        }
    }

    /// Of what began here and is not known to the bus.
    pub(super) fn unreported(&self) -> &Unreported {
        &self.unreported
    }

    /// The lease is given up, for good.
    pub fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
    }

    /// Whether a call of the service may go on now.
    pub fn holds(&self) -> bool {
        self.holds_at(Moment::now())
    }

    fn holds_at(&self, now: Moment) -> bool {
        let renewed = *self.renewed.lock().unwrap_or_else(PoisonError::into_inner);
        !self.is_over.load(Ordering::SeqCst)
            && (self.is_alone() || renewed.is_within(self.hold_for, now))
    }
}

impl fmt::Debug for Fence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fence")
            .field("token", &self.token)
            .field("holds", &self.holds())
            .finish_non_exhaustive()
    }
}

/// Work that goes on only while a lease holds: looked at before every step, that is after every wait.
pub struct Fenced<'a, T> {
    fence: Option<Arc<Fence>>,
    work: Pin<Box<dyn Future<Output = T> + Send + 'a>>,
}

impl<'a, T> Fenced<'a, T> {
    /// Without a fence the work just runs.
    pub fn new(fence: Option<Arc<Fence>>, work: impl Future<Output = T> + Send + 'a) -> Self {
        Self {
            fence,
            work: Box::pin(work),
        }
    }
}

impl<T> Future for Fenced<'_, T> {
    /// `None` where the lease did not hold any more.
    type Output = Option<T>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if self.fence.as_ref().is_some_and(|fence| !fence.holds()) {
            return Poll::Ready(None);
        }
        self.work.as_mut().poll(cx).map(Some)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::MessageId;

    const HOLD: Duration = Duration::from_secs(6);

    fn later(moment: Moment, monotonic: u64, wall: i64) -> Moment {
        let step = Duration::from_secs(wall.unsigned_abs());
        Moment {
            monotonic: moment.monotonic + Duration::from_secs(monotonic),
            wall: if wall < 0 {
                moment.wall - step
            } else {
                moment.wall + step
            },
        }
    }

    #[test]
    fn a_lease_holds_only_while_both_clocks_say_so() {
        let start = Moment::now();
        let fence = Fence::new(7, start, HOLD);
        assert!(fence.holds_at(later(start, 5, 5)));
        for (monotonic, wall) in [(6, 6), (6, 0), (1, 6), (1, -1), (1, 3600)] {
            let now = later(start, monotonic, wall);
            assert!(!fence.holds_at(now), "{monotonic} s and {wall} s later");
        }
        fence.renewed(later(start, 5, 5));
        assert!(fence.holds_at(later(start, 10, 10)));
        fence.set_alone(true);
        assert!(fence.holds_at(later(start, 3600, 3600)));
        fence.end();
        assert!(!fence.holds_at(later(start, 5, 5)));
    }

    #[test]
    fn nothing_begins_while_the_bus_does_not_hear_of_it_unless_nobody_else_sends() {
        let fence = Fence::new(7, Moment::now(), HOLD);
        assert!(fence.may_begin() && fence.set_unheard(true) && !fence.set_unheard(true));
        assert!(!fence.may_begin() && fence.holds());
        fence.set_alone(true);
        assert!(fence.may_begin());
        assert!(!Fence::ended().may_begin());
    }

    #[test]
    fn only_so_many_begin_before_the_bus_knows_what_came_of_them() {
        let fence = Fence::new(7, Moment::now(), HOLD);
        let message = |id, state| Message {
            id: MessageId(id),
            state,
            ..Message::sample("telegram", "42")
        };
        let begun = (1..=100).take_while(|id| {
            fence.stored(&message(*id, State::Sending), 100 + id);
            fence.may_begin()
        });
        assert_eq!(begun.count(), 15);
        fence.stored(&message(3, State::Sent), 200);
        assert!(!fence.may_begin() && fence.unreported().reported(MessageId(3), 200));
        assert!(fence.may_begin());
        // Alone, nobody else would send them again.
        fence.set_alone(true);
        fence.stored(&message(101, State::Sending), 201);
        fence.stored(&message(102, State::Sending), 202);
        assert!(fence.may_begin());
    }

    #[tokio::test]
    async fn work_stops_at_the_first_step_after_the_lease_ended() {
        let fence = Fence::new(7, Moment::now(), HOLD);
        let (wake, woken) = tokio::sync::oneshot::channel::<()>();
        let steps = Arc::new(AtomicBool::new(false));
        let went_on = Arc::clone(&steps);
        let work = async move {
            let _ = woken.await;
            went_on.store(true, Ordering::SeqCst);
        };
        let mut fenced = std::pin::pin!(Fenced::new(Some(Arc::clone(&fence)), work));
        let at_once = tokio::time::timeout(Duration::ZERO, &mut fenced);
        assert!(at_once.await.is_err());
        fence.end();
        let _ = wake.send(());
        assert_eq!(fenced.await, None);
        assert!(!steps.load(Ordering::SeqCst));
    }
}
