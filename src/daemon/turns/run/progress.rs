//! How far an answer has grown, when it last did, and what is to be shown of that when.

use tokio::time::{Duration, Instant};

use crate::{config::agents::Deadlines, cut};

/// Shortest time between two events `typing` of one answer.
const SHOWN_EVERY: Duration = Duration::from_millis(200);

/// How often `typing` is repeated where nothing grows; it lapses after ten seconds.
const RENEWED_EVERY: Duration = Duration::from_secs(4);

/// Bytes of an answer that are shown while it grows.
const MAX_SHOWN: usize = 16 * 1024;

/// The answer of one attempt, as far as it has grown.
#[derive(Debug)]
pub(super) struct Progress {
    text: String,
    began: Instant,
    /// When the agent last showed that it lives; `None` before the first time.
    last_sign: Option<Instant>,
    last_shown: Option<Instant>,
    /// Whether something grew since.
    grew: bool,
    /// Questions that the owner has not answered; the agent's time does not run meanwhile.
    asking: u32,
    paused_at: Option<Instant>,
}

/// A deadline that was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Late {
    /// Nothing came at all.
    First,
    /// Nothing more came.
    Idle,
    /// The answer is not whole.
    Whole,
}

impl Late {
    /// Why the turn goes to the next agent.
    pub(super) fn reason(self, name: &str) -> String {
        match self {
            Self::First => format!("{name} began no answer in time (AGENT_FIRST_TIMEOUT)"),
            Self::Idle => format!("{name} went silent in the middle (AGENT_IDLE_TIMEOUT)"),
            Self::Whole => format!("{name} did not finish in time (AGENT_TIMEOUT)"),
        }
    }
}

impl Progress {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            text: String::new(),
            began: now,
            last_sign: None,
            last_shown: None,
            grew: false,
            asking: 0,
            paused_at: None,
        }
    }

    /// The next piece came.
    pub(super) fn grow(&mut self, piece: &str, now: Instant) {
        self.last_sign = Some(now);
        let room = MAX_SHOWN.saturating_sub(self.text.len());
        let end = cut::floor(piece, room);
        self.grew |= end > 0;
        self.text.push_str(&piece[..end]);
    }

    /// The text to show now, if it is time to; it is empty where nothing came yet.
    pub(super) fn show(&mut self, now: Instant) -> Option<&str> {
        if self.next_shown(now) > now {
            return None;
        }
        self.last_shown = Some(now);
        self.grew = false;
        Some(&self.text)
    }

    /// When to show it next.
    pub(super) fn next_shown(&self, now: Instant) -> Instant {
        let every = if self.grew {
            SHOWN_EVERY
        } else {
            RENEWED_EVERY
        };
        self.last_shown.map_or(now, |last| last + every)
    }

    /// The owner is asked something.
    pub(super) fn ask(&mut self, now: Instant) {
        self.asking += 1;
        self.paused_at.get_or_insert(now);
    }

    /// The owner answered, or will not.
    pub(super) fn answered(&mut self, now: Instant) {
        self.asking = self.asking.saturating_sub(1);
        if self.asking > 0 {
            return;
        }
        if let Some(paused) = self.paused_at.take() {
            self.began += now.duration_since(paused);
            self.last_sign = Some(now);
        }
    }

    /// What is due next, and when; `None` while the owner is asked.
    pub(super) fn deadline(&self, limits: &Deadlines) -> Option<(Instant, Late)> {
        if self.asking > 0 {
            return None;
        }
        let whole = (self.began + limits.whole, Late::Whole);
        let sign = match self.last_sign {
            None => (self.began + limits.first, Late::First),
            Some(last) => (last + limits.idle, Late::Idle),
        };
        Some(if sign.0 < whole.0 { sign } else { whole })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Deadlines = Deadlines {
        ready: Duration::from_secs(30),
        first: Duration::from_secs(120),
        idle: Duration::from_secs(60),
        whole: Duration::from_secs(600),
    };

    fn seconds(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[tokio::test(start_paused = true)]
    async fn each_stage_has_its_deadline() {
        let began = Instant::now();
        let mut progress = Progress::new(began);
        let due = |progress: &Progress| {
            let (at, late) = progress.deadline(&LIMITS).expect("nobody is asked");
            (at.duration_since(began), late)
        };
        assert_eq!(due(&progress), (seconds(120), Late::First));
        progress.grow("", began + seconds(100));
        assert_eq!(due(&progress), (seconds(160), Late::Idle), "a sign of life");
        progress.grow("x", began + seconds(590));
        assert_eq!(due(&progress), (seconds(600), Late::Whole));
    }

    #[tokio::test(start_paused = true)]
    async fn no_time_passes_while_the_owner_is_asked() {
        let began = Instant::now();
        let mut progress = Progress::new(began);
        progress.ask(began + seconds(10));
        progress.ask(began + seconds(20));
        progress.answered(began + seconds(30));
        assert_eq!(progress.deadline(&LIMITS), None);
        progress.answered(began + seconds(310));
        let whole = Deadlines {
            idle: seconds(3600),
            ..LIMITS
        };
        let due = progress.deadline(&whole);
        assert_eq!(due, Some((began + seconds(900), Late::Whole)));
        let idle = progress.deadline(&LIMITS);
        assert_eq!(idle, Some((began + seconds(370), Late::Idle)));
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_piece_is_shown_at_once_and_the_rest_in_steps() {
        let began = Instant::now();
        let mut progress = Progress::new(began);
        assert_eq!(progress.show(began), Some(""), "that it is typed at all");
        progress.grow("olá", began);
        assert_eq!(progress.show(began), None);
        let next = progress.next_shown(began);
        assert_eq!(next, began + SHOWN_EVERY);
        progress.grow(" você", next);
        assert_eq!(progress.show(next), Some("olá você"));
        assert_eq!(progress.next_shown(next), next + RENEWED_EVERY);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_shown_has_a_bound() {
        let now = Instant::now();
        let mut progress = Progress::new(now);
        for _ in 0..MAX_SHOWN {
            progress.grow("ção", now);
        }
        let shown = progress.show(now).expect("a text");
        assert!(shown.len() <= MAX_SHOWN && shown.len() > MAX_SHOWN - 4);
    }
}
