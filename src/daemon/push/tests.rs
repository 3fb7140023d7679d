//! The lanes of devices with a clock of the test's own, and which pushes are not made after all.

use std::{
    sync::{Arc, atomic::Ordering::Relaxed},
    time::Duration,
};

use serde_json::json;
use tokio::time::Instant;

use super::{
    Pusher,
    attempt::not_to_be_made,
    gather::Gathered,
    lanes::{Lanes, MAX_AGE, Verdict, Waiting},
    outcome::Outcome,
};
use crate::{
    clock,
    config::{self, Environment, Lookup, Overrides},
    daemon::testing::Ground,
    http_client::OutsideUrl,
    keys::NewKey,
    message::{ConversationSet, Message, MessageId, Pattern},
    protocol::role::Role,
    push::{NewSubscription, Owner, PushNews, Quiet, Receiver, Subscription},
    store::{Occasion, StoredEvent},
};

/// A pusher with nobody subscribed, and what it stands on.
struct Stage {
    ground: Ground,
    pusher: Arc<Pusher>,
}

fn new(endpoint: &str, owner: Owner) -> NewSubscription {
    let mut public = [7; 65];
    public[0] = 4;
    NewSubscription {
        endpoint: endpoint.to_owned(),
        url: OutsideUrl::parse(endpoint).expect("an address"),
        receiver: Receiver {
            public,
            auth: [9; 16],
        },
        topics: Vec::new(),
        quiet: None,
        language: None,
        owner,
    }
}

impl Stage {
    fn new() -> Self {
        let (ground, _) = Ground::new();
        let pusher = Pusher::new(ground.push());
        Self { ground, pusher }
    }

    async fn subscribe(&self, new: NewSubscription) -> Arc<Subscription> {
        let registry = &self.pusher.inner.parts.registry;
        registry.add(new, 1).await.expect("room")
    }

    /// One that the owner's token made, at an address that nothing is sent to.
    async fn subscribed(&self) -> Arc<Subscription> {
        self.subscribe(new("https://push.example/1", Owner::of_token("token")))
            .await
    }

    /// What comes of a message of Ana without sending anything.
    fn judged(&self, one: &Arc<Subscription>, peer: &str) -> Option<Outcome> {
        let news = PushNews::of(&Message::sample("telegram", peer));
        not_to_be_made(&self.pusher.inner, one, &news)
    }
}

fn waiting(peer: &str, number: u64, now: Instant) -> Waiting {
    let news = PushNews::of(&Message {
        id: MessageId(number),
        ..Message::sample("telegram", peer)
    });
    Waiting::new(&Gathered { news, count: 1 }, now)
}

/// Takes the next push and lets it end so.
fn end_next(lanes: &mut Lanes, outcome: &Outcome, now: Instant) -> (Verdict, bool) {
    let job = lanes.next(now).expect("a push");
    lanes.ended(job, outcome, now)
}

#[tokio::test]
async fn a_device_gets_one_push_at_a_time_and_the_newest_of_each_conversation() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    lanes.push(&one, waiting("ana", 1, now));
    let first = lanes.next(now).expect("a push");
    for (peer, number) in [("ana", 2), ("bia", 3), ("ana", 4)] {
        assert!(lanes.push(&one, waiting(peer, number, now)));
    }
    assert!(lanes.next(now).is_none(), "one is under way");
    lanes.ended(first, &Outcome::Sent, now);
    let mut told = Vec::new();
    while let Some(job) = lanes.next(now) {
        told.push((job.waiting.news.message_id.0, job.waiting.count));
        lanes.ended(job, &Outcome::Sent, now);
    }
    assert_eq!(told, [(3, 1), (4, 2)]);
    assert_eq!(
        lanes.len(),
        0,
        "nothing is remembered of a device that is well"
    );
}

#[tokio::test]
async fn a_service_that_is_busy_is_asked_again_when_it_said_and_not_before() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    lanes.push(&one, waiting("ana", 1, now));
    let asked = Duration::from_secs(30);
    let ended = end_next(&mut lanes, &Outcome::Busy(Some(asked)), now);
    assert_eq!(ended, (Verdict::GoOn, false));
    lanes.push(&one, waiting("ana", 2, now + Duration::from_secs(1)));
    assert_eq!(lanes.next_due(), Some(now + asked));
    assert!(lanes.next(now + asked / 2).is_none());
    let job = lanes.next(now + asked).expect("it, again");
    let told = (job.waiting.news.message_id.0, job.waiting.count);
    assert_eq!(told, (2, 2), "the newer one stands for both");
    let later = now + asked;
    let forever = Outcome::Busy(Some(Duration::from_secs(1_000_000)));
    lanes.ended(job, &forever, later);
    assert_eq!(lanes.next_due(), Some(later + Duration::from_secs(3600)));
    lanes
        .next(later + Duration::from_secs(3600))
        .expect("within an hour");
}

#[tokio::test]
async fn a_service_that_fails_is_asked_less_and_less_and_given_up_after_days() {
    let (stage, begun) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let (mut lanes, mut now) = (Lanes::default(), begun);
    let failed = Outcome::Failed("broken".to_owned());
    let mut waits = Vec::new();
    let end = loop {
        lanes.push(&one, waiting("ana", 1, now));
        let (verdict, _) = end_next(&mut lanes, &failed, now);
        if verdict != Verdict::GoOn {
            break verdict;
        }
        let next = lanes.next_due().expect("it is tried again");
        waits.push(next - now);
        now = next;
    };
    assert_eq!(end, Verdict::End("it could not be reached for days"));
    assert!(waits[0] < Duration::from_secs(10) && waits[3] > 2 * waits[0]);
    assert!(waits.iter().all(|wait| *wait <= Duration::from_secs(1800)));
    let days = (now - begun).as_secs() / 86_400;
    assert_eq!(days, 3);
    assert_eq!(lanes.len(), 0);
}

#[tokio::test]
async fn what_is_too_old_to_be_tried_again_is_given_up() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    lanes.push(&one, waiting("ana", 1, now));
    let failed = Outcome::Failed("broken".to_owned());
    let ended = end_next(&mut lanes, &failed, now + MAX_AGE);
    assert_eq!(ended, (Verdict::GoOn, true));
    assert_eq!(lanes.next_due(), None);
}

#[tokio::test]
async fn what_is_too_large_goes_once_more_without_its_text() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    lanes.push(&one, waiting("ana", 1, now));
    let ended = end_next(&mut lanes, &Outcome::TooLarge, now);
    assert_eq!(ended, (Verdict::GoOn, false));
    let job = lanes.next(now).expect("at once");
    assert!(job.is_brief);
    let ended = lanes.ended(job, &Outcome::TooLarge, now);
    assert_eq!(ended, (Verdict::GoOn, true), "given up");
}

#[tokio::test]
async fn a_device_ends_that_its_service_does_not_know_or_whose_key_it_refuses() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    for (outcome, times) in [
        (Outcome::Gone, 1),
        (Outcome::Orphaned, 1),
        (Outcome::Denied("403".to_owned()), 3),
    ] {
        let (mut lanes, mut at) = (Lanes::default(), now);
        lanes.push(&one, waiting("ana", 1, at));
        for time in 1..=times {
            let (verdict, _) = end_next(&mut lanes, &outcome, at);
            assert_eq!(verdict == Verdict::GoOn, time < times, "{outcome:?}");
            at += Duration::from_secs(3600);
        }
        assert_eq!(lanes.len(), 0);
    }
}

#[tokio::test]
async fn a_device_that_subscribes_anew_begins_anew() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    lanes.push(&one, waiting("ana", 1, now));
    lanes.push(&one, waiting("bia", 2, now));
    let before = lanes.next(now).expect("a push");
    let anew = stage.subscribed().await;
    lanes.push(&anew, waiting("ana", 3, now));
    let (verdict, _) = lanes.ended(before, &Outcome::Gone, now);
    assert_eq!(verdict, Verdict::GoOn, "that was the one before");
    let job = lanes.next(now).expect("its own");
    assert_eq!(job.waiting.news.message_id.0, 3);
    assert!(Arc::ptr_eq(&job.subscription, &anew));
}

#[tokio::test]
async fn what_waits_for_one_device_is_bounded() {
    let (stage, now) = (Stage::new(), Instant::now());
    let one = stage.subscribed().await;
    let mut lanes = Lanes::default();
    let room =
        (0..100).filter(|number: &u64| lanes.push(&one, waiting(&number.to_string(), 1, now)));
    assert_eq!(room.count(), 64);
    let job = lanes.next(now).expect("a push");
    assert_eq!(*job.waiting.news.peer, *"36", "the oldest gave way");
}

#[tokio::test]
async fn quiet_hours_other_conversations_and_lost_keys_get_no_push() {
    let stage = Stage::new();
    let parts = &stage.pusher.inner.parts;
    let key = NewKey {
        name: "phone".to_owned(),
        role: Role::Read,
        conversations: ConversationSet {
            channels: Vec::new(),
            peers: vec![Pattern::parse("telegram/ana").expect("a pattern")],
        },
        expires_ms: None,
    };
    let (key, _) = parts.keys.add(key, 1).await.expect("a key");
    let mut told = new("https://push.example/1", Owner::of_key(&key));
    let one = stage.subscribe(told.clone()).await;
    assert_eq!(stage.judged(&one, "ana"), None);
    assert_eq!(stage.judged(&one, "bia"), Some(Outcome::Skipped));
    let minutes = clock::now_ms() / 60_000 % 1440;
    let time = |minutes: u64| format!("{:02}:{:02}", minutes / 60 % 24, minutes % 60);
    let around = json!({"from": time(minutes + 1430), "until": time(minutes + 10)});
    told.quiet = Quiet::parse(&around).ok();
    let quiet = stage.subscribe(told).await;
    assert_eq!(
        stage.judged(&one, "ana"),
        Some(Outcome::Skipped),
        "replaced"
    );
    assert_eq!(stage.judged(&quiet, "ana"), Some(Outcome::Skipped), "quiet");
    parts.keys.revoke(&key).await.expect("revoked");
    assert_eq!(stage.judged(&quiet, "ana"), Some(Outcome::Orphaned));
}

#[tokio::test]
async fn where_nobody_subscribed_nothing_is_gathered_and_nothing_runs() {
    let stage = Stage::new();
    let event = StoredEvent {
        seq: 1,
        occasion: Occasion::State,
        message: Message::sample("telegram", "ana"),
    };
    let inner = &stage.pusher.inner;
    inner.hear(&event);
    assert_eq!(inner.gather().next(), None);
    let runs = || stage.pusher.worker.lock().expect("a lock").is_some();
    assert!(!runs());
    stage.subscribed().await;
    assert!(runs());
    inner.hear(&event);
    assert!(inner.gather().next().is_some());
    assert_eq!(inner.parts.registry.counters.dropped.load(Relaxed), 0);
}

#[tokio::test]
async fn with_another_token_the_owners_devices_end() {
    let stage = Stage::new();
    let registry = &stage.pusher.inner.parts.registry;
    stage.subscribed().await;
    let config = |token: &str| {
        let overrides = Overrides {
            home: Some(stage.ground.folder.path().to_owned()),
            settings: vec![("CLEUDOCODEBOT_TOKEN".to_owned(), token.to_owned())],
            ..Overrides::default()
        };
        let loaded = config::load(&overrides, &Environment::default());
        loaded.expect("settings").config
    };
    let mut same = config("a-token-of-thirty-two-characters");
    same.token = Some("token".to_owned());
    assert!(!stage.pusher.apply(&Lookup::default(), &same));
    tokio::task::yield_now().await;
    assert_eq!(registry.count(), 1);
    stage.pusher.apply(
        &Lookup::default(),
        &config("another-token-of-32-characters-!"),
    );
    while !registry.is_empty() {
        tokio::task::yield_now().await;
    }
}
