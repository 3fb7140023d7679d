//! The commands that wait for a message to leave the outbox: `send` with `wait`.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use tokio::sync::oneshot;

use crate::message::{Message, MessageId};

/// Waiting commands by message.
#[derive(Debug, Default)]
pub(in crate::gateway) struct Waiters(Mutex<HashMap<MessageId, Vec<oneshot::Sender<Message>>>>);

impl Waiters {
    fn waiting(&self) -> MutexGuard<'_, HashMap<MessageId, Vec<oneshot::Sender<Message>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for the next event that takes this message out of the outbox.
    pub(in crate::gateway) fn wait_for(&self, id: MessageId) -> oneshot::Receiver<Message> {
        let (found, wait) = oneshot::channel();
        let mut waiting = self.waiting();
        let of_message = waiting.entry(id).or_default();
        of_message.retain(|other| !other.is_closed());
        of_message.push(found);
        wait
    }

    /// Called for every stored event.
    pub(in crate::gateway) fn stored(&self, message: &Message) {
        if !message.state.has_left_the_outbox() {
            return;
        }
        for waiter in self.waiting().remove(&message.id).into_iter().flatten() {
            let _ = waiter.send(message.clone());
        }
    }

    /// Forgets those of this message that no longer wait.
    pub(in crate::gateway) fn gave_up(&self, id: MessageId) {
        let mut waiting = self.waiting();
        if let Some(of_message) = waiting.get_mut(&id) {
            of_message.retain(|other| !other.is_closed());
            if of_message.is_empty() {
                waiting.remove(&id);
            }
        }
    }
}
