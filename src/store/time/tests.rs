//! The store's time against wall clocks that lie, as a model: the true time is known, and the wall
//! clock is what the test sets.

use proptest::prelude::*;

use super::{
    codec,
    state::{BELIEVED_AFTER_MS, Reading, SHORTEST_LOW_MS, StoreTime},
};
use crate::clock::PLAUSIBLE_MS;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 60 * MINUTE_MS;
const DAY_MS: u64 = 24 * HOUR_MS;
const YEAR_MS: i64 = 365 * 86_400_000;
const START_MS: u64 = 1_800_000_000_000;
/// 1960 and 2300, as far as a clock that counts from 1970 can show them.
const YEARS: [u64; 2] = [0, 10_413_792_000_000];

/// A machine: the true time, how wrong its wall clock is, and the time kept on its disk.
struct Machine {
    true_ms: u64,
    /// What is added to the true time, or the time shown instead.
    wrong_by: i64,
    shown: Option<u64>,
    started_ms: u64,
    time: StoreTime,
}

impl Machine {
    fn new(shown: Option<u64>, newest_ms: Option<u64>) -> Self {
        let reading = Reading {
            wall_ms: shown.unwrap_or(START_MS),
            monotonic_ms: 0,
        };
        Self {
            true_ms: START_MS,
            wrong_by: 0,
            shown,
            started_ms: START_MS,
            time: StoreTime::begin(reading, newest_ms),
        }
    }

    fn reading(&self) -> Reading {
        Reading {
            wall_ms: self
                .shown
                .unwrap_or_else(|| self.true_ms.saturating_add_signed(self.wrong_by)),
            monotonic_ms: self.true_ms - self.started_ms,
        }
    }

    fn run(&mut self, mut ms: u64) {
        while ms > 0 {
            let step = ms.min(10 * MINUTE_MS);
            self.true_ms += step;
            self.time.advance(self.reading());
            ms -= step;
        }
    }

    fn restart(&mut self, off_ms: u64) {
        let row = codec::encode(&self.time.saved());
        self.true_ms += off_ms;
        self.started_ms = self.true_ms;
        let saved = codec::decode(&row).expect("as written");
        self.time = StoreTime::resume(saved, self.reading());
    }

    fn show(&mut self, wrong_by: i64) {
        self.shown = None;
        self.wrong_by = wrong_by;
        self.time.advance(self.reading());
    }

    fn passed(&self) -> u64 {
        self.time.now_ms() - START_MS
    }
}

#[test]
fn a_clock_that_is_wrong_for_less_than_a_day_ages_nothing() {
    for by in [YEAR_MS, -YEAR_MS, 20 * YEAR_MS, 3_600_000, -3_600_000] {
        let mut machine = Machine::new(None, Some(START_MS));
        machine.run(2 * DAY_MS);
        machine.show(by);
        machine.run(DAY_MS - HOUR_MS);
        machine.restart(MINUTE_MS);
        machine.run(30 * MINUTE_MS);
        machine.show(0);
        machine.run(2 * DAY_MS);
        let passed = machine.true_ms - START_MS;
        assert!(machine.passed().abs_diff(passed) < 2_000, "{by}");
        assert_eq!(machine.time.health().jumps, 1 + u64::from(by < 0), "{by}");
    }
}

#[test]
fn a_downtime_counts_after_a_day_of_running_and_not_before() {
    let mut machine = Machine::new(None, Some(START_MS));
    machine.run(HOUR_MS);
    machine.restart(60 * DAY_MS);
    machine.run(DAY_MS - HOUR_MS);
    assert!(machine.passed() < 2 * DAY_MS);
    machine.restart(DAY_MS);
    machine.run(HOUR_MS);
    assert!(machine.passed() > 60 * DAY_MS && machine.passed() < 62 * DAY_MS);
    machine.run(DAY_MS);
    assert!(machine.passed().abs_diff(machine.true_ms - START_MS) < 2_000);
}

#[test]
fn a_machine_that_sleeps_each_night_lags_by_a_day_of_running_only() {
    let mut machine = Machine::new(None, Some(START_MS));
    for _ in 0..90 {
        machine.run(8 * HOUR_MS);
        machine.restart(16 * HOUR_MS);
    }
    let lag = machine.true_ms - START_MS - machine.passed();
    assert!(lag <= 4 * DAY_MS, "{}", lag / HOUR_MS);
}

#[test]
fn a_machine_that_sleeps_forty_times_a_day_lags_by_little_more_than_a_day() {
    let mut machine = Machine::new(None, Some(START_MS));
    for _ in 0..40 * 30 {
        machine.run(20 * MINUTE_MS);
        machine.restart(16 * MINUTE_MS);
    }
    let lag = machine.true_ms - START_MS - machine.passed();
    assert!(lag <= 2 * DAY_MS, "{}", lag / HOUR_MS);
    assert!(codec::encode(&machine.time.saved()).len() < 1_000);
}

#[test]
fn a_store_that_lost_its_time_goes_on_from_its_newest_stamp() {
    let mut machine = Machine::new(None, Some(START_MS));
    let (time_ms, wall_ms) = (START_MS - YEAR_MS.unsigned_abs(), START_MS - DAY_MS);
    machine.time = StoreTime::begin_at(machine.reading(), (time_ms, wall_ms));
    assert_eq!(machine.time.now_ms(), time_ms);
    machine.run(BELIEVED_AFTER_MS);
    let passed = machine.time.now_ms() - time_ms;
    assert!(passed.abs_diff(2 * DAY_MS) < 2_000, "{passed}");
}

#[test]
fn a_first_start_with_a_clock_that_was_never_set_ages_nothing_when_it_is_set() {
    for shown in [YEARS[0], YEARS[1], START_MS - YEAR_MS.unsigned_abs()] {
        for hours in [1, 5, 20] {
            let mut machine = Machine::new(Some(shown), None);
            let begun = machine.time.now_ms();
            machine.run(hours * HOUR_MS);
            machine.show(0);
            machine.run(3 * DAY_MS);
            let passed = machine.true_ms - START_MS;
            assert_eq!(machine.time.now_ms() - begun, passed, "{shown} {hours}");
            machine.restart(30 * DAY_MS);
            machine.run(2 * DAY_MS);
            let counted = machine.time.now_ms() - begun;
            let passed = machine.true_ms - START_MS;
            assert!(
                counted.abs_diff(passed) < 2_000,
                "downtimes count from then on"
            );
        }
    }
}

#[test]
fn an_impossible_clock_is_never_believed_however_long_it_lasts() {
    for shown in YEARS {
        let mut machine = Machine::new(None, Some(START_MS));
        machine.shown = Some(shown);
        machine.run(5 * DAY_MS);
        assert_eq!(machine.passed(), 5 * DAY_MS);
        machine.show(0);
        machine.run(MINUTE_MS);
        assert_eq!(machine.passed(), 5 * DAY_MS + MINUTE_MS);
    }
}

#[test]
fn an_older_store_goes_on_from_its_newest_message() {
    let newest = START_MS - 10 * DAY_MS;
    let mut machine = Machine::new(None, Some(newest));
    assert_eq!(machine.time.now_ms(), newest);
    machine.run(BELIEVED_AFTER_MS);
    assert!(machine.time.now_ms().abs_diff(machine.true_ms) < 2_000);
    // A newest message from the future says that one of the two clocks was wrong: neither counts.
    let machine = Machine::new(None, Some(START_MS + DAY_MS));
    assert_eq!(machine.time.now_ms(), START_MS);
    let machine = Machine::new(Some(0), Some(START_MS));
    assert_eq!(machine.time.now_ms(), PLAUSIBLE_MS.start);
}

#[test]
fn a_clock_that_gains_a_second_at_every_look_is_kept_in_bounds() {
    let mut machine = Machine::new(None, Some(START_MS));
    for gained in 1..5_000 {
        machine.wrong_by = gained * 1_000;
        machine.run(20_000);
    }
    assert!(codec::encode(&machine.time.saved()).len() < 1_000);
}

/// What happens to a machine.
#[derive(Debug, Clone)]
enum Step {
    Right(u64),
    /// Wrong by these for so long each, then right again.
    Wrong(Vec<(i64, u64)>),
    Off(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let by = prop_oneof![
        Just(YEAR_MS),
        Just(-YEAR_MS),
        -2 * YEAR_MS..2 * YEAR_MS,
        -100_000..100_000_i64,
    ];
    let wrong = proptest::collection::vec((by, 0..300_u64), 1..5);
    prop_oneof![
        (61..3_000_u64).prop_map(Step::Right),
        wrong.prop_map(Step::Wrong),
        (0..100_000_u64).prop_map(Step::Off),
    ]
}

impl Machine {
    fn go(&mut self, step: &Step) {
        match step {
            Step::Right(minutes) => self.run(minutes * MINUTE_MS),
            Step::Off(minutes) => self.restart(minutes * MINUTE_MS),
            Step::Wrong(parts) => {
                for (i, (by, minutes)) in parts.iter().enumerate() {
                    self.show(*by);
                    self.run(minutes * MINUTE_MS);
                    if i == 1 {
                        self.restart(*minutes);
                    }
                }
                self.show(0);
                self.run(61 * MINUTE_MS);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn nothing_ages_faster_than_it_does_and_all_of_it_counts_once_the_clock_is_right(
        steps in proptest::collection::vec(step(), 1..20),
    ) {
        let mut machine = Machine::new(None, Some(START_MS));
        let mut before = machine.time.now_ms();
        for step in &steps {
            machine.go(step);
            prop_assert!(machine.time.now_ms() >= before, "it never goes back");
            before = machine.time.now_ms();
            prop_assert!(machine.passed() <= machine.true_ms - START_MS, "{step:?}");
        }
        machine.run(BELIEVED_AFTER_MS + SHORTEST_LOW_MS);
        let lag = machine.true_ms - START_MS - machine.passed();
        prop_assert!(lag < 2_000, "{lag}");
    }

    #[test]
    fn in_a_new_store_nothing_ages_faster_than_it_does_either(
        shown in prop_oneof![Just(None), Just(Some(0)), Just(Some(START_MS - 77 * DAY_MS))],
        hours in 1..20_u64,
        steps in proptest::collection::vec(step(), 1..20),
    ) {
        let mut machine = Machine::new(shown, None);
        let begun = machine.time.now_ms();
        machine.run(hours * HOUR_MS);
        machine.show(0);
        machine.run(61 * MINUTE_MS);
        for step in &steps {
            machine.go(step);
            let counted = machine.time.now_ms() - begun;
            prop_assert!(counted <= machine.true_ms - START_MS, "{step:?}");
        }
    }
}
