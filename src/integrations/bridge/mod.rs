//! Channels whose integration is a client of the gateway: a bridge in any language.
//!
//! A message goes to the bridge as the event `deliver`, and the bridge reports the outcome. If it
//! reports none, because it disconnected or was too slow, the outcome is unknown: the message is
//! delivered again later, marked as a possible repeat, which the bridge recognises by the id.
//!
//! Not here: the names of these channels (`register`) and how a client is reached (`gateway::clients`).

mod register;
#[cfg(test)]
mod tests;

use std::{
    borrow::Cow,
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

pub use self::register::{Bridges, FILE, MAX_KNOWN, Refusal, check_name};
use super::{
    Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError,
    support::markup,
};
use crate::message::{
    Message, MessageId,
    media::{files_mut, kept_files, media_id},
};

/// Time for a bridge to report the outcome of a message.
pub const ANSWER: Duration = Duration::from_secs(60);

/// The client that is a channel's bridge.
pub trait BridgeClient: Send + Sync {
    /// Queues a message for the client. `again` if it may have received this message before.
    fn deliver(&self, message: &Message, again: bool) -> Handover;

    /// Disconnects it, because another client took its channel over.
    fn replaced(&self);
}

/// Whether a message was queued for a bridge.
#[derive(Debug)]
pub enum Handover {
    /// It was queued.
    Queued,
    /// The client's queue is full; yields once there may be room.
    Full(mpsc::Receiver<()>),
    /// It is longer than the client's queue can ever hold.
    TooLarge,
}

/// The outcome that a bridge reports for a message.
pub type Verdict = Result<Accepted, DeliveryError>;

/// One channel, whether or not its bridge is connected.
pub struct Bridge {
    name: String,
    connection: Mutex<Connection>,
    generation: watch::Sender<Generation>,
}

#[derive(Default)]
struct Connection {
    client: Option<Arc<dyn BridgeClient>>,
    /// Messages delivered to this client whose outcome it has not reported.
    pending: HashMap<MessageId, oneshot::Sender<Verdict>>,
}

/// Counts every connect and disconnect, so that a late call of an old client is recognised.
#[derive(Debug, Clone)]
struct Generation {
    number: u64,
    /// Why no client is connected; `None` if one is.
    away: Option<String>,
}

/// The result of handing a message to the client.
enum HandoverResult {
    Queued(oneshot::Receiver<Verdict>),
    Full(mpsc::Receiver<()>),
    TooLarge,
    Away,
}

impl Bridge {
    fn new(name: &str) -> Self {
        let away = Some("its bridge has not connected since the daemon started".to_owned());
        Self {
            name: name.to_owned(),
            connection: Mutex::default(),
            generation: watch::Sender::new(Generation { number: 0, away }),
        }
    }

    fn connection(&self) -> MutexGuard<'_, Connection> {
        self.connection
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes this client the channel's bridge. A client that is the bridge already is disconnected: it
    /// may be a dead connection that has not timed out, and must not lock its successor out.
    pub fn attach(self: &Arc<Self>, client: Arc<dyn BridgeClient>) -> BridgeLease {
        let mut connection = self.connection();
        let before = connection.client.replace(client);
        for (_, sender) in connection.pending.drain() {
            let text = "another client took the channel over".to_owned();
            let _ = sender.send(Err(DeliveryError::Interrupted(text)));
        }
        let generation = self.next_generation(&mut connection, None);
        drop(connection);
        if let Some(before) = before {
            before.replaced();
        }
        BridgeLease {
            bridge: Arc::clone(self),
            generation,
        }
    }

    /// Dropping the senders ends the pending attempts with an unknown outcome.
    fn next_generation(&self, connection: &mut Connection, away: Option<String>) -> u64 {
        connection.pending.clear();
        let number = self.generation.borrow().number + 1;
        self.generation.send_replace(Generation { number, away });
        number
    }

    fn is_current(&self, generation: u64) -> bool {
        self.generation.borrow().number == generation
    }

    fn disconnected(&self, generation: u64, why: &str) {
        let mut connection = self.connection();
        if self.is_current(generation) {
            let client = connection.client.take();
            self.next_generation(&mut connection, Some(format!("its bridge left: {why}")));
            // Drop the client without the lock: its destructor may call back here.
            drop(connection);
            drop(client);
        }
    }

    /// Whether a client is connected.
    pub fn is_held(&self) -> bool {
        self.connection().client.is_some()
    }

    /// Under the lock from the delivery to the insertion, so that no report can come in between and
    /// find nothing pending.
    fn hand_over(&self, message: &Message) -> HandoverResult {
        let mut connection = self.connection();
        let Some(client) = connection.client.clone() else {
            return HandoverResult::Away;
        };
        match client.deliver(message, message.attempts > 1) {
            Handover::Full(room) => HandoverResult::Full(room),
            Handover::TooLarge => HandoverResult::TooLarge,
            Handover::Queued => {
                let (sender, verdict) = oneshot::channel();
                connection.pending.insert(message.id, sender);
                HandoverResult::Queued(verdict)
            }
        }
    }

    async fn deliver_to_client(&self, message: &Message) -> Verdict {
        let message = &*in_words(with_paths(message));
        let until = Instant::now() + ANSWER;
        let _guard = PendingGuard(self, message.id);
        // One deadline for all rounds: waiting for room counts against it. Each round asks for the
        // client again, because another one may have taken the channel over meanwhile.
        loop {
            match self.hand_over(message) {
                HandoverResult::Away => return Err(DeliveryError::Away),
                HandoverResult::TooLarge => {
                    let text = "it is longer than what may wait for a client \
                                (CLEUDOCODEBOT_MAX_QUEUE_BYTES)";
                    return Err(DeliveryError::Permanent(text.to_owned()));
                }
                // Nothing was sent, so no attempt counts, as if the bridge were away.
                HandoverResult::Full(mut room) => match timeout_at(until, room.recv()).await {
                    Ok(Some(())) => {}
                    Ok(None) | Err(_) => return Err(DeliveryError::Away),
                },
                HandoverResult::Queued(verdict) => {
                    return reported(timeout_at(until, verdict).await);
                }
            }
        }
    }

    async fn watch(&self, context: &RunContext) -> Result<(), RunError> {
        let mut generations = self.generation.subscribe();
        let mut was_connected = false;
        loop {
            let generation = generations.borrow_and_update().clone();
            if let Some(why) = &generation.away {
                context.away(why);
            } else {
                // The watch shows only the newest value, so a takeover or a quick reconnect looks like
                // no change. Report it as one: the old client's deliveries ended, and the change of
                // state wakes their lanes.
                if was_connected {
                    context.away("another client took the channel over");
                }
                context.alive();
            }
            was_connected = generation.away.is_none();
            if generations.changed().await.is_err() {
                return Ok(());
            }
        }
    }
}

/// The message with the path of each kept file on the gateway, from which its bridge gets it.
fn with_paths(message: &Message) -> Cow<'_, Message> {
    if kept_files(message.media.as_ref()).is_empty() {
        return Cow::Borrowed(message);
    }
    let mut message = message.clone();
    for file in files_mut(message.media.as_mut()) {
        if let Some(id) = media_id(file) {
            file["path"] = json!(format!("/media/{id}"));
        }
    }
    Cow::Owned(message)
}

/// The message with its words alone where it is formatted; what was written is then in `meta.markdown`, for a
/// bridge that can do more with it.
fn in_words(message: Cow<'_, Message>) -> Cow<'_, Message> {
    let Some(words) = markup::plain(&message) else {
        return message;
    };
    let mut message = message.into_owned();
    let written = std::mem::replace(&mut message.text, words);
    if let Some(meta) = message.meta.as_mut().and_then(Value::as_object_mut) {
        meta.remove("format");
        meta.insert("markdown".to_owned(), written.into());
    }
    Cow::Owned(message)
}

fn reported(verdict: Result<Result<Verdict, oneshot::error::RecvError>, impl Sized>) -> Verdict {
    let unknown = |text: String| Err(DeliveryError::Unknown(text));
    match verdict {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => unknown("its bridge left without reporting the outcome".to_owned()),
        Err(_) => unknown(format!(
            "its bridge did not report the outcome within {} s",
            ANSWER.as_secs()
        )),
    }
}

/// Removes a message from the pending ones, even if its attempt is dropped half-way.
struct PendingGuard<'a>(&'a Bridge, MessageId);

impl Drop for PendingGuard<'_> {
    fn drop(&mut self) {
        self.0.connection().pending.remove(&self.1);
    }
}

impl Integration for Bridge {
    fn name(&self) -> &str {
        &self.name
    }

    fn run(&self, context: RunContext) -> BoxFuture<'_, Result<(), RunError>> {
        Box::pin(async move { context.spent_on(self.watch(&context)).await })
    }

    fn deliver<'a>(
        &'a self,
        message: &'a Message,
        _: &'a Progress,
    ) -> BoxFuture<'a, Result<Accepted, DeliveryError>> {
        Box::pin(self.deliver_to_client(message))
    }

    fn can_reach(&self, _: &str) -> bool {
        self.is_held()
    }

    fn knows_our_ids(&self) -> bool {
        true
    }

    fn remedy(&self) -> String {
        format!(
            "mend the credentials of its bridge and restart the bridge (or: cleudocodebot integrations start {})",
            self.name
        )
    }
}

/// The right of one client to be a channel's bridge, until another takes over or this is dropped.
pub struct BridgeLease {
    bridge: Arc<Bridge>,
    generation: u64,
}

impl BridgeLease {
    /// The channel's name.
    pub fn channel(&self) -> &str {
        &self.bridge.name
    }

    /// False once another client took the channel over.
    pub fn is_valid(&self) -> bool {
        self.bridge.is_current(self.generation)
    }

    /// Ends the attempt that waits for the outcome of this message; false if none does.
    pub fn settle(&self, id: MessageId, verdict: Verdict) -> bool {
        let mut connection = self.bridge.connection();
        let pending = self
            .is_valid()
            .then(|| connection.pending.remove(&id))
            .flatten();
        pending.is_some_and(|sender| sender.send(verdict).is_ok())
    }

    /// Gives the channel up; the reason is shown until a bridge connects.
    pub fn release(&self, why: &str) {
        self.bridge.disconnected(self.generation, why);
    }
}

impl fmt::Debug for BridgeLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BridgeLease")
            .field("channel", &self.channel())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

impl Drop for BridgeLease {
    fn drop(&mut self) {
        self.release("it gave the channel up");
    }
}
