//! One receiver in memory: how far it is, how it goes, and what people decided on it.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::sync::Notify;

use super::kept::Kept;
use crate::{
    backoff::Backoff, clock, config::WebhookSettings, gateway::control::WebhookStatus,
    protocol::topic::Topic, random, store::StoredEvent,
};

/// The waits after failures.
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// A receiver.
pub(super) struct Hook {
    pub(super) settings: WebhookSettings,
    pub(super) name: String,
    /// Why no topic can be used, where that is so.
    topics: Result<Vec<Topic>, String>,
    course: Mutex<Course>,
    /// Something was decided that its task is to look at.
    pub(super) poke: Notify,
}

/// Where the task of a receiver is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    /// The receiver has everything up to this sequence number.
    pub(super) cursor: u64,
    /// Counts how often people set the cursor: what was read before counts for nothing.
    round: u64,
}

struct Course {
    place: Place,
    /// How far it ever was: what is gone up to there it had.
    reached: u64,
    kept: Kept,
    since_ms: u64,
    failing: Option<Failing>,
    failures: u32,
    backoff: Backoff,
    last_ok_ms: Option<u64>,
    sent: u64,
}

struct Failing {
    why: String,
    until_ms: u64,
}

impl Hook {
    pub(super) fn new(settings: WebhookSettings, kept: Kept, cursor: u64) -> Self {
        let backoff = Backoff::new(FIRST_WAIT, LONGEST_WAIT, random::seed());
        Self {
            name: settings.name(),
            topics: topics(&settings.topics),
            settings,
            course: Mutex::new(Course {
                place: Place { cursor, round: 0 },
                reached: cursor,
                kept,
                since_ms: clock::now_ms(),
                failing: None,
                failures: 0,
                backoff,
                last_ok_ms: None,
                sent: 0,
            }),
            poke: Notify::new(),
        }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is, unless it is not to go on.
    pub(super) fn going(&self) -> Option<Place> {
        let course = self.course();
        let goes = self.topics.is_ok() && !course.kept.paused && course.kept.parked.is_none();
        goes.then_some(course.place)
    }

    /// Whether it still goes on from where this place was read.
    pub(super) fn goes_on(&self, place: Place) -> bool {
        self.going().is_some_and(|now| now.round == place.round)
    }

    pub(super) fn cursor(&self) -> u64 {
        self.course().place.cursor
    }

    pub(super) fn kept(&self) -> Kept {
        self.course().kept.clone()
    }

    pub(super) fn wants(&self, event: &StoredEvent) -> bool {
        let name = event.name();
        let covers = |topic: &Topic| topic.covers_message(name.as_str(), &event.message);
        self.topics.as_ref().is_ok_and(|all| all.iter().any(covers))
    }

    /// The first event that it never had.
    pub(super) fn first_new(&self) -> u64 {
        self.course().reached.saturating_add(1)
    }

    /// It has everything up to here, unless somebody set it elsewhere meanwhile.
    pub(super) fn advance(&self, place: Place, seq: u64) {
        let mut course = self.course();
        if course.place.round == place.round {
            course.place.cursor = course.place.cursor.max(seq);
            course.reached = course.reached.max(seq);
        }
    }

    /// It took an event. How many attempts failed before.
    pub(super) fn took(&self) -> u32 {
        let mut course = self.course();
        course.last_ok_ms = Some(clock::now_ms());
        course.sent += 1;
        if course.failing.take().is_some() {
            course.since_ms = clock::now_ms();
        }
        course.backoff.reset();
        std::mem::take(&mut course.failures)
    }

    /// It did not take one. How long to wait.
    pub(super) fn failed(&self, why: String, asked: Option<Duration>) -> Duration {
        let mut course = self.course();
        let wait = course.backoff.next_wait().max(asked.unwrap_or_default());
        let now_ms = clock::now_ms();
        if course.failing.is_none() {
            course.since_ms = now_ms;
        }
        course.failures = course.failures.saturating_add(1);
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        course.failing = Some(Failing {
            why,
            until_ms: now_ms.saturating_add(wait_ms),
        });
        wait
    }

    /// Events were gone before it could have them.
    pub(super) fn missed(&self, count: u64) {
        let kept = &mut self.course().kept;
        kept.missed = kept.missed.saturating_add(count);
    }

    /// It is parked, for this reason.
    pub(super) fn park(&self, why: String) {
        self.decide(|course| course.kept.parked = Some(why));
    }

    /// It waits until somebody goes on with it.
    pub(super) fn pause(&self) {
        self.decide(|course| course.kept.paused = true);
    }

    /// It goes on at once.
    pub(super) fn resume(&self) {
        self.decide(Course::go);
    }

    /// It goes on, from there.
    pub(super) fn replay(&self, cursor: u64) {
        self.decide(|course| {
            course.place = Place {
                cursor,
                round: course.place.round + 1,
            };
            course.go();
        });
    }

    fn decide(&self, change: impl FnOnce(&mut Course)) {
        let mut course = self.course();
        course.failing = None;
        course.backoff.reset();
        course.since_ms = clock::now_ms();
        change(&mut course);
        drop(course);
        self.poke.notify_one();
    }

    /// How it is; `head` is the sequence number of the newest event.
    pub(super) fn status(&self, head: u64) -> WebhookStatus {
        let course = self.course();
        let (state, error, advice) = self.state(&course);
        WebhookStatus {
            name: self.name.clone(),
            url: self.settings.url.shown(),
            topics: self.settings.topics.clone(),
            signed: self.settings.secret.is_some(),
            state,
            since_ms: course.since_ms,
            until_ms: course
                .failing
                .as_ref()
                .filter(|_| state == "backing_off")
                .map(|failing| failing.until_ms),
            last_error: error,
            advice,
            cursor: course.place.cursor,
            lag: head.saturating_sub(course.place.cursor),
            last_ok_ms: course.last_ok_ms,
            failures: course.failures,
            sent: course.sent,
            missed: course.kept.missed,
        }
    }

    fn state(&self, course: &Course) -> (&'static str, Option<String>, Option<String>) {
        let name = &self.name;
        if let Err(why) = &self.topics {
            let advice = "mend its topics in .env and reload";
            return ("parked", Some(why.clone()), Some(advice.to_owned()));
        }
        if let Some(why) = &course.kept.parked {
            let advice = format!(
                "change its address, or go on with it: cleudocodebot webhooks resume {name}"
            );
            return ("parked", Some(why.clone()), Some(advice));
        }
        if course.kept.paused {
            let advice = format!("go on with it: cleudocodebot webhooks resume {name}");
            return ("paused", None, Some(advice));
        }
        match &course.failing {
            None => ("running", None, None),
            Some(failing) => {
                let advice = format!(
                    "see that its receiver answers with 2xx, and try it: cleudocodebot webhooks test {name}"
                );
                ("backing_off", Some(failing.why.clone()), Some(advice))
            }
        }
    }
}

impl Course {
    fn go(&mut self) {
        self.kept.paused = false;
        self.kept.parked = None;
    }
}

/// The topics of a receiver; the error says which one cannot be, and why.
pub(super) fn topics(texts: &[String]) -> Result<Vec<Topic>, String> {
    let read = |text: &String| {
        let topic: Topic = text.parse()?;
        if topic.wants_messages() {
            return Ok(topic);
        }
        Err(format!(
            "topic {text:?} is of no stored event; webhooks get message.received, message.status, \
             message.edited, message.deleted and message.media"
        ))
    };
    if texts.is_empty() {
        return Err("it has no topic; message.* is all".to_owned());
    }
    texts.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{config::WebhookUrl, message::Message, store::Occasion};

    fn hook(topics: &[&str]) -> Hook {
        let settings = WebhookSettings {
            number: 2,
            url: WebhookUrl::parse("http://u:p@box.lan/hook?key=1").expect("an address"),
            topics: topics.iter().map(|&topic| topic.to_owned()).collect(),
            secret: None,
        };
        Hook::new(settings, Kept::default(), 5)
    }

    fn event(peer: &str) -> StoredEvent {
        StoredEvent {
            seq: 6,
            occasion: Occasion::State,
            message: Message::sample("webchat", peer),
        }
    }

    #[test]
    fn topics_choose_events_and_those_of_no_stored_event_park_it() {
        let hook_of_ana = hook(&["message.received@webchat/ana", "message.edited"]);
        assert!(hook_of_ana.wants(&event("ana")) && !hook_of_ana.wants(&event("bia")));
        for (topic, why) in [("log", "no stored event"), ("mesage.*", "no event matches")] {
            let status = hook(&[topic]).status(5);
            assert_eq!(status.state, "parked", "{topic}");
            assert!(
                status.last_error.is_some_and(|told| told.contains(why)),
                "{topic}"
            );
            assert_eq!(hook(&[topic]).going(), None);
        }
        assert_eq!(hook(&[]).status(5).state, "parked");
    }

    #[test]
    fn a_status_shows_neither_user_nor_query() {
        let shown = hook(&["*"]).status(9);
        assert_eq!((shown.url.as_str(), shown.lag), ("http://box.lan/hook", 4));
        let text = shown.json().to_string();
        assert!(!text.contains("key=1") && !text.contains("u:p"), "{text}");
    }

    #[test]
    fn failures_wait_longer_up_to_five_minutes_and_as_the_receiver_asks() {
        let hook = hook(&["*"]);
        let failed = |asked| hook.failed("no".to_owned(), asked);
        assert!(failed(None) <= FIRST_WAIT * 12 / 10);
        let asked = Duration::from_secs(900);
        assert_eq!(failed(Some(asked)), asked);
        let longest = (0..30).map(|_| failed(None)).max().expect("some");
        assert!(longest <= LONGEST_WAIT && longest >= LONGEST_WAIT * 8 / 10);
        let status = hook.status(5);
        assert_eq!((status.state, status.failures), ("backing_off", 32));
        assert_eq!(hook.took(), 32);
        assert_eq!(hook.status(5).state, "running");
    }

    #[test]
    fn a_replay_makes_what_was_read_before_count_for_nothing() {
        let hook = hook(&["*"]);
        let before = hook.going().expect("goes");
        hook.park("410".to_owned());
        assert!(!hook.goes_on(before) && hook.status(5).state == "parked");
        hook.replay(2);
        assert!(!hook.goes_on(before));
        hook.advance(before, 6);
        assert_eq!(hook.cursor(), 2);
        let now = hook.going().expect("goes");
        hook.advance(now, 3);
        hook.pause();
        assert_eq!((hook.cursor(), hook.status(5).state), (3, "paused"));
        hook.resume();
        assert!(hook.goes_on(now));
    }
}
