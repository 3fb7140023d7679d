//! The tasks of the connections: the shutdown can wait for them and end those that do not end by
//! themselves. A `JoinSet` does that too, but wakes the task that accepts for each one that ends.

use std::{
    collections::BTreeMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::{sync::Notify, task::AbortHandle};

use crate::panics::contained;

/// The tasks that have not ended.
#[derive(Debug, Default)]
pub(super) struct Tasks(Arc<Running>);

#[derive(Debug, Default)]
struct Running {
    table: Mutex<Table>,
    /// Told whenever the last one has ended.
    all_ended: Notify,
}

#[derive(Debug, Default)]
struct Table {
    last_id: u64,
    /// None until the task is spawned.
    handles: BTreeMap<u64, Option<AbortHandle>>,
}

impl Running {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tasks {
    /// Runs a future in a task of its own. A panic ends it alone, and `on_panic` gets its text.
    pub(super) fn spawn(
        &self,
        future: impl Future<Output = ()> + Send + 'static,
        on_panic: impl FnOnce(&str) + Send + 'static,
    ) {
        let entry = self.enter();
        let id = entry.id;
        // Boxed: what runs a future copies it, and holds it twice.
        let future = Box::pin(future);
        let task = tokio::spawn(async move {
            let _entry = entry;
            if let Err(panic) = contained(future).await {
                on_panic(&panic);
            }
        });
        // One that ended meanwhile has no entry any more.
        if let Some(handle) = self.0.table().handles.get_mut(&id) {
            *handle = Some(task.abort_handle());
        }
    }

    fn enter(&self) -> Entry {
        let mut table = self.0.table();
        table.last_id += 1;
        let id = table.last_id;
        table.handles.insert(id, None);
        Entry {
            running: Arc::clone(&self.0),
            id,
        }
    }

    /// How many there are.
    pub(super) fn count(&self) -> usize {
        self.0.table().handles.len()
    }

    /// Waits until all have ended.
    pub(super) async fn ended(&self) {
        while self.count() > 0 {
            self.0.all_ended.notified().await;
        }
    }

    /// Ends all where they wait.
    pub(super) async fn abort(&self) {
        let handles: Vec<_> = self.0.table().handles.values().flatten().cloned().collect();
        for handle in handles {
            handle.abort();
        }
        self.ended().await;
    }
}

/// A task's place in the table; dropped with the task.
struct Entry {
    running: Arc<Running>,
    id: u64,
}

impl Drop for Entry {
    fn drop(&mut self) {
        let mut table = self.running.table();
        table.handles.remove(&self.id);
        if table.handles.is_empty() {
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
        let (tasks, (release, held)) = (Tasks::default(), oneshot::channel::<()>());
        tasks.spawn(ready(()), |_| {});
        tasks.spawn(async { drop(held.await) }, |_| {});
        assert_eq!(tasks.count(), 2);
        let released = async { release.send(()) };
        let ((), released) = tokio::join!(tasks.ended(), released);
        assert_eq!((tasks.count(), released), (0, Ok(())));
    }

    #[tokio::test]
    async fn those_that_wait_for_ever_can_be_ended() {
        let tasks = Tasks::default();
        tasks.spawn(pending(), |_| {});
        tokio::task::yield_now().await;
        tasks.abort().await;
        assert_eq!(tasks.count(), 0);
    }

    #[tokio::test]
    async fn a_panic_is_told_and_ends_one_alone() {
        let (tasks, (told, mut heard)) = (Tasks::default(), mpsc::channel(1));
        let tell = move |text: &str| drop(told.try_send(text.to_owned()));
        tasks.spawn(async { panic!("no luck") }, tell);
        tasks.ended().await;
        assert_eq!(heard.recv().await.as_deref(), Some("no luck"));
    }
}
