//! Hours, pace and limits by the day.

use super::*;

#[tokio::test(start_paused = true)]
async fn outside_of_its_hours_a_channel_sends_only_what_is_urgent() {
    let rules = SendRules {
        hours: Hours::parse("mon-fri 08:00-20:00").expect("hours"),
        ..SendRules::default()
    };
    let fixture = Fixture::new(rules);
    fixture.send("ana", "later", None).await;
    fixture
        .send("bob", "now", Some(json!({"urgent": true})))
        .await;
    fixture.pass(Duration::from_secs(3600)).await;
    let texts = |fixture: &Fixture| -> Vec<_> {
        fixture.got().into_iter().map(|(_, _, text)| text).collect()
    };
    assert_eq!(texts(&fixture), ["now"]);
    let held = fixture.gate.held("service");
    assert_eq!(
        held.as_deref(),
        Some("outside of its hours until 2026-11-23 08:00")
    );
    fixture.pass(Duration::from_secs(7 * 3600 + 120)).await;
    assert_eq!(texts(&fixture), ["now", "later"]);
    assert!((fixture.clock)() >= MONDAY_MS + 8 * HOUR_MS);
}

/// The rules of a cautious shop.
fn cautious() -> SendRules {
    let seconds = Duration::from_secs;
    SendRules {
        hours: Hours::parse("mon-fri 08:00-20:00, sat 09:00-12:00").expect("hours"),
        pace: Some(Pace {
            least: seconds(60),
            most: seconds(120),
        }),
        daily: Some(60),
        new_peers_daily: Some(5),
        warmup_days: 4,
        ..SendRules::default()
    }
}

#[tokio::test(start_paused = true)]
async fn over_a_week_hours_pace_and_daily_limits_hold() {
    let fixture = Fixture::ticking(cautious(), LONG_TICK);
    // These wrote first, so they are not new.
    for number in 0..10 {
        let inbound = Inbound {
            channel: "service".to_owned(),
            peer: format!("known{number}"),
            text: "oi".to_owned(),
            ..Inbound::default()
        };
        fixture
            .store
            .receive(inbound)
            .expect("room")
            .await
            .expect("stored");
    }
    for round in 0..10 {
        for number in 0..10 {
            fixture
                .send(&format!("known{number}"), &format!("{round}"), None)
                .await;
        }
        for number in 0..40 {
            if round < 2 {
                fixture
                    .send(&format!("new{number}"), &format!("{round}"), None)
                    .await;
            }
        }
        fixture.send("120@g.us", &format!("{round}"), None).await;
    }
    fixture.pass(Duration::from_millis(7 * DAY_MS)).await;
    let got = fixture.got();
    let hours = cautious().hours;
    let zone = Zone::named("UTC").expect("UTC");
    let mut days: HashMap<u64, (u64, HashSet<String>)> = HashMap::new();
    let mut written: HashSet<String> = HashSet::new();
    for pair in got.windows(2) {
        let gap = pair[1].0 - pair[0].0;
        // Of which a tick may be the clock's.
        assert!(gap >= 30_000, "a gap of {gap} ms");
    }
    for (at_ms, peer, _) in &got {
        assert_eq!(
            hours.closed_until(*at_ms, &zone),
            None,
            "{at_ms} is outside of the hours"
        );
        let day = days.entry((at_ms - MONDAY_MS) / DAY_MS).or_default();
        day.0 += 1;
        if peer.starts_with("new") && written.insert(peer.clone()) {
            day.1.insert(peer.clone());
        }
    }
    let mut counts: Vec<_> = days
        .into_iter()
        .map(|(day, (sent, new))| (day, sent, new.len()))
        .collect();
    counts.sort_unstable();
    for (day, sent, new) in &counts {
        // Four days of warming up: 15, 30, 45, 60 messages; 1, 2, 3, 5 new people.
        let (most, most_new) = [(15, 1), (30, 2), (45, 3)]
            .get(usize::try_from(*day).expect("small"))
            .copied()
            .unwrap_or((60, 5));
        assert!(*sent <= most, "{sent} messages on day {day}");
        assert!(*new <= most_new, "{new} new people on day {day}");
    }
    println!("messages and new people by day: {counts:?}");
    assert!(
        counts.iter().map(|(_, sent, _)| sent).sum::<u64>() >= 110,
        "{counts:?}"
    );
    let new: usize = counts.iter().map(|(_, _, new)| new).sum();
    assert!((15..=21).contains(&new), "{counts:?}");
    // In order for each peer.
    for number in 0..10 {
        let texts: Vec<u64> = got
            .iter()
            .filter(|(_, peer, _)| *peer == format!("known{number}"))
            .map(|(_, _, text)| text.parse().expect("a number"))
            .collect();
        assert!(texts.is_sorted(), "{texts:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_channel_sent_today_is_known_after_a_restart() {
    let rules = SendRules {
        daily: Some(2),
        ..SendRules::default()
    };
    let fixture = Fixture::ticking(rules, LONG_TICK);
    for number in 0..3 {
        fixture.send(&format!("p{number}"), "x", None).await;
    }
    fixture.pass(Duration::from_secs(60)).await;
    assert_eq!(fixture.got().len(), 2);
    assert_eq!(
        fixture.gate.held("service").as_deref(),
        Some("waits for tomorrow: 2 messages went out today")
    );
    let reopened =
        RowStorage::of_build(&fixture.store, fixture.folder.path(), NumberedTable::Quotas);
    let kept = crate::daemon::gate::quota::Quotas::open(reopened).expect("readable");
    let day = i64::try_from(MONDAY_MS / DAY_MS).expect("small");
    assert_eq!(kept.of("service", day).sent, 2);
    assert_eq!(
        kept.of("service", day - 1).sent,
        2,
        "a clock that goes back gives no second day"
    );
    assert_eq!(kept.of("service", day + 1).sent, 0);
    fixture.pass(Duration::from_millis(DAY_MS)).await;
    assert_eq!(fixture.got().len(), 3);
}
