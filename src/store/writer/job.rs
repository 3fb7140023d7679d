//! One request on its way to the writer and its answer on the way back.

use crate::store::{
    error::StoreError,
    writer::{
        pending::{Pending, ReplySender},
        transaction::Transaction,
    },
};

/// A request of any kind, as the writer sees it.
pub(in crate::store) trait Job: Send {
    /// Does what is asked within a transaction. May be called again where that transaction was
    /// undone. After an error the transaction must be undone: the storage failed, or a row that
    /// this request came to makes no sense. A request that is refused for a reason of its own keeps
    /// that as its answer.
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError>;

    /// Answers with what `apply` came to. Only once that is durable.
    fn answer(self: Box<Self>);

    /// Answers with an error.
    fn refuse(self: Box<Self>, error: StoreError);
}

/// Does one kind of request. Never takes the input away: it may be needed again.
type Operation<I, T> = fn(&mut Transaction<'_>, &mut I) -> Result<T, StoreError>;

struct QueuedRequest<I, T> {
    input: I,
    action: Operation<I, T>,
    outcome: Result<T, StoreError>,
    reply: ReplySender<T>,
}

/// Makes a job of an action and its input.
pub(in crate::store) fn call<I, T>(action: Operation<I, T>, input: I) -> (Box<dyn Job>, Pending<T>)
where
    I: Send + 'static,
    T: Send + 'static,
{
    let (reply, pending) = Pending::channel();
    let call = QueuedRequest {
        input,
        action,
        outcome: Err(StoreError::Closed),
        reply,
    };
    (Box::new(call), pending)
}

impl<I: Send, T: Send> Job for QueuedRequest<I, T> {
    fn apply(&mut self, transaction: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.outcome = (self.action)(transaction, &mut self.input);
        match &self.outcome {
            Err(halfway @ (StoreError::Failing(_) | StoreError::Corrupt(_))) => {
                Err(halfway.clone())
            }
            _ => Ok(()),
        }
    }

    fn answer(self: Box<Self>) {
        // Nobody may be waiting any more, which changes nothing.
        let _ = self.reply.send(self.outcome);
    }

    fn refuse(self: Box<Self>, error: StoreError) {
        let _ = self.reply.send(Err(error));
    }
}
