//! The answer to a write, available once it is on disk.
//!
//! Not here: when the writer sends it.

use std::{
    future::Future,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::sync::oneshot;

use crate::store::error::StoreError;

/// Resolves after the fsync that made the write durable. Dropping it does not undo the write.
#[derive(Debug)]
#[must_use = "the write is durable only once this resolves"]
pub struct Pending<T>(oneshot::Receiver<Result<T, StoreError>>);

/// The wait before a write is tried again while the disk fails.
pub const STORE_WAIT: Duration = Duration::from_secs(1);

/// Repeats a write until it is stored: for what has happened already, such as a message sent, and must
/// not be forgotten because the disk fails. `report` is called with the first failure.
pub async fn insist<T>(
    write: impl Fn() -> Result<Pending<T>, StoreError>,
    report: impl FnOnce(&StoreError),
) -> Result<T, StoreError> {
    let mut report = Some(report);
    loop {
        let written = match write() {
            Ok(pending) => pending.await,
            Err(error) => Err(error),
        };
        match written {
            Err(error) if error.passes() => {
                if let Some(report) = report.take() {
                    report(&error);
                }
                tokio::time::sleep(STORE_WAIT).await;
            }
            done => return done,
        }
    }
}

/// The writer's end of a [`Pending`].
pub(in crate::store) type ReplySender<T> = oneshot::Sender<Result<T, StoreError>>;

impl<T> Pending<T> {
    pub(in crate::store) fn channel() -> (ReplySender<T>, Self) {
        let (reply, answer) = oneshot::channel();
        (reply, Self(answer))
    }

    /// Blocks this thread, which must not be one of an async runtime's.
    pub fn blocking_recv(self) -> Result<T, StoreError> {
        self.0.blocking_recv().unwrap_or(Err(StoreError::Closed))
    }
}

impl<T> Future for Pending<T> {
    type Output = Result<T, StoreError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StoreError::Closed)))
    }
}
