//! How the store's time advances: with the monotonic clock always, and to the wall clock only after
//! that has held for a day of running time.
//!
//! What is held is a lower bound: a wall clock that was at least this far ahead throughout the last
//! day of running time has shown, at every moment of it, that so much more time has passed. So a
//! downtime counts a day after it, each night of a machine that sleeps counts too, and a clock that
//! was ahead for less than a day never counts.
//!
//! A new store does not know yet what the wall clock's lead means: on a machine without a battery
//! clock the first setting of it is no time passed. Therefore it first seeks its anchor, the lead of
//! the wall clock at which both are equal: the greatest that held for an hour of the first day.
//! Greater is safe, as it makes less time count.
//!
//! Not here: reading the clocks (`super`).

use std::collections::VecDeque;

use crate::{clock::PLAUSIBLE_MS, store::answer::ClockHealth};

/// How long the wall clock must hold in running time before the store goes by it.
pub(super) const BELIEVED_AFTER_MS: u64 = 86_400_000;

/// How long a lead must hold to become the anchor.
const SETTLED_AFTER_MS: u64 = 3_600_000;

/// What the wall clock may gain or lose between two looks without having jumped: adjustments by NTP,
/// leap seconds.
const TOLERANCE_MS: u64 = 10_000;

/// Leads are compared in whole seconds, so that a clock that drifts is not a new lead at every look.
const GRAIN_MS: i64 = 1_000;

/// A low covers at least this much running time, so that a lead that changes often needs few of them.
/// It delays what is believed by no more than that.
pub(super) const SHORTEST_LOW_MS: u64 = BELIEVED_AFTER_MS / 32;

/// How many lows are remembered: those of a day, and one at each end of it.
const MAX_LOWS: usize = 34;

/// The lead of a wall clock that cannot be right: never believed.
const IMPOSSIBLE: i64 = i64::MIN;

/// What both clocks show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) struct Reading {
    /// Milliseconds since 1970.
    pub(in crate::store) wall_ms: u64,
    /// Milliseconds since any moment of this process.
    pub(in crate::store) monotonic_ms: u64,
}

/// The lead of the wall clock at which it equals the store's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Anchor {
    /// Not known yet; the greatest lead that held for an hour so far.
    Sought(Option<i64>),
    Found(i64),
}

/// The lowest lead in the running time from the entry before up to this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Low {
    pub(super) seen_ms: u64,
    pub(super) lead: i64,
}

/// What is kept across restarts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Saved {
    /// The store's time.
    pub(super) now_ms: u64,
    /// For how long daemons have run on this store, all together.
    pub(super) running_ms: u64,
    pub(super) anchor: Anchor,
    /// The lows of the last day of running time, each greater than the one before: the first is the
    /// lowest of all.
    pub(super) lows: VecDeque<Low>,
}

/// The store's time.
#[derive(Debug)]
pub(in crate::store) struct StoreTime {
    saved: Saved,
    last: Reading,
    /// The lead at the last look, and since which running time it has held.
    lead: i64,
    since_ms: u64,
    discontinuities: u64,
    jumps: u64,
    last_jump_ms: i64,
}

impl StoreTime {
    /// The time of a store that has none yet; `newest_ms` is the time of its newest event, if it has
    /// any.
    pub(in crate::store) fn begin(reading: Reading, newest_ms: Option<u64>) -> Self {
        let wall_ms = reading.wall_ms;
        // Events older than the clock were stored by a clock that was right, or at least not ahead.
        let known = newest_ms.filter(|then| PLAUSIBLE_MS.contains(then) && *then <= wall_ms);
        let (now_ms, anchor) = match known {
            Some(then) => (then, Anchor::Found(0)),
            None if PLAUSIBLE_MS.contains(&wall_ms) => (wall_ms, Anchor::Sought(None)),
            None => (PLAUSIBLE_MS.start, Anchor::Sought(None)),
        };
        Self::unheld(now_ms, anchor, reading)
    }

    /// The time of a store that has lost it, but not its stamps: one moment of it, and what the wall
    /// clock showed then. Nothing stored may seem older than it is by those.
    pub(super) fn begin_at(reading: Reading, (time_ms, wall_ms): (u64, u64)) -> Self {
        let anchor = if PLAUSIBLE_MS.contains(&wall_ms) {
            Anchor::Found(lead_of(wall_ms, time_ms))
        } else {
            Anchor::Sought(None)
        };
        Self::unheld(time_ms, anchor, reading)
    }

    /// Begins with a wall clock that has not held at all yet.
    fn unheld(now_ms: u64, anchor: Anchor, reading: Reading) -> Self {
        let unheld = Low {
            seen_ms: 0,
            lead: IMPOSSIBLE,
        };
        let saved = Saved {
            now_ms,
            running_ms: 0,
            anchor,
            lows: VecDeque::from([unheld]),
        };
        Self::resume(saved, reading)
    }

    /// Goes on after a restart. A wall clock that is ahead then is taken for a downtime, which is no
    /// jump.
    pub(super) fn resume(saved: Saved, reading: Reading) -> Self {
        let lead = lead_of(reading.wall_ms, saved.now_ms);
        let mut time = Self {
            since_ms: saved.running_ms,
            saved,
            last: reading,
            lead,
            discontinuities: 0,
            jumps: 0,
            last_jump_ms: 0,
        };
        let behind = time.ahead_ms();
        if behind < -tolerance() {
            time.jumped(behind);
        }
        time.look(reading);
        time
    }

    pub(super) fn saved(&self) -> Saved {
        self.saved.clone()
    }

    pub(in crate::store) fn now_ms(&self) -> u64 {
        self.saved.now_ms
    }

    /// How often the wall clock and this time have moved against each other.
    pub(super) fn discontinuities(&self) -> u64 {
        self.discontinuities
    }

    pub(super) fn health(&self) -> ClockHealth {
        ClockHealth {
            ahead_ms: self.ahead_ms(),
            jumps: self.jumps,
            last_jump_ms: self.last_jump_ms,
        }
    }

    /// How far the wall clock is ahead of where it should be by this time.
    fn ahead_ms(&self) -> i64 {
        let expected = match self.saved.anchor {
            Anchor::Found(anchor) => anchor,
            Anchor::Sought(best) => best.unwrap_or(0),
        };
        self.lead.saturating_sub(expected)
    }

    /// Takes the time that has passed since the last reading, and looks at the wall clock.
    pub(in crate::store) fn advance(&mut self, reading: Reading) {
        let passed = reading.monotonic_ms.saturating_sub(self.last.monotonic_ms);
        self.saved.now_ms = self.saved.now_ms.saturating_add(passed);
        self.saved.running_ms = self.saved.running_ms.saturating_add(passed);
        self.last = reading;
        let lead = lead_of(reading.wall_ms, self.saved.now_ms);
        let by = lead.saturating_sub(self.lead);
        self.lead = lead;
        if by.unsigned_abs() > TOLERANCE_MS {
            self.since_ms = self.saved.running_ms;
            self.jumped(by);
        }
        self.look(reading);
    }

    fn jumped(&mut self, by: i64) {
        self.discontinuities += 1;
        self.jumps += 1;
        self.last_jump_ms = by;
    }

    fn look(&mut self, reading: Reading) {
        let is_possible = PLAUSIBLE_MS.contains(&reading.wall_ms);
        self.note_low(if is_possible { self.lead } else { IMPOSSIBLE });
        match self.saved.anchor {
            Anchor::Found(anchor) => self.believe(anchor),
            Anchor::Sought(best) => self.seek(best, is_possible),
        }
    }

    /// Keeps the lows of the last day: a lower lead makes all greater ones before it irrelevant.
    fn note_low(&mut self, lead: i64) {
        let now_ms = self.saved.running_ms;
        let lead = match lead {
            IMPOSSIBLE => IMPOSSIBLE,
            lead => lead.div_euclid(GRAIN_MS).saturating_mul(GRAIN_MS),
        };
        let lows = &mut self.saved.lows;
        while lows.back().is_some_and(|low| low.lead >= lead) {
            lows.pop_back();
        }
        if let Some((before, last)) = last_of(lows) {
            // Holding the lower of two for longer believes less.
            let shortest = before.saturating_add(SHORTEST_LOW_MS).min(now_ms);
            last.seen_ms = last.seen_ms.max(shortest);
        }
        if lows.back().is_none_or(|last| last.seen_ms < now_ms) {
            lows.push_back(Low {
                seen_ms: now_ms,
                lead,
            });
        }
        let expired = |low: &Low| now_ms.saturating_sub(low.seen_ms) >= BELIEVED_AFTER_MS;
        while lows.len() > 1 && lows.front().is_some_and(expired) {
            lows.pop_front();
        }
        // Only a row of an earlier version can have more.
        while lows.len() > MAX_LOWS {
            if let Some(third) = lows.remove(2)
                && let Some(second) = lows.get_mut(1)
            {
                second.seen_ms = third.seen_ms;
            }
        }
    }

    /// Goes forward to the wall clock as far as that has held.
    fn believe(&mut self, anchor: i64) {
        let held = self.saved.lows.front().map_or(IMPOSSIBLE, |low| low.lead);
        let gap = held.saturating_sub(anchor);
        if held == IMPOSSIBLE || gap <= 0 {
            return;
        }
        self.saved.now_ms = self.saved.now_ms.saturating_add(gap.unsigned_abs());
        self.lead = self.lead.saturating_sub(gap);
        for low in &mut self.saved.lows {
            low.lead = low.lead.saturating_sub(gap);
        }
        if gap.unsigned_abs() > TOLERANCE_MS {
            self.discontinuities += 1;
        }
    }

    fn seek(&mut self, best: Option<i64>, is_possible: bool) {
        let running_ms = self.saved.running_ms;
        let is_settled = running_ms.saturating_sub(self.since_ms) >= SETTLED_AFTER_MS;
        let best = if is_settled && is_possible {
            best.max(Some(self.lead))
        } else {
            best
        };
        self.saved.anchor = match best {
            Some(best) if is_settled && running_ms >= BELIEVED_AFTER_MS => Anchor::Found(best),
            best => Anchor::Sought(best),
        };
    }
}

/// The last low, and up to when the one before it was seen.
fn last_of(lows: &mut VecDeque<Low>) -> Option<(u64, &mut Low)> {
    let before = lows.len().checked_sub(2).and_then(|at| lows.get(at));
    let before = before?.seen_ms;
    Some((before, lows.back_mut()?))
}

fn tolerance() -> i64 {
    i64::try_from(TOLERANCE_MS).unwrap_or(i64::MAX)
}

/// How far the wall clock is ahead of the store's time.
fn lead_of(wall_ms: u64, now_ms: u64) -> i64 {
    let (wall, now) = (
        i64::try_from(wall_ms).unwrap_or(i64::MAX),
        i64::try_from(now_ms).unwrap_or(i64::MAX),
    );
    wall.saturating_sub(now)
}
