//! The shutdown signal that every task waits for, with its reason.
//!
//! Not here: what begins it, and in which order things stop (`daemon`).

use std::future::Future;

use tokio::sync::watch;

/// The side that begins the shutdown. Dropping it does not begin one.
#[derive(Debug, Clone)]
pub struct Trigger(watch::Sender<Option<&'static str>>);

/// The side that waits for the shutdown. All clones see the same one.
#[derive(Debug, Clone)]
pub struct Shutdown(watch::Receiver<Option<&'static str>>);

/// A connected pair.
pub fn channel() -> (Trigger, Shutdown) {
    let (sender, receiver) = watch::channel(None);
    (Trigger(sender), Shutdown(receiver))
}

impl Trigger {
    /// Begins the shutdown. Only the first reason counts.
    pub fn begin(&self, reason: &'static str) {
        self.0.send_if_modified(|now| {
            let first = now.is_none();
            now.get_or_insert(reason);
            first
        });
    }
}

impl Shutdown {
    /// The reason, once the shutdown has begun.
    pub fn reason(&self) -> Option<&'static str> {
        *self.0.borrow()
    }

    /// Waits until the shutdown begins and returns the reason. Cancel-safe.
    pub fn begun(&self) -> impl Future<Output = &'static str> + Send + 'static {
        let mut receiver = self.0.clone();
        async move {
            let seen = receiver
                .wait_for(Option::is_some)
                .await
                .map(|reason| *reason);
            match seen {
                Ok(Some(reason)) => reason,
                _ => std::future::pending().await,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::channel;

    #[tokio::test]
    async fn everyone_hears_the_first_reason() {
        let (trigger, shutdown) = channel();
        let other = shutdown.clone();
        assert_eq!(other.reason(), None);
        trigger.begin("asked");
        trigger.begin("asked again");
        assert_eq!(shutdown.begun().await, "asked");
        assert_eq!(other.begun().await, "asked");
    }
}
