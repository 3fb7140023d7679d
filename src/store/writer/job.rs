//! One request with its input, its operation and the channel for its answer.
//!
//! Not here: the queue it waits in.

use crate::store::{
    error::StoreError,
    writer::{
        pending::{Pending, ReplySender},
        transaction::Transaction,
    },
};

/// A request of any type, as the writer sees it.
pub(in crate::store) trait Job: Send {
    /// Runs the request within a transaction; again, if that transaction was undone. An error means
    /// that the transaction must be undone: the storage failed, or the request met a damaged row. A
    /// request that is refused, as for its message's state, is no such error: the refusal is its
    /// answer.
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError>;

    /// Sends the result of `apply`. Call only once that is durable.
    fn answer(self: Box<Self>);

    /// Sends an error instead.
    fn refuse(self: Box<Self>, error: StoreError);
}

/// Carries out one type of request. Borrows the input, since it may run again.
pub(in crate::store) type Operation<I, T> =
    fn(&mut Transaction<'_>, &mut I) -> Result<T, StoreError>;

struct QueuedRequest<I, T> {
    input: I,
    operation: Operation<I, T>,
    outcome: Result<T, StoreError>,
    reply: ReplySender<T>,
}

/// A request to run `operation` with `input`.
pub(in crate::store) fn request<I, T>(
    operation: Operation<I, T>,
    input: I,
) -> (Box<dyn Job>, Pending<T>)
where
    I: Send + 'static,
    T: Send + 'static,
{
    let (reply, pending) = Pending::channel();
    let request = QueuedRequest {
        input,
        operation,
        outcome: Err(StoreError::Closed),
        reply,
    };
    (Box::new(request), pending)
}

impl<I: Send, T: Send> Job for QueuedRequest<I, T> {
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.outcome = (self.operation)(transaction, &mut self.input);
        match &self.outcome {
            Err(undo) if undo.is_of_storage() || matches!(undo, StoreError::Corrupt(_)) => {
                Err(undo.clone())
            }
            _ => Ok(()),
        }
    }

    fn answer(self: Box<Self>) {
        // Fails if the caller no longer waits, which changes nothing.
        let _ = self.reply.send(self.outcome);
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}
