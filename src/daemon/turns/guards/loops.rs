//! Whether the other side of a conversation is a program that answers ours: ten exchanges in a row that no
//! person would have.

use std::{
    collections::VecDeque,
    hash::{DefaultHasher, Hash, Hasher},
};

use tokio::time::{Duration, Instant};

/// Exchanges in a row that hold a conversation.
const MOST: u32 = 10;

/// Whoever answers within this time has hardly read what they answer.
const TOO_SOON: Duration = Duration::from_secs(4);

/// Characters a second that hardly anybody types.
const TOO_FAST: u128 = 12;

/// Texts of either side that are remembered.
const REMEMBERED: usize = 10;

/// What is remembered of one conversation.
#[derive(Debug, Default)]
pub(in crate::daemon::turns) struct LoopGuard {
    /// Hashes of the last texts of either side.
    texts: VecDeque<u64>,
    /// When our last answer went out, while nothing came since.
    answered: Option<Instant>,
    in_a_row: u32,
}

impl LoopGuard {
    /// They wrote; true where that makes too many exchanges in a row that no person would have. Empty for
    /// what is no text, such as a voice note: only its speed says who sent it.
    pub(in crate::daemon::turns) fn heard(&mut self, text: &str, now: Instant) -> bool {
        let repeats = self.remember(text);
        // Only the first message after an answer makes an exchange of it.
        if let Some(answered) = self.answered.take() {
            let took = now.duration_since(answered);
            let typed = text.chars().count() as u128;
            let is_inhuman =
                took <= TOO_SOON || repeats || typed * 1000 > took.as_millis() * TOO_FAST;
            self.in_a_row = if is_inhuman { self.in_a_row + 1 } else { 0 };
        }
        self.in_a_row >= MOST
    }

    /// We answered.
    pub(in crate::daemon::turns) fn answered(&mut self, text: &str, now: Instant) {
        self.remember(text);
        self.answered = Some(now);
    }

    /// Starts anew, after a hold.
    pub(in crate::daemon::turns) fn forgive(&mut self) {
        *self = Self::default();
    }

    /// Whether the text is one of the last.
    fn remember(&mut self, text: &str) -> bool {
        if text.trim().is_empty() {
            return false;
        }
        let mut hasher = DefaultHasher::new();
        text.trim().hash(&mut hasher);
        let hash = hasher.finish();
        let is_known = self.texts.contains(&hash);
        if self.texts.len() == REMEMBERED {
            self.texts.pop_front();
        }
        self.texts.push_back(hash);
        is_known
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Exchanges until it is held, of a side that answers after `wait` with what `text` makes.
    fn until_held(wait: Duration, text: impl Fn(u32) -> String) -> Option<u32> {
        let mut guard = LoopGuard::default();
        let mut now = Instant::now();
        for round in 0..40 {
            if guard.heard(&text(round), now) {
                return Some(round);
            }
            now += Duration::from_secs(1);
            guard.answered(&format!("our answer {round}"), now);
            now += wait;
        }
        None
    }

    #[tokio::test(start_paused = true)]
    async fn a_program_is_recognised_by_its_speed_or_by_its_repetitions() {
        let new = |round: u32| format!("{round}: something else every time");
        let echo = |_| "hello".to_owned();
        assert_eq!(until_held(Duration::from_secs(2), new), Some(10));
        assert_eq!(until_held(Duration::from_secs(60), echo), Some(10));
        let long = |round: u32| format!("{round}: {}", "x".repeat(500));
        assert_eq!(until_held(Duration::from_secs(20), long), Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn files_one_after_the_other_repeat_nothing_but_may_be_too_quick() {
        let file = |_| String::new();
        assert_eq!(until_held(Duration::from_secs(9), file), None);
        assert_eq!(until_held(Duration::from_secs(2), file), Some(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_person_who_is_quick_now_and_then_is_none() {
        let new = |round: u32| format!("{round}: what about that");
        assert_eq!(until_held(Duration::from_secs(9), new), None);
        let mut guard = LoopGuard::default();
        let mut now = Instant::now();
        for round in 0..40 {
            assert!(!guard.heard(&new(round), now), "{round}");
            guard.answered("well", now);
            let is_slow = round % 9 == 0;
            now += Duration::from_secs(if is_slow { 15 } else { 3 });
        }
    }

    #[tokio::test(start_paused = true)]
    async fn several_messages_before_an_answer_are_one_exchange() {
        let mut guard = LoopGuard::default();
        let now = Instant::now();
        for _ in 0..50 {
            assert!(!guard.heard("help", now));
        }
    }
}
