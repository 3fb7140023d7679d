//! The task of one receiver: it reads stored events a page at a time and posts them one after the other. A receiver
//! that fails or hangs keeps nobody waiting but itself.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    select,
    time::{Instant, sleep},
};

use super::{
    Inner,
    hook::{Hook, Place},
    post::{Letter, Outcome, Poster},
};
use crate::{
    clock,
    log::LogField,
    panics::contained,
    store::{StoreError, StoredEvent},
};

/// Events read at a time: so many are posted again at most where the daemon is killed.
const PAGE: usize = 64;

/// Bytes read at a time, about.
const PAGE_BYTES: usize = 256 * 1024;

/// How often it is noted how far a receiver is that takes events one after the other.
const NOTED_EVERY: Duration = Duration::from_secs(1);

/// How often it is noted of one that takes none: the store forgets places that nobody uses for 90 days.
const USED_EVERY: Duration = Duration::from_secs(86_400);

/// The wait after the store could not be read.
const STORE_WAIT: Duration = Duration::from_secs(5);

/// What follows on an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Next {
    /// The one behind it.
    GoOn,
    /// Whatever was decided meanwhile.
    LookAgain,
}

/// Runs until it is aborted.
pub(super) async fn work(inner: Arc<Inner>, hook: Arc<Hook>) {
    let poster = Poster::new(&hook.settings);
    let mut head = inner.head.subscribe();
    inner.note_place(&hook).await;
    loop {
        let Some(place) = hook.going() else {
            inner.note_place(&hook).await;
            select! {
                () = hook.poke.notified() => {}
                () = sleep(USED_EVERY) => {}
            }
            continue;
        };
        // Before the page is read: what is stored from here on wakes it.
        head.borrow_and_update();
        match inner.page(place.cursor).await {
            Ok((events, _)) if !events.is_empty() => {
                inner.deliver(&hook, &poster, place, &events).await;
                inner.note_place(&hook).await;
            }
            Ok((_, newest)) => {
                if newest > place.cursor {
                    // What was behind it is gone, all of it.
                    if newest >= hook.first_new() {
                        inner.tell_missed(&hook, &poster, place, newest).await;
                    } else {
                        hook.advance(place, newest);
                    }
                    inner.note_place(&hook).await;
                    continue;
                }
                select! {
                    _ = head.changed() => {}
                    () = hook.poke.notified() => {}
                    () = sleep(USED_EVERY) => inner.note_place(&hook).await,
                }
            }
            Err(error) => {
                hook.failed(error.to_string(), None);
                select! {
                    () = sleep(STORE_WAIT) => {}
                    () = hook.poke.notified() => {}
                }
            }
        }
    }
}

impl Inner {
    /// The next events after a sequence number that clients have heard of too, and the newest of all then.
    async fn page(&self, seq: u64) -> Result<(Vec<StoredEvent>, u64), StoreError> {
        let newest = self.store.head_seq();
        let read = move |store: &crate::store::Store| store.events_after(seq, PAGE, PAGE_BYTES);
        let mut events = self.store.run_blocking(read).await?;
        events.retain(|event| event.seq <= newest);
        Ok((events, newest))
    }

    /// Posts the events of a page, as far as that goes.
    async fn deliver(&self, hook: &Hook, poster: &Poster, place: Place, events: &[StoredEvent]) {
        let mut noted = Instant::now();
        for event in events {
            // The numbers have no gaps: what is missing was removed by retention.
            let is_missing = event.seq > hook.first_new().max(hook.cursor() + 1);
            if is_missing
                && self.tell_missed(hook, poster, place, event.seq - 1).await == Next::LookAgain
            {
                return;
            }
            if hook.wants(event) {
                let letter = Letter::of(event);
                if self.insist(hook, poster, place, &letter).await == Next::LookAgain {
                    return;
                }
            }
            // Also of one that was paused meanwhile: it has this event.
            hook.advance(place, event.seq);
            if !hook.goes_on(place) {
                return;
            }
            if noted.elapsed() > NOTED_EVERY {
                self.note_place(hook).await;
                noted = Instant::now();
            }
        }
    }

    /// Tells of events up to this one that were removed before their turn came: here, and to the receiver.
    async fn tell_missed(&self, hook: &Hook, poster: &Poster, place: Place, last: u64) -> Next {
        let first = hook.first_new().max(hook.cursor() + 1);
        let count = (last + 1).saturating_sub(first);
        let data = json!({"first_seq": first, "last_seq": last, "count": count});
        let id = format!("missed-{first}-{last}");
        let letter = Letter::about("webhook.missed", &id, clock::now_ms(), &data);
        let next = self.insist(hook, poster, place, &letter).await;
        if next == Next::GoOn {
            hook.missed(count);
            hook.advance(place, last);
            let fields: [LogField<'_>; 3] = [
                ("name", &hook.name),
                ("first_seq", &first),
                ("last_seq", &last),
            ];
            let text = "stored events were removed before a webhook could be posted them; CLEUDOCODEBOT_HISTORY_DAYS says how long they are kept";
            self.log.warn("webhook", text, &fields);
            self.keep().await;
        }
        next
    }

    /// Posts a letter until it is taken, or something else is decided.
    async fn insist(&self, hook: &Hook, poster: &Poster, place: Place, letter: &Letter) -> Next {
        loop {
            if !hook.goes_on(place) {
                return Next::LookAgain;
            }
            let outcome = contained(poster.post(letter, clock::now_ms())).await;
            let panicked = |panic| Outcome::Failed(format!("it panicked: {panic}"), None);
            match outcome.unwrap_or_else(panicked) {
                Outcome::Taken => {
                    self.note_taken(hook);
                    return Next::GoOn;
                }
                Outcome::Gone => {
                    self.park(hook).await;
                    return Next::LookAgain;
                }
                Outcome::Failed(why, asked) => {
                    let wait = self.note_failed(hook, why, asked);
                    select! {
                        () = sleep(wait) => {}
                        () = hook.poke.notified() => {}
                    }
                }
            }
        }
    }

    fn note_taken(&self, hook: &Hook) {
        let failures = hook.took();
        if failures > 0 {
            let fields: [LogField<'_>; 2] = [("name", &hook.name), ("failures", &failures)];
            let text = "a webhook takes events again";
            self.log.info("webhook", text, &fields);
        }
    }

    fn note_failed(&self, hook: &Hook, why: String, asked: Option<Duration>) -> Duration {
        let fields: [LogField<'_>; 2] = [("name", &hook.name), ("error", &why)];
        let text = "a webhook did not take an event, which is posted again";
        self.log.warn_limited("webhook", text, &fields);
        hook.failed(why, asked)
    }

    async fn park(&self, hook: &Hook) {
        let host = hook.settings.url.base().authority();
        hook.park(format!("{host} answered 410: it wants no more events"));
        let fields: [LogField<'_>; 2] = [("name", &hook.name), ("host", &host)];
        let text = "a webhook is parked: its receiver answered 410 Gone";
        self.log.warn("webhook", text, &fields);
        self.keep().await;
    }
}
