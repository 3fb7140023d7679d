//! What the store forgets, and when it tries again, while the wall clock lies.

use std::time::Duration;

use super::*;
use crate::{
    message::State,
    store::{
        HistoryQuery, StatusUpdate,
        backend::{Rows, Table, meta},
    },
};

const HOUR_MS: u64 = 3_600_000;
const YEAR_MS: u64 = 365 * DAY_MS;
const IN_2300: u64 = 10_413_792_000_000;

fn kept(store: &Store) -> usize {
    let all = store.history(&HistoryQuery::default()).expect("readable");
    all.messages.len()
}

/// Lets time pass while the store is looked at each hour, as the daemon looks each second.
fn run(fixture: &Fixture, store: &Store, hours: u64) {
    for _ in 0..hours {
        fixture.pass(HOUR_MS);
        store.health();
    }
}

/// As a version left it that knew only the wall clock.
fn make_older(fixture: &Fixture) {
    let forget = fixture.backend().transact(&mut |rows| {
        rows.remove(Table::Meta, meta::TIME)?;
        let mut last = vec![u8::MAX; 8];
        while let Some((key, _)) = rows.at_or_before(Table::Times, &last)? {
            rows.remove(Table::Times, &key)?;
            last = key;
        }
        Ok(true)
    });
    forget.expect("written");
}

#[test]
fn a_wall_clock_that_jumps_forgets_nothing_while_it_runs() {
    on_every_backend(|fixture| {
        for wrong in [START_MS + YEAR_MS, START_MS - YEAR_MS, 0, IN_2300] {
            let store = fixture.open();
            let before = kept(&store);
            received(&store, inbound("telegram", "hi", Some("k")));
            let first = queued(&store, keyed("hello", "k")).message.id;
            fixture.set_wall(wrong);
            assert_eq!(done(store.prune()), crate::store::Pruned::default());
            received(&store, inbound("telegram", "meanwhile", None));
            run(&fixture, &store, 5);
            assert!(received(&store, inbound("telegram", "hi", Some("k"))).duplicate);
            assert_eq!(queued(&store, keyed("hello", "k")).message.id, first);
            fixture.set_wall(START_MS + 5 * HOUR_MS);
            run(&fixture, &store, 48);
            assert_eq!(done(store.prune()).messages, 0);
            assert_eq!(kept(&store), before + 3, "{wrong}");
            run(&fixture, &store, 24 * 7);
            assert_eq!(done(store.prune()).keys, 2, "{wrong}");
            fixture.set_wall(START_MS);
        }
    });
}

#[test]
fn a_wrong_clock_at_the_start_forgets_nothing_and_its_messages_live_as_long_as_others() {
    on_every_backend(|fixture| {
        for wrong in [START_MS + YEAR_MS, START_MS - YEAR_MS, 0, IN_2300] {
            fixture.set_wall(wrong);
            let store = fixture.open();
            received(&store, inbound("telegram", "made by a wrong clock", None));
            run(&fixture, &store, 3);
            store.close();
            fixture.set_wall(START_MS);
            let store = fixture.open();
            run(&fixture, &store, 89 * 24);
            assert_eq!(done(store.prune()).messages, 0, "{wrong}");
            run(&fixture, &store, 3 * 24);
            assert_eq!(done(store.prune()).messages, 1, "{wrong}");
            store.close();
            fixture.set_wall(START_MS);
        }
    });
}

#[test]
fn a_downtime_counts_when_the_clock_has_held_for_a_day_across_restarts() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        run(&fixture, &store, 48);
        received(&store, inbound("telegram", "hi", Some("k")));
        store.close();
        fixture.off(100 * DAY_MS);
        let store = fixture.open();
        run(&fixture, &store, 20);
        assert_eq!(done(store.prune()).messages, 0, "it may be wrong yet");
        store.close();
        let store = fixture.open();
        run(&fixture, &store, 5);
        assert_eq!(done(store.prune()).messages, 1);
    });
}

#[test]
fn a_retry_waits_for_its_delay_whatever_the_wall_clock_does() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        let later = StatusUpdate {
            retry_in: Some(Duration::from_secs(60)),
            attempts: Some(1),
            ..StatusUpdate::to(State::Sending)
        };
        done(store.advance(id, later));
        let due = |store: &Store| store.outbox("telegram", None, 1).expect("readable")[0].1;
        for wrong in [START_MS + YEAR_MS, START_MS - YEAR_MS, 0, IN_2300] {
            fixture.set_wall(wrong);
            assert_eq!(due(&store).wait, Duration::from_secs(60), "{wrong}");
            assert_eq!(due(&store).at_ms, wrong + 60_000);
        }
        fixture.pass(20_000);
        assert_eq!(due(&store).wait, Duration::from_secs(40));
        received(&store, inbound("telegram", "hi", None));
        store.close();
        fixture.off(YEAR_MS);
        let store = fixture.open();
        let wait = due(&store).wait;
        assert_eq!(wait, Duration::from_secs(40), "what is left of its delay");
        fixture.pass(50_000);
        assert_eq!(due(&store).wait, Duration::ZERO);
    });
}

#[test]
fn ages_leave_out_what_the_wall_clock_did() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        let id = queue(&store, "hello");
        fixture.set_wall(START_MS + YEAR_MS);
        run(&fixture, &store, 2);
        let (_, steps) = store.message(id).expect("readable").expect("there");
        let age = store.age(&steps[0]).expect("readable");
        assert_eq!(age, Duration::from_secs(2 * 3600));
        let id = queue(&store, "again");
        let (_, steps) = store.message(id).expect("readable").expect("there");
        assert_eq!(store.age(&steps[0]), Ok(Duration::ZERO));
    });
}

#[test]
fn a_store_of_an_earlier_version_keeps_the_ages_of_its_messages() {
    on_every_backend(|fixture| {
        for wrong in [None, Some(START_MS + YEAR_MS), Some(0), Some(IN_2300)] {
            let store = fixture.open();
            received(&store, inbound("telegram", "old", None));
            run(&fixture, &store, 60 * 24);
            received(&store, inbound("telegram", "young", None));
            store.close();
            make_older(&fixture);
            let right = fixture.wall_ms.load(Ordering::Relaxed);
            fixture.set_wall(wrong.unwrap_or(right));
            let store = fixture.open();
            run(&fixture, &store, 3);
            assert_eq!(done(store.prune()).messages, 0, "{wrong:?}");
            fixture.set_wall(right + 3 * HOUR_MS);
            run(&fixture, &store, 26 * 24);
            assert_eq!(done(store.prune()).messages, 0, "{wrong:?}");
            run(&fixture, &store, 65 * 24);
            assert_eq!(done(store.prune()).messages, 2, "{wrong:?}");
            store.close();
        }
    });
}

#[test]
fn a_message_of_an_earlier_version_from_a_clock_that_was_never_set_is_kept() {
    on_every_backend(|fixture| {
        fixture.set_wall(0);
        let store = fixture.open();
        received(&store, inbound("telegram", "from 1970", None));
        fixture.set_wall(START_MS);
        received(&store, inbound("telegram", "from now", None));
        store.close();
        make_older(&fixture);
        let store = fixture.open();
        run(&fixture, &store, 48);
        assert_eq!(done(store.prune()).messages, 0);
    });
}

#[test]
fn stamps_go_with_the_messages_they_are_for() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        for _ in 0..100 {
            received(&store, inbound("telegram", "hi", None));
            run(&fixture, &store, 24);
        }
        let stamps = |store: &Store| store.view(|rows| rows.len(Table::Times)).expect("readable");
        // Runs that come by themselves may have begun.
        done(store.prune());
        done(store.prune());
        assert_eq!((kept(&store), stamps(&store)), (50, 90));
    });
}

#[test]
fn an_idle_store_writes_nothing_for_its_time_until_it_closes() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        received(&store, inbound("telegram", "hi", None));
        let before = store.health().commits;
        run(&fixture, &store, 100);
        assert_eq!(done(store.prune()), crate::store::Pruned::default());
        assert_eq!(store.health().commits, before);
        store.close();
        let kept = |fixture: &Fixture| {
            let store = fixture.open();
            (store.clock()(), store.view(|rows| meta::time(rows)))
        };
        let (time_ms, row) = kept(&fixture);
        assert_eq!(time_ms, START_MS + 100 * HOUR_MS);
        assert!(row.is_ok_and(|row| row.is_some()));
    });
}

#[test]
fn a_damaged_row_of_the_time_keeps_nobody_from_opening_the_store() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        received(&store, inbound("telegram", "hi", None));
        store.close();
        let work = &mut |rows: &mut dyn Rows| meta::put_time(rows, b"\xffno").map(|()| true);
        fixture.backend().transact(work).expect("written");
        let store = fixture.open();
        assert_eq!(done(store.prune()).messages, 0);
        assert_eq!(kept(&store), 1);
    });
}

#[cfg(feature = "store")]
#[test]
fn a_row_of_the_time_or_its_stamps_with_a_wrong_checksum_refuses_nothing_and_ages_nothing() {
    use crate::store::backend::redb::break_seal;
    for broken in [&[Table::Meta][..], &[Table::Meta, Table::Times]] {
        let fixture = Fixture::new(BackendKind::File);
        // The store's time began a year early: the wall clock was not set yet.
        fixture.set_wall(START_MS - YEAR_MS);
        let store = fixture.open();
        run(&fixture, &store, 2);
        fixture.set_wall(START_MS);
        run(&fixture, &store, 48);
        received(&store, inbound("telegram", "hi", None));
        store.close();
        for table in broken {
            let key = (*table == Table::Meta).then_some(meta::TIME);
            break_seal(&fixture.options.path, *table, key);
        }
        let store = fixture.open();
        run(&fixture, &store, 48);
        if broken.len() == 1 {
            assert_eq!(done(store.prune()).messages, 0);
        }
        assert_eq!(kept(&store), 1, "{broken:?}");
    }
}

#[test]
fn an_upgrade_takes_the_present_from_events_of_a_clock_that_was_right() {
    on_every_backend(|fixture| {
        let store = fixture.open();
        received(&store, inbound("telegram", "right", None));
        for lie in [START_MS - YEAR_MS, START_MS + YEAR_MS, 0] {
            fixture.set_wall(lie);
            received(&store, inbound("telegram", "of a clock that lies", None));
        }
        store.close();
        make_older(&fixture);
        fixture.set_wall(START_MS + 10 * DAY_MS);
        let store = fixture.open();
        assert_eq!(store.clock()(), START_MS);
    });
}
