//! Whether the wall clock is believed: what is to be sent at eight is sent at eight of the right day, also where a
//! clock jumps.
//!
//! The wall clock stands so far ahead of the time that the machine has been up, and that lead does not change unless
//! somebody sets the clock: sleep counts as time up, and a change to daylight-saving time is none. A lead that grew
//! at once is a clock that was put right, or wrong, and nothing tells which. So it is believed after it held for a
//! while, or at once where it comes soon after the machine started, as it does on one whose clock has no battery. A
//! lead that shrank is believed at once, for with it nothing is early.
//!
//! Not here: reading the clocks (`super`), and the store's own time, which ages messages (`store::time`).

use crate::clock::PLAUSIBLE_MS;

/// How far the lead may wander without a jump: adjustments by NTP, and what a look takes.
const TOLERANCE_MS: u64 = 60_000;

/// How long a greater lead must hold before it is believed.
pub(super) const BELIEVED_AFTER_MS: u64 = 3_600_000;

/// Where sleep cannot be told from a jump, that long.
const ELSEWHERE_AFTER_MS: u64 = 120_000;

/// So long after the machine started a clock is put right rather than wrong.
const JUST_STARTED_MS: u64 = 15 * 60_000;

/// After a start nothing is given up for so long: the clock may still be wrong.
const SETTLED_AFTER_MS: u64 = 10 * 60_000;

/// What the clocks show at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Look {
    /// Milliseconds since 1970.
    pub(super) wall_ms: u64,
    /// For how long the machine has been up, sleep included, where the system tells that; otherwise this process.
    pub(super) up_ms: u64,
}

/// What comes of a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Belief {
    /// It is this time.
    Now {
        /// In ms since 1970.
        now_ms: u64,
        /// What nobody is to blame for being late, in ms: the time in which the clock was not believed.
        excused_ms: u64,
        /// Whether what is too late may be given up.
        may_give_up: bool,
    },
    /// Nobody knows, for this long yet unless the clock is put right.
    Doubted(u64),
}

/// The lead that is believed, and another that may come to be.
#[derive(Debug)]
pub(super) struct WallClock {
    trusted: i64,
    began_ms: u64,
    /// A lead that differs, and since when.
    other: Option<(i64, u64)>,
    /// Until when lateness is excused, and how much of it.
    excused: (u64, u64),
    believed_after_ms: u64,
}

impl WallClock {
    pub(super) fn new(look: Look) -> Self {
        let believed_after_ms = if cfg!(target_os = "linux") {
            BELIEVED_AFTER_MS
        } else {
            ELSEWHERE_AFTER_MS
        };
        Self {
            trusted: lead(look),
            began_ms: look.up_ms,
            other: None,
            excused: (0, 0),
            believed_after_ms,
        }
    }

    pub(super) fn look(&mut self, look: Look) -> Belief {
        if !PLAUSIBLE_MS.contains(&look.wall_ms) {
            return Belief::Doubted(TOLERANCE_MS);
        }
        let (lead, up_ms) = (lead(look), look.up_ms);
        if lead.abs_diff(self.trusted) <= TOLERANCE_MS {
            // It is moved along: a clock may drift for years.
            self.trusted = lead;
            self.end_doubt(up_ms);
            return self.believed(look);
        }
        let since_ms = match self.other {
            Some((other, since_ms)) if other.abs_diff(lead) <= TOLERANCE_MS => since_ms,
            _ => up_ms,
        };
        self.other = Some((lead, since_ms));
        let held_ms = up_ms.saturating_sub(since_ms);
        let is_right = held_ms >= self.believed_after_ms || since_ms <= JUST_STARTED_MS;
        if is_right {
            self.trusted = lead;
            self.end_doubt(up_ms);
        } else if lead > self.trusted {
            return Belief::Doubted(self.believed_after_ms - held_ms);
        }
        self.believed(look)
    }

    /// What was late for the doubt is excused for as long again.
    fn end_doubt(&mut self, up_ms: u64) {
        if let Some((_, since_ms)) = self.other.take() {
            let doubted_ms = up_ms.saturating_sub(since_ms);
            self.excused = (up_ms.saturating_add(doubted_ms), doubted_ms);
        }
    }

    fn believed(&self, look: Look) -> Belief {
        let (until_ms, excused_ms) = self.excused;
        Belief::Now {
            now_ms: look.wall_ms,
            excused_ms: if look.up_ms <= until_ms {
                excused_ms
            } else {
                0
            },
            may_give_up: look.up_ms.saturating_sub(self.began_ms) >= SETTLED_AFTER_MS,
        }
    }
}

fn lead(look: Look) -> i64 {
    let signed = |ms: u64| i64::try_from(ms).unwrap_or(i64::MAX);
    signed(look.wall_ms) - signed(look.up_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_795_392_000_000;
    const HOUR: u64 = 3_600_000;
    const DAY: u64 = 24 * HOUR;

    /// A machine that has been up for a day.
    struct Machine {
        clock: WallClock,
        wall_ms: u64,
        up_ms: u64,
    }

    impl Machine {
        fn new(up_ms: u64) -> Self {
            let look = Look {
                wall_ms: START,
                up_ms,
            };
            Self {
                clock: WallClock {
                    believed_after_ms: BELIEVED_AFTER_MS,
                    ..WallClock::new(look)
                },
                wall_ms: START,
                up_ms,
            }
        }

        fn after(&mut self, ms: u64) -> Belief {
            (self.wall_ms, self.up_ms) = (self.wall_ms + ms, self.up_ms + ms);
            self.clock.look(Look {
                wall_ms: self.wall_ms,
                up_ms: self.up_ms,
            })
        }

        fn is_believed(&mut self, ms: u64) -> bool {
            let belief = self.after(ms);
            matches!(belief, Belief::Now { now_ms, .. } if now_ms == self.wall_ms)
        }
    }

    #[test]
    fn a_clock_that_jumps_ahead_is_believed_after_an_hour_or_once_it_is_put_right() {
        let mut machine = Machine::new(DAY);
        assert!(machine.is_believed(1000));
        machine.wall_ms += DAY;
        assert_eq!(machine.after(0), Belief::Doubted(HOUR));
        assert_eq!(machine.after(HOUR / 2), Belief::Doubted(HOUR / 2));
        machine.wall_ms -= DAY;
        let right = machine.after(0);
        let excused_ms = HOUR / 2;
        assert_eq!(
            right,
            Belief::Now {
                now_ms: machine.wall_ms,
                excused_ms,
                may_give_up: true
            }
        );
        machine.wall_ms += HOUR;
        assert!(!machine.is_believed(0) && !machine.is_believed(HOUR - 1));
        assert!(machine.is_believed(1));
    }

    #[test]
    fn a_clock_that_jumps_back_is_believed_and_so_is_its_way_home() {
        let mut machine = Machine::new(DAY);
        machine.wall_ms -= DAY;
        assert!(machine.is_believed(0) && machine.is_believed(HOUR / 2));
        machine.wall_ms += DAY;
        assert!(machine.is_believed(0));
        machine.wall_ms -= HOUR;
        assert!(machine.is_believed(0) && machine.is_believed(2 * HOUR));
        machine.wall_ms += HOUR;
        assert!(
            !machine.is_believed(0),
            "by then the earlier one was trusted"
        );
    }

    #[test]
    fn sleep_is_time_and_drift_is_no_jump() {
        let mut machine = Machine::new(DAY);
        assert!(machine.is_believed(30 * DAY));
        for _ in 0..1000 {
            machine.wall_ms += 30_000;
            assert!(machine.is_believed(HOUR));
        }
    }

    #[test]
    fn a_clock_that_is_set_soon_after_the_start_is_right() {
        let mut machine = Machine::new(60_000);
        machine.wall_ms += 400 * DAY;
        assert!(machine.is_believed(1000));
        let mut never_set = Machine::new(60_000);
        never_set.wall_ms = 0;
        assert!(matches!(never_set.after(HOUR), Belief::Doubted(_)));
    }

    #[test]
    fn nothing_is_given_up_soon_after_the_start() {
        let mut machine = Machine::new(DAY);
        let may = |belief| {
            matches!(
                belief,
                Belief::Now {
                    may_give_up: true,
                    ..
                }
            )
        };
        assert!(!may(machine.after(1000)));
        assert!(may(machine.after(SETTLED_AFTER_MS)));
    }
}
