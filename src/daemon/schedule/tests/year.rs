//! A year with clocks that jump, downtimes and sudden ends.

use super::*;
use crate::daemon::schedule::wall_clock::BELIEVED_AFTER_MS;

/// Numbers that look like chance, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

/// A year in which the clock jumps, the machine is down and the daemon ends at once, at random.
async fn a_year(messages: u64, ends: u64) {
    let (mut machine, mut dice) = (Machine::new(), Dice(0x9e37_79b9_7f4a_7c15));
    let mut all = Vec::new();
    for _ in 0..messages {
        let at_ms = START + HOUR + dice.below(364 * DAY);
        let grace_ms =
            [10 * MINUTE, HOUR, 6 * HOUR][usize::try_from(dice.below(3)).expect("small")];
        all.push((machine.schedule(at_ms, grace_ms).await, at_ms, grace_ms));
    }
    let mut went = std::collections::HashMap::new();
    let mut next_trouble = machine.real_ms + dice.below(7 * DAY);
    let (mut put_right, mut troubles, mut down) = (None, 0, Vec::new());
    while machine.real_ms < START + 366 * DAY {
        let before = machine.events.lock().expect("whole").len();
        let next = machine.turn().await;
        for event in &machine.events.lock().expect("whole")[before..] {
            let is_new = went
                .insert(event.message.id, (machine.real_ms, event.message.state))
                .is_none();
            assert!(is_new, "{} went twice", event.message.id);
        }
        // Looks are rarer than in life: it is the troubles that matter.
        let next_ms = match next {
            Next::Woken => DAY,
            Next::After(_) => {
                let read = |store: &Store| store.next_scheduled();
                let next = machine.store().run_blocking(read).await.expect("readable");
                let wall_ms = machine.look().wall_ms;
                next.map_or(DAY, |at| at.saturating_sub(wall_ms))
                    .clamp(20_000, 10 * MINUTE)
            }
        };
        machine.real_ms += next_ms;
        if put_right.is_some_and(|at| at <= machine.real_ms) {
            (machine.wrong_ms, put_right) = (0, None);
        }
        if machine.real_ms < next_trouble {
            continue;
        }
        troubles += 1;
        next_trouble = machine.real_ms + dice.below(365 * DAY / (ends + 1) * 2);
        let jumps = [HOUR, DAY].map(|ms| i64::try_from(ms).expect("small"));
        match dice.below(4) {
            0 => machine.wrong_ms = jumps[usize::try_from(dice.below(2)).expect("small")],
            1 => machine.wrong_ms = -jumps[usize::try_from(dice.below(2)).expect("small")],
            kind => {
                // Killed, and down for a while, longer and shorter than any grace.
                machine.running = None;
                let began = machine.real_ms;
                machine.real_ms += dice.below(if kind == 2 { HOUR } else { 2 * DAY });
                down.push((began, machine.real_ms));
                machine.start();
            }
        }
        if machine.wrong_ms != 0 {
            put_right = Some(machine.real_ms + dice.below(BELIEVED_AFTER_MS - 20 * MINUTE));
        }
    }
    assert!(troubles >= ends / 2, "{troubles} troubles");
    let (mut sent, mut failed) = (0, 0);
    for (id, at_ms, grace_ms) in all {
        let (went_ms, state) = went
            .remove(&id)
            .unwrap_or_else(|| panic!("{id} was forgotten"));
        assert!(went_ms >= at_ms, "{id} went {} ms early", at_ms - went_ms);
        let late_ms = went_ms - at_ms;
        if state == State::Queued {
            sent += 1;
            assert!(
                late_ms <= grace_ms + 2 * BELIEVED_AFTER_MS,
                "{id} was {late_ms} ms late"
            );
        } else {
            failed += 1;
            assert_eq!(state, State::Failed);
            assert!(
                late_ms > grace_ms,
                "{id} was given up {late_ms} ms behind its time"
            );
            let is_down = |(from, to): &(u64, u64)| *from <= at_ms + grace_ms && at_ms <= *to;
            assert!(
                down.iter().any(is_down) || grace_ms < BELIEVED_AFTER_MS,
                "{id} failed without a downtime"
            );
        }
    }
    println!(
        "{messages} messages, {troubles} troubles: {sent} sent, {failed} given up, none early, none twice"
    );
    assert_eq!(sent + failed, messages);
}

#[tokio::test]
async fn over_a_year_each_message_goes_once_and_none_is_early() {
    a_year(600, 60).await;
}

#[tokio::test]
#[ignore = "takes minutes"]
async fn over_a_year_ten_thousand_messages_go_once_each() {
    a_year(10_000, 100).await;
}
