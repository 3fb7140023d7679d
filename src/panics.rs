//! A panic inside a future, or in work beside the runtime, becomes a value: one bug ends one piece of
//! work, never its neighbours.

use std::{
    any::Any,
    future::{Future, poll_fn},
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
};

/// Runs a future to its end, or to its panic, whose text comes back. The future is not polled again
/// after a panic, so whatever it left half done is only ever dropped.
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

/// Runs what may block, such as a small write, beside the runtime: at once, and to its end also where
/// nobody waits for it. What comes back instead after a panic is its text.
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

/// What a panic said.
pub fn panic_text(panic: &(dyn Any + Send)) -> String {
    let owned = panic.downcast_ref::<String>().map(String::as_str);
    let text = owned.or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("a panic without text").to_owned()
}

#[cfg(test)]
mod tests {
    use super::{contained, run_blocking};

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
}
