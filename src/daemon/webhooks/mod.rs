//! Stored events by HTTP: each receiver of the settings is a subscriber whose cursor is on disk. It gets every
//! stored event of its topics, in order and at least once, whatever was down meanwhile.
//!
//! A receiver's way: `kept` says what was decided on it, the store how far it is, `worker` reads on from there a
//! page at a time, and `post` makes one request. A receiver that is new begins with what is stored from then on.
//! Where none is set, nothing runs and nothing is told of commits.
//!
//! Not here: what services post to us (`integrations`), and pushes to devices (`push`).

mod hook;
mod kept;
mod post;
#[cfg(test)]
mod tests;
mod worker;

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};

use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle, time::Instant};

use self::{
    hook::{Hook, topics},
    kept::{Kept, KeptFile},
    post::{Letter, Outcome, Poster},
    worker::work,
};
use crate::{
    clock,
    config::{
        Lookup, WebhookSettings,
        edit::Change,
        keys::{self, webhooks::TOPICS},
    },
    gateway::{
        CommitListeners,
        control::{self, Reply, Steer, WebhookStatus},
    },
    log::{Log, LogField},
    panics::run_blocking,
    protocol::error_code::{ErrorCode, Fault},
    random,
    store::Store,
};

/// What the receivers share.
struct Inner {
    store: Store,
    log: Log,
    file: KeptFile,
    /// The newest event that was told of.
    head: watch::Sender<u64>,
    running: Mutex<Vec<Running>>,
    /// The file is written by one at a time.
    writing: tokio::sync::Mutex<()>,
}

/// A receiver and its task.
struct Running {
    hook: Arc<Hook>,
    task: JoinHandle<()>,
}

/// All receivers.
pub(in crate::daemon) struct Webhooks {
    inner: Arc<Inner>,
}

impl Webhooks {
    pub(in crate::daemon) fn new(
        store: Store,
        listeners: &CommitListeners,
        log: Log,
        home: &Path,
    ) -> Arc<Self> {
        let inner = Arc::new(Inner {
            store,
            log,
            file: KeptFile::new(home),
            head: watch::Sender::new(0),
            running: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
        });
        // Weak, because whoever tells outlives the receivers.
        let told = Arc::downgrade(&inner);
        listeners.on_event(move |event| {
            if let Some(inner) = Weak::upgrade(&told)
                && inner.head.receiver_count() > 0
            {
                inner.head.send_replace(event.seq);
            }
        });
        Arc::new(Self { inner })
    }

    /// Takes the settings; whether they differ. Receivers whose settings are as before go on undisturbed.
    pub(in crate::daemon) fn apply(&self, lookup: &Lookup) -> bool {
        let inner = &self.inner;
        let wanted = WebhookSettings::read(lookup);
        let mut running = inner.running();
        let known = match inner.file.load() {
            Ok(known) => known,
            Err(why) => {
                let text = "cannot read which webhooks are paused; all of them go on";
                inner.log.warn("webhook", text, &[("error", &why)]);
                BTreeMap::new()
            }
        };
        let same = |one: &Running| wanted.contains(&one.hook.settings);
        let is_same = running.len() == wanted.len() && running.iter().all(same);
        if is_same {
            return false;
        }
        let mut before = std::mem::take(&mut *running);
        for settings in wanted {
            let at = before
                .iter()
                .position(|one| one.hook.settings.number == settings.number);
            let old = at.map(|at| before.swap_remove(at));
            let next = match old {
                Some(old) if old.hook.settings == settings => old,
                old => inner.start(settings, old, &known),
            };
            running.push(next);
        }
        for gone in before {
            gone.task.abort();
        }
        let kept = kept_of(&running);
        drop(running);
        if let Err(error) = inner.file.save(&kept) {
            let text = "cannot keep which webhooks are paused";
            inner.log.warn("webhook", text, &[("error", &error)]);
        }
        true
    }

    /// Ends all, and notes how far each is.
    pub(in crate::daemon) async fn end(&self) {
        let running = std::mem::take(&mut *self.inner.running());
        for Running { hook, task } in running {
            task.abort();
            let _ = task.await;
            self.inner.note_place(&hook).await;
        }
    }

    fn named(&self, name: &str) -> Option<Arc<Hook>> {
        let running = self.inner.running();
        let mut hooks = running.iter().map(|one| &one.hook);
        // Its number is enough.
        let is_meant =
            |hook: &&Arc<Hook>| hook.name == name || hook.settings.number.to_string() == name;
        hooks.find(is_meant).cloned()
    }
}

/// What is wrong with the topics that these changes set, by key.
pub(in crate::daemon) fn wrong_topics(changes: &[Change]) -> Vec<(String, String)> {
    let is_topics = |key: &str| keys::row(key).is_some_and(|row| row.name == TOPICS);
    let wrong = changes.iter().filter_map(|Change { key, value }| {
        let text = value
            .as_ref()
            .filter(|text| is_topics(key) && !text.is_empty())?;
        let why = topics(&WebhookSettings::topics_of(text)).err()?;
        Some((key.clone(), why))
    });
    wrong.collect()
}

fn kept_of(running: &[Running]) -> BTreeMap<String, Kept> {
    let each = running.iter().map(|one| &one.hook);
    each.map(|hook| (hook.name.clone(), hook.kept())).collect()
}

/// What the place of a receiver is called in the store.
fn place_of(name: &str) -> String {
    format!("webhook:{name}")
}

impl Inner {
    fn running(&self) -> MutexGuard<'_, Vec<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a receiver: in the place of another of its number, where it was before the daemon ended, or now.
    fn start(
        self: &Arc<Self>,
        settings: WebhookSettings,
        old: Option<Running>,
        known: &BTreeMap<String, Kept>,
    ) -> Running {
        let name = settings.name();
        let address = Kept::address_of(&settings);
        let before = old.as_ref().map(|old| (old.hook.kept(), old.hook.cursor()));
        if let Some(old) = old {
            old.task.abort();
        }
        let (mut kept, cursor) = match (before, known.get(&name)) {
            (Some(before), _) => before,
            (None, Some(kept)) => (kept.clone(), self.stored_cursor(&name)),
            (None, None) => (Kept::default(), self.store.head_seq()),
        };
        if kept.address != address {
            // Whoever changed the address wants it to be posted to.
            kept.parked = None;
            kept.address = address;
        }
        let hook = Arc::new(Hook::new(settings, kept, cursor));
        if let Some(why) = hook.status(cursor).last_error {
            let fields: [LogField<'_>; 2] = [("name", &hook.name), ("error", &why)];
            self.log.warn("webhook", "a webhook is parked", &fields);
        }
        let task = tokio::spawn(work(Arc::clone(self), Arc::clone(&hook)));
        Running { hook, task }
    }

    /// Where a receiver was before the daemon ended; of another store than this, nothing is known.
    fn stored_cursor(&self, name: &str) -> u64 {
        let head = self.store.head_seq();
        match self.store.reader_position(&place_of(name)) {
            Ok(Some(position)) => position.seq.min(head),
            Ok(None) => head,
            Err(error) => {
                let fields: [LogField<'_>; 2] = [("name", &name), ("error", &error)];
                let text = "cannot read how far a webhook is; it begins with what is stored now";
                self.log.warn("webhook", text, &fields);
                head
            }
        }
    }

    /// Notes on disk how far a receiver is. What could not be noted is posted again after a restart.
    async fn note_place(&self, hook: &Hook) {
        let noted = self
            .store
            .set_reader_position(&place_of(&hook.name), hook.cursor());
        let noted = match noted {
            Ok(pending) => pending.await,
            Err(error) => Err(error),
        };
        if let Err(error) = noted {
            let fields: [LogField<'_>; 2] = [("name", &hook.name), ("error", &error)];
            let text = "cannot note how far a webhook is";
            self.log.warn_limited("webhook", text, &fields);
        }
    }

    /// Keeps what was decided.
    async fn keep(&self) {
        let _turn = self.writing.lock().await;
        let (kept, file) = (kept_of(&self.running()), self.file.clone());
        let saved = run_blocking(move || file.save(&kept)).await;
        if let Ok(Err(error)) = saved {
            let text = "cannot keep which webhooks are paused";
            self.log.warn("webhook", text, &[("error", &error)]);
        }
    }
}

impl control::Webhooks for Webhooks {
    fn webhooks(&self) -> Vec<WebhookStatus> {
        let head = self.inner.store.head_seq();
        let running = self.inner.running();
        running.iter().map(|one| one.hook.status(head)).collect()
    }

    fn test(&self, name: &str) -> Option<Reply<Value>> {
        let hook = self.named(name)?;
        Some(Box::pin(async move {
            let id = format!("test-{}", random::hex(&random::bytes::<8>()));
            let data = json!({"webhook": hook.name});
            let letter = Letter::about("webhook.test", &id, clock::now_ms(), &data);
            let begun = Instant::now();
            let poster = Poster::new(&hook.settings);
            let why = match poster.post(&letter, clock::now_ms()).await {
                Outcome::Taken => {
                    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
                    let answer = json!({"name": hook.name, "id": id, "took_ms": took_ms,
                        "signed": hook.settings.secret.is_some()});
                    return Ok(answer);
                }
                Outcome::Gone => {
                    let host = hook.settings.url.base().authority();
                    format!("{host} answered 410: it wants no more events")
                }
                Outcome::Failed(why, _) => why,
            };
            Err(Fault::new(ErrorCode::ChannelUnavailable, why))
        }))
    }

    fn replay(&self, name: &str, since: u64) -> Option<Reply<WebhookStatus>> {
        let hook = self.named(name)?;
        let inner = Arc::clone(&self.inner);
        Some(Box::pin(async move {
            let oldest = inner.store.run_blocking(Store::oldest_seq).await?;
            let head = inner.store.head_seq();
            if since > head {
                let text = format!("the newest event has the number {head}; name an older one");
                return Err(Fault::new(ErrorCode::BadPayload, text));
            }
            hook.replay(since.max(oldest.saturating_sub(1)));
            inner.note_place(&hook).await;
            inner.keep().await;
            inner.note_decision(&hook, "a client has a webhook posted earlier events again");
            Ok(hook.status(head))
        }))
    }

    fn steer(&self, name: &str, how: Steer) -> Option<Reply<WebhookStatus>> {
        let hook = self.named(name)?;
        let inner = Arc::clone(&self.inner);
        Some(Box::pin(async move {
            let what = match how {
                Steer::Start => {
                    hook.resume();
                    "a client resumed a webhook"
                }
                Steer::Stop => {
                    hook.pause();
                    "a client paused a webhook"
                }
            };
            inner.keep().await;
            inner.note_decision(&hook, what);
            Ok(hook.status(inner.store.head_seq()))
        }))
    }
}

impl Inner {
    fn note_decision(&self, hook: &Hook, what: &str) {
        let fields: [LogField<'_>; 2] = [("name", &hook.name), ("cursor", &hook.cursor())];
        self.log.info("webhook", what, &fields);
    }
}
