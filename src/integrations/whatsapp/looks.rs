//! When to look at the instance: now and then while all is well, often while something is wrong.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::{
    sync::Notify,
    time::{Instant, sleep, sleep_until},
};

/// Time between two looks at the connection of the instance.
const LOOK: Duration = Duration::from_secs(60);

/// The same while something is wrong, in ms: often at first, for most of it is over in a moment.
const LOOKS_IN_TROUBLE: [u64; 8] = [500, 1000, 2000, 5000, 10_000, 20_000, 40_000, 60_000];

/// When to look next.
#[derive(Default)]
pub(super) struct Looks {
    trouble: Mutex<Option<InTrouble>>,
    sooner: Notify,
}

#[derive(Debug, Clone, Copy)]
struct InTrouble {
    /// Looks since it began.
    looks: usize,
    /// Whether it was found while sending: what the instance says of itself does not end it.
    in_sending: bool,
}

impl Looks {
    fn trouble(&self) -> MutexGuard<'_, Option<InTrouble>> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something is wrong: the next look is soon.
    pub(super) fn begin_trouble(&self, in_sending: bool) {
        let begun = InTrouble {
            looks: 0,
            in_sending,
        };
        self.trouble().get_or_insert(begun).in_sending |= in_sending;
        self.sooner.notify_one();
    }

    /// A message went out, so nothing is wrong.
    pub(super) fn end_trouble(&self) {
        *self.trouble() = None;
    }

    /// Takes what the instance says of itself.
    pub(super) fn took(&self, is_open: bool) {
        let mut trouble = self.trouble();
        match trouble.as_mut() {
            Some(one) if is_open && !one.in_sending => *trouble = None,
            Some(one) => one.looks += 1,
            None => {}
        }
    }

    fn wait(&self) -> Duration {
        let trouble = *self.trouble();
        trouble.map_or(LOOK, |one| {
            let place = one.looks.min(LOOKS_IN_TROUBLE.len() - 1);
            Duration::from_millis(LOOKS_IN_TROUBLE[place])
        })
    }

    /// Waits for the next look, which trouble may bring forward.
    pub(super) async fn pause(&self) {
        let begun = Instant::now();
        loop {
            tokio::select! {
                () = sleep_until(begun + self.wait()) => return,
                () = self.sooner.notified() => {
                    if begun + self.wait() <= Instant::now() {
                        // Late news of old trouble: what was wrong may be over after a moment, too.
                        return sleep(self.wait()).await;
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn trouble_is_looked_at_often_at_first_and_less_and_less() {
        let looks = Looks::default();
        let begun = Instant::now();
        looks.pause().await;
        assert_eq!(begun.elapsed(), LOOK);
        let waits = async {
            looks.pause().await;
            begun.elapsed()
        };
        let later = async {
            sleep(Duration::from_secs(5)).await;
            looks.begin_trouble(true);
        };
        let (waited, ()) = tokio::join!(waits, later);
        assert_eq!(
            waited,
            LOOK + Duration::from_millis(5500),
            "brought forward"
        );
        looks.took(true);
        assert_eq!(
            looks.wait(),
            Duration::from_secs(1),
            "a connected instance that sends nothing"
        );
        (0..20).for_each(|_| looks.took(false));
        assert_eq!(looks.wait(), LOOK);
        looks.end_trouble();
        looks.begin_trouble(false);
        looks.took(true);
        assert_eq!(looks.wait(), LOOK, "over");
        assert!(looks.trouble().is_none());
    }
}
