//! The tasks of the connections: the shutdown can wait for them and end those that do not end by
//! themselves. A `JoinSet` does that too, but wakes the task that accepts for each one that ends.

use std::{
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, task::AbortHandle};

use super::slab::Slab;
use crate::panics::contained;

/// The tasks that have not ended.
#[derive(Debug, Default)]
pub(super) struct Tasks(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    /// None until the task is spawned.
    handles: Mutex<Slab<Option<AbortHandle>>>,
    /// Told whenever the last one has ended.
    all_ended: Notify,
}

impl Running {
    fn handles(&self) -> MutexGuard<'_, Slab<Option<AbortHandle>>> {
        self.handles.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// Runs a future in a task of its own. A panic ends it alone, and `on_panic` gets its text.
    pub(super) fn spawn(
        &mut self,
        future: impl Future<Output = ()> + Send + 'static,
        on_panic: impl FnOnce(&str) + Send + 'static,
    ) {
        let entry = self.enter();
        let place = entry.place;
        // Boxed: what runs a future copies it, and holds it twice.
        let future = Box::pin(future);
        let task = tokio::spawn(async move {
            let _entry = entry;
            if let Err(panic) = contained(future).await {
                on_panic(&panic);
            }
        });
        // One that ended meanwhile has no entry any more, and nobody else its place: only we spawn.
        if let Some(handle) = self.0.handles().get_mut(place) {
            *handle = Some(task.abort_handle());
        }
    }

    fn enter(&self) -> Entry {
        Entry {
            place: self.0.handles().insert(None),
            running: Arc::clone(&self.0),
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.handles().len()
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&self) {
        while self.count() > 0 {
            self.0.all_ended.notified().await;
        }
    }

    /// Ends all where they wait.
    pub(super) async fn abort(&self) {
        let handles: Vec<_> = self.0.handles().values().flatten().cloned().collect();
        for handle in handles {
            handle.abort();
        }
        self.ended().await;
    }
}

/// A task's place in the table; dropped with the task.
struct Entry {
    running: Arc<Running>,
    place: usize,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut handles = self.running.handles();
        handles.remove(self.place);
        if handles.is_empty() {
            self.running.all_ended.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::{mpsc, oneshot};

    use super::*;

    #[tokio::test]
    async fn all_are_waited_for_and_their_entries_go() {
        let (mut tasks, (release, held)) = (Tasks::default(), oneshot::channel::<()>());
        tasks.spawn(ready(()), |_| {});
        tasks.spawn(async { drop(held.await) }, |_| {});
        assert_eq!(tasks.count(), 2);
        let released = async { release.send(()) };
        let ((), released) = tokio::join!(tasks.ended(), released);
        assert_eq!((tasks.count(), released), (0, Ok(())));
    }

    #[tokio::test]
    async fn those_that_wait_for_ever_can_be_ended() {
        let mut tasks = Tasks::default();
        tasks.spawn(pending(), |_| {});
        tokio::task::yield_now().await;
        tasks.abort().await;
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test]
    async fn a_panic_is_told_and_ends_one_alone() {
        let (mut tasks, (told, mut heard)) = (Tasks::default(), mpsc::channel(1));
        let tell = move |text: &str| drop(told.try_send(text.to_owned()));
        tasks.spawn(async { panic!("no luck") }, tell);
        tasks.ended().await;
        assert_eq!(heard.recv().await.as_deref(), Some("no luck"));
    }
}
