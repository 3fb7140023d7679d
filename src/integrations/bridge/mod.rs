//! Channels whose integration is a client of the gateway: a bridge in any language.
//!
//! A message goes to the bridge as the event `deliver`, and the bridge says what became of it. Where
//! it says nothing, because it left or was too slow, nobody knows whether the message was sent: it
//! is handed over again later, marked as such, and the bridge tells a repeat by its id.
//!
//! Which such channels there are is kept by `register`; how a client is reached stands above.

mod register;
#[cfg(test)]
mod tests;

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::{mpsc, oneshot, watch},
    time::{Instant, timeout_at},
};

pub use self::register::{Bridges, FILE, MAX_KNOWN, Refusal, check_name};
use super::{Accepted, BoxFuture, DeliveryError, Integration, Progress, RunContext, RunError};
use crate::message::{Message, MessageId};

/// Time for a bridge to say what became of a message.
pub const ANSWER: Duration = Duration::from_secs(60);

/// The way to the client that is a channel's bridge.
pub trait BridgeClient: Send + Sync {
    /// Hands it a message. `again` where it may have got this message before.
    fn deliver(&self, message: &Message, again: bool) -> Handed;

    /// Sends it away, because another client took its channel over.
    fn replaced(&self);
}

/// Whether a message could be handed over.
#[derive(Debug)]
pub enum Handed {
    /// It is on its way to the bridge.
    Over,
    /// So much waits for the bridge that there is no room now; yields once there may be.
    Full(mpsc::Receiver<()>),
    /// It has no room for such a message ever.
    TooLarge,
}

/// What a bridge says of a message.
pub type Verdict = Result<Accepted, DeliveryError>;

/// One channel, whether its bridge is there or not.
pub struct Bridge {
    name: String,
    desk: Mutex<Desk>,
    turns: watch::Sender<Turn>,
}

#[derive(Default)]
struct Desk {
    bridge: Option<Arc<dyn BridgeClient>>,
    /// Messages handed to this bridge whose outcome it has not told.
    waiting: HashMap<MessageId, oneshot::Sender<Verdict>>,
}

/// Bridges come and go in turns.
#[derive(Debug, Clone)]
struct Turn {
    number: u64,
    /// Why no bridge is there, where none is.
    away: Option<String>,
}

/// What came of the attempt to hand a message over.
enum Offer {
    Taken(oneshot::Receiver<Verdict>),
    Full(mpsc::Receiver<()>),
    TooLarge,
    Nobody,
}

impl Bridge {
    fn new(name: &str) -> Self {
        let away = Some("its bridge has not connected since the daemon started".to_owned());
        Self {
            name: name.to_owned(),
            desk: Mutex::default(),
            turns: watch::Sender::new(Turn { number: 0, away }),
        }
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives the channel to this bridge. One that has it is sent away: it may be a connection that
    /// only looks alive, and must not lock its successor out.
    pub fn attach(self: &Arc<Self>, client: Arc<dyn BridgeClient>) -> BridgeLease {
        let mut desk = self.desk();
        let before = desk.bridge.replace(client);
        for (_, tell) in desk.waiting.drain() {
            let text = "another client took the channel over".to_owned();
            let _ = tell.send(Err(DeliveryError::Interrupted(text)));
        }
        let number = self.next_turn(&mut desk, None);
        drop(desk);
        if let Some(before) = before {
            before.replaced();
        }
        BridgeLease {
            bridge: Arc::clone(self),
            turn: number,
        }
    }

    /// Whatever the last bridge has not answered is answered by nobody: its attempts end so.
    fn next_turn(&self, desk: &mut Desk, away: Option<String>) -> u64 {
        desk.waiting.clear();
        let number = self.turns.borrow().number + 1;
        self.turns.send_replace(Turn { number, away });
        number
    }

    fn is_turn(&self, number: u64) -> bool {
        self.turns.borrow().number == number
    }

    fn left(&self, turn: u64, why: &str) {
        let mut desk = self.desk();
        if self.is_turn(turn) {
            let gone = desk.bridge.take();
            self.next_turn(&mut desk, Some(format!("its bridge left: {why}")));
            // What a bridge drops may come back here.
            drop(desk);
            drop(gone);
        }
    }

    /// True while a bridge has it.
    pub fn is_held(&self) -> bool {
        self.desk().bridge.is_some()
    }

    fn offer(&self, message: &Message) -> Offer {
        let mut desk = self.desk();
        let Some(bridge) = desk.bridge.clone() else {
            return Offer::Nobody;
        };
        match bridge.deliver(message, message.attempts > 1) {
            Handed::Full(room) => Offer::Full(room),
            Handed::TooLarge => Offer::TooLarge,
            Handed::Over => {
                let (tell, told) = oneshot::channel();
                desk.waiting.insert(message.id, tell);
                Offer::Taken(told)
            }
        }
    }

    async fn hand_over(&self, message: &Message) -> Verdict {
        let until = Instant::now() + ANSWER;
        let _waiting = Waiting(self, message.id);
        loop {
            match self.offer(message) {
                Offer::Nobody => return Err(DeliveryError::Away),
                Offer::TooLarge => {
                    let text = "it is longer than what may wait for a client \
                                (CLEUDOCODEBOT_MAX_QUEUE_BYTES)";
                    return Err(DeliveryError::Permanent(text.to_owned()));
                }
                // It was not handed over, so it waits as for a bridge that is away.
                Offer::Full(mut room) => match timeout_at(until, room.recv()).await {
                    Ok(Some(())) => {}
                    Ok(None) | Err(_) => return Err(DeliveryError::Away),
                },
                Offer::Taken(told) => return verdict(timeout_at(until, told).await),
            }
        }
    }

    async fn watch(&self, context: &RunContext) -> Result<(), RunError> {
        let mut turns = self.turns.subscribe();
        let mut was_there = false;
        loop {
            let turn = turns.borrow_and_update().clone();
            if let Some(why) = &turn.away {
                context.away(why);
            } else {
                // The one before took its deliveries with it: that is told, however short it was.
                if was_there {
                    context.away("another client took it over");
                }
                context.alive();
            }
            was_there = turn.away.is_none();
            if turns.changed().await.is_err() {
                return Ok(());
            }
        }
    }
}

fn verdict(told: Result<Result<Verdict, oneshot::error::RecvError>, impl Sized>) -> Verdict {
    let unknown = |text: String| Err(DeliveryError::Unknown(text));
    match told {
        Ok(Ok(verdict)) => verdict,
        Ok(Err(_)) => unknown("its bridge left before it said what became of it".to_owned()),
        Err(_) => unknown(format!(
            "its bridge did not say within {} s what became of it",
            ANSWER.as_secs()
        )),
    }
}

/// Takes a message off the desk, also where its attempt is cut off.
struct Waiting<'a>(&'a Bridge, MessageId);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.desk().waiting.remove(&self.1);
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
        Box::pin(self.hand_over(message))
    }

    fn can_reach(&self, _: &str) -> bool {
        self.is_held()
    }

    fn knows_our_ids(&self) -> bool {
        true
    }

    fn remedy(&self) -> String {
        format!(
            "mend the credentials of its bridge and start that anew (or: cleudocodebot integrations start {})",
            self.name
        )
    }
}

/// The right of one client to be a channel's bridge, until another takes it or it is dropped.
pub struct BridgeLease {
    bridge: Arc<Bridge>,
    turn: u64,
}

impl BridgeLease {
    /// Which channel.
    pub fn channel(&self) -> &str {
        &self.bridge.name
    }

    /// False once another client took the channel over.
    pub fn is_valid(&self) -> bool {
        self.bridge.is_turn(self.turn)
    }

    /// Ends the attempt that waits for what became of this message; false where none does.
    pub fn settle(&self, id: MessageId, verdict: Verdict) -> bool {
        let mut desk = self.bridge.desk();
        let waiting = self.is_valid().then(|| desk.waiting.remove(&id)).flatten();
        waiting.is_some_and(|tell| tell.send(verdict).is_ok())
    }

    /// Gives the channel up, with the reason that is shown meanwhile.
    pub fn release(&self, why: &str) {
        self.bridge.left(self.turn, why);
    }
}

impl fmt::Debug for BridgeLease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Hold");
        shown.field("channel", &self.channel());
        shown.field("turn", &self.turn).finish_non_exhaustive()
    }
}

impl Drop for BridgeLease {
    fn drop(&mut self) {
        self.release("it gave the channel up");
    }
}
