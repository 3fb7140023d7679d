//! Turning panics of futures and of blocking work into errors, so that a bug ends one session or one
//! attempt and never the daemon.
//!
//! Not here: logging them, which the panic hook does (`daemon::watchdog`).

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Runs a future to its end; a panic becomes an error with its text. After a panic the future is not
/// polled again, only dropped, so nobody sees what it left half done.
pub async fn contained<T>(future: impl Future<Output = T>) -> Result<T, String> {
    let mut future = pin!(future);
    poll_fn(
        |cx| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(cx))) {
            Ok(Poll::Pending) => Poll::Pending,
            Ok(Poll::Ready(value)) => Poll::Ready(Ok(value)),
            Err(panic) => Poll::Ready(Err(panic_text(&*panic))),
        },
    )
    .await
}

/// Runs work that may block on a thread for it. It starts at once and is finished even if the returned
/// future is dropped. A panic becomes an error with its text.
pub fn run_blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> impl Future<Output = Result<T, String>> + Send {
    let running = tokio::task::spawn_blocking(work);
    async move {
        running.await.map_err(|error| match error.try_into_panic() {
            Ok(panic) => panic_text(&*panic),
            Err(ended) => ended.to_string(),
        })
    }
}

/// Runs work as a task of its own, to its end even if the returned future is dropped: left half-way, a change may be
/// in memory and not on disk. A panic becomes an error, which `failed` makes of its text.
pub fn run_to_end<T: Send + 'static, E: Send + 'static>(
    work: impl Future<Output = Result<T, E>> + Send + 'static,
    failed: fn(String) -> E,
) -> impl Future<Output = Result<T, E>> + Send + 'static {
    let running = tokio::spawn(work);
    async move {
        let done = running.await;
        done.unwrap_or_else(|error| Err(failed(error.to_string())))
    }
}

/// The text of a panic.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = owned.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{contained, run_blocking, run_to_end};

    #[tokio::test]
    async fn a_panic_is_told_and_a_value_passes() {
        assert_eq!(contained(async { 7 }).await, Ok(7));
        let broken = contained(async { panic!("no {}", "luck") }).await;
        assert_eq!(broken, Err::<(), _>("no luck".to_owned()));
    }

    #[tokio::test]
    async fn work_beside_the_runtime_is_done_also_where_nobody_waits() {
        let (done, heard) = std::sync::mpsc::channel();
        drop(run_blocking(move || done.send(7)));
        let patience = std::time::Duration::from_secs(20);
        assert_eq!(heard.recv_timeout(patience), Ok(7));
        let broken = run_blocking(|| panic!("no luck")).await;
        assert_eq!(broken, Err::<(), _>("no luck".to_owned()));
    }

    #[tokio::test]
    async fn a_task_comes_to_its_end_also_where_nobody_waits() {
        let (done, heard) = tokio::sync::oneshot::channel();
        let work = async move { done.send(7).map_err(|_| "nobody listens".to_owned()) };
        drop(run_to_end(work, |why| why));
        assert_eq!(heard.await, Ok(7));
        let broken = run_to_end(async { panic!("no luck") }, |why| why).await;
        let why = Result::<(), String>::expect_err(broken, "a panic");
        assert!(why.contains("no luck"), "{why}");
    }
}
