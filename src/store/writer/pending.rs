//! The answer to a write, to be had once it is on disk.

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

/// How long to wait before a failing disk is asked again.
pub const STORE_WAIT: Duration = Duration::from_secs(1);

/// Asks until it is written: for what has happened already, which a failing disk cannot undo.
/// `tell` hears of the first failure.
pub async fn insist<T>(
    ask: impl Fn() -> Result<Pending<T>, StoreError>,
    tell: impl FnOnce(&StoreError),
) -> Result<T, StoreError> {
    let mut tell = Some(tell);
    loop {
        let written = match ask() {
            Ok(pending) => pending.await,
            Err(error) => Err(error),
        };
        match written {
            Err(error @ (StoreError::QueueFull | StoreError::Failing(_))) => {
                if let Some(tell) = tell.take() {
                    tell(&error);
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

    /// Waits on this thread, which must not be one of an async runtime's.
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
