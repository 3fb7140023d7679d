//! Schedules: each time once, over downtimes and crashes.

use super::*;

/// What a schedule sends is told by the texts that were queued.
impl Machine {
    fn repeating(&self) -> Arc<Repeating> {
        Arc::clone(&self.running.as_ref().expect("it runs").0.repeating)
    }

    async fn add(&self, name: &str, repeat: Repeat, count: Option<u64>) {
        self.add_to("webchat", name, repeat, count).await;
    }

    async fn add_to(&self, channel: &str, name: &str, repeat: Repeat, count: Option<u64>) {
        let draft = Draft {
            channel: channel.to_owned(),
            peer: "ana".to_owned(),
            text: name.to_owned(),
            ..Draft::default()
        };
        let new = NewSchedule {
            name: name.to_owned(),
            repeat,
            draft,
            until_ms: None,
            count,
            grace_ms: HOUR,
        };
        self.repeating().add(new, None).await.expect("added");
    }

    fn sent(&self, text: &str) -> usize {
        let events = self.events.lock().expect("whole");
        let of_it = events.iter().filter(|event| event.message.text == text);
        of_it
            .filter(|event| event.message.state == State::Queued)
            .count()
    }

    fn every(&self, ms: u64) -> Repeat {
        let period = std::time::Duration::from_millis(ms);
        Repeat::Every(Interval {
            period,
            from_ms: self.real_ms + ms,
        })
    }

    fn state(&self, name: &str) -> String {
        let status = self.repeating().named(name).expect("there");
        status.json["state"].as_str().unwrap_or_default().to_owned()
    }
}

#[tokio::test]
async fn a_schedule_sends_each_time_once_and_ends_with_its_count() {
    let mut machine = Machine::new();
    // The real clock is read where one is added.
    machine.real_ms = crate::clock::now_ms();
    let began_ms = machine.real_ms;
    machine.running = None;
    machine.start();
    machine.add("hourly", machine.every(HOUR), Some(3)).await;
    machine.add("paused", machine.every(HOUR), None).await;
    let paused = machine.repeating().pause("paused".to_owned(), true).await;
    assert_eq!(paused.expect("there")["state"], "paused");
    for minutes in [30, 60, 61, 120, 121, 180, 240, 300] {
        machine.real_ms = began_ms + minutes * MINUTE;
        machine.turn().await;
        let expected = usize::try_from(minutes / 60).expect("small").min(3);
        assert_eq!(machine.sent("hourly"), expected, "after {minutes} minutes");
    }
    assert_eq!(machine.state("hourly"), "over");
    assert_eq!(machine.sent("paused"), 0);
    machine
        .repeating()
        .run("paused".to_owned())
        .await
        .expect("there");
    assert_eq!(machine.sent("paused"), 1);
    machine
        .repeating()
        .remove("paused".to_owned())
        .await
        .expect("there");
    assert!(machine.repeating().named("paused").is_none());
    assert!(
        machine
            .repeating()
            .remove("paused".to_owned())
            .await
            .is_err()
    );
}

#[tokio::test]
async fn each_run_counts_and_so_does_an_occurrence_of_the_same_moment() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    machine.add("tea", machine.every(HOUR), None).await;
    let due_ms = machine.real_ms + HOUR;
    for _ in 0..2 {
        let run = machine.repeating().run_at("tea", due_ms).await;
        assert!(run.expect("there")["last"]["message_id"].is_string());
    }
    machine.real_ms = due_ms;
    machine.turn().await;
    assert_eq!(machine.sent("tea"), 3);
}

#[tokio::test]
async fn times_at_which_the_channel_was_gone_do_not_count() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    let began_ms = machine.real_ms;
    machine.running = None;
    machine.start();
    let every = machine.every(HOUR);
    machine.add_to("fax", "gone", every, Some(2)).await;
    for hours in 1..=3 {
        machine.real_ms = began_ms + hours * HOUR;
        machine.turn().await;
    }
    let gone = machine.repeating().named("gone").expect("there").json;
    assert_eq!(gone["state"], "active", "{gone}");
    assert_eq!(gone["count"], 2, "{gone}");
    assert!(gone["last"]["error"].to_string().contains("fax"), "{gone}");
}

#[cfg(feature = "store")]
#[tokio::test]
async fn what_schedules_missed_in_a_downtime_goes_once_within_its_grace() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    let began_ms = machine.real_ms;
    machine.add("often", machine.every(10 * MINUTE), None).await;
    machine.add("daily", machine.every(DAY), None).await;
    machine.running = None;
    machine.real_ms = began_ms + 5 * HOUR + MINUTE;
    machine.start();
    machine.turn().await;
    machine.turn().await;
    assert_eq!((machine.sent("often"), machine.sent("daily")), (1, 0));
    machine.running = None;
    // Two hours too late for the day's message, which is passed over.
    machine.real_ms = began_ms + DAY + 2 * HOUR;
    machine.start();
    machine.turn().await;
    assert_eq!((machine.sent("often"), machine.sent("daily")), (2, 0));
    let next = machine.repeating().named("daily").expect("there").json["next_ms"].as_u64();
    let first_ms = next.map(|next| next.saturating_sub(began_ms) / DAY);
    assert_eq!(first_ms, Some(2), "and the next day's is to come");
}

#[cfg(all(feature = "store", feature = "schedule"))]
#[tokio::test]
async fn a_crash_between_message_and_note_sends_no_second_one() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    let zone = crate::calendar::Zone::named("America/Sao_Paulo").expect("a zone");
    let cron = "*/5 * * * *".parse().expect("an expression");
    machine.add("cron", Repeat::Cron(cron, zone), None).await;
    machine.real_ms += 6 * MINUTE;
    let kept = machine
        .store()
        .numbered_rows(NumberedTable::Schedules)
        .expect("readable");
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 1);
    // As if the note had not been made.
    let row: serde_json::Value = serde_json::from_slice(&kept[0]).expect("a row");
    let number = row["number"].as_u64().expect("a number");
    let pending =
        machine
            .store()
            .put_numbered_row(NumberedTable::Schedules, number, Some(kept[0].clone()));
    pending.expect("room").await.expect("kept");
    machine.running = None;
    machine.start();
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 1);
    machine.real_ms += 5 * MINUTE;
    machine.turn().await;
    assert_eq!(machine.sent("cron"), 2);
}

#[cfg(feature = "store")]
#[tokio::test]
async fn a_schedule_takes_the_place_of_its_former_in_one_step() {
    let mut machine = Machine::new();
    machine.real_ms = crate::clock::now_ms();
    machine.running = None;
    machine.start();
    machine.add("tea", machine.every(HOUR), Some(3)).await;
    let commits = machine.store().health().commits;
    machine.add("tea", machine.every(DAY), None).await;
    // A crash leaves one or the other: there is no commit between them.
    assert_eq!(machine.store().health().commits, commits + 1);
    let rows = machine.store().numbered_rows(NumberedTable::Schedules);
    assert_eq!(rows.expect("readable").len(), 1);
    machine.running = None;
    machine.start();
    let kept = machine.repeating().named("tea").expect("there").json;
    assert_eq!(
        (&kept["every_ms"], &kept["count"]),
        (&DAY.into(), &serde_json::Value::Null)
    );
}
