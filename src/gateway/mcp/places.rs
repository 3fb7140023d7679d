//! Readers' places as they are in memory: those that moved and are not on the disk yet, so that a reader who asks
//! again at once does not get the same messages; and the answers of late, because a client may give a request up
//! while its answer is on the way. What it did not read is given back then.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// How long after its answer a client may say that it gave the request up.
const CROSSING: Duration = Duration::from_secs(10);

/// Answers that are remembered for that.
const MAX_ANSWERS: usize = 256;

/// Readers' places by what they are called.
#[derive(Debug, Default)]
pub(super) struct Places(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    /// As many as writes wait for the disk.
    moving: HashMap<String, u64>,
    answered: HashMap<String, Answered>,
}

/// The last answer of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    /// Who asked, as far as that is known.
    pub(super) client: Option<String>,
    /// The JSON text of the request's id.
    pub(super) request: String,
    /// Where the place was before.
    pub(super) from: u64,
    /// When it was sent.
    pub(super) at: Instant,
}

impl Places {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A reader asks again, so it read the answer before. Where it is, if the disk does not know yet.
    pub(super) fn begin(&self, place: &str) -> Option<u64> {
        let mut state = self.state();
        state.answered.remove(place);
        state.moving.get(place).copied()
    }

    /// This one moves.
    pub(super) fn moves(&self, place: &str, seq: u64) {
        self.state().moving.insert(place.to_owned(), seq);
    }

    /// The disk knows. One that moved on meanwhile stays.
    pub(super) fn moved(&self, place: &str, seq: u64) {
        let mut state = self.state();
        if state.moving.get(place) == Some(&seq) {
            state.moving.remove(place);
        }
    }

    /// An answer was sent.
    pub(super) fn answered(&self, place: &str, answer: Answered) {
        let mut state = self.state();
        let answers = &mut state.answered;
        answers.retain(|_, other| answer.at.duration_since(other.at) < CROSSING);
        if answers.len() < MAX_ANSWERS {
            answers.insert(place.to_owned(), answer);
        }
    }

    /// A client gave this request up: the places to set back, and where to.
    pub(super) fn given_up(&self, client: Option<&str>, request: &str) -> Vec<(String, u64)> {
        let mut state = self.state();
        let is_meant = |_: &String, answer: &mut Answered| {
            let is_its = answer.client.as_deref() == client && answer.request == request;
            is_its && answer.at.elapsed() < CROSSING
        };
        let taken = state.answered.extract_if(is_meant);
        taken.map(|(place, answer)| (place, answer.from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(client: Option<&str>, request: &str, from: u64) -> Answered {
        Answered {
            client: client.map(str::to_owned),
            request: request.to_owned(),
            from,
            at: Instant::now(),
        }
    }

    #[test]
    fn a_place_that_moved_on_is_not_forgotten_with_the_older_write() {
        let places = Places::default();
        places.moves("a", 1);
        places.moves("a", 2);
        places.moved("a", 1);
        assert_eq!(places.begin("a"), Some(2));
        places.moved("a", 2);
        assert_eq!(places.begin("a"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_given_up_is_set_back_for_a_while_and_only_for_who_asked() {
        let places = Places::default();
        places.answered("a", answer(Some("pi"), "7", 3));
        assert_eq!(places.given_up(None, "7"), []);
        assert_eq!(places.given_up(Some("pi"), "8"), []);
        assert_eq!(places.given_up(Some("pi"), "7"), [("a".to_owned(), 3)]);
        assert_eq!(places.given_up(Some("pi"), "7"), [], "once");
        places.answered("a", answer(None, "7", 3));
        assert_eq!(places.begin("a"), None);
        assert_eq!(places.given_up(None, "7"), [], "it asked again");
        places.answered("a", answer(None, "7", 3));
        tokio::time::advance(CROSSING).await;
        assert_eq!(places.given_up(None, "7"), [], "too late");
    }

    #[tokio::test(start_paused = true)]
    async fn answers_are_remembered_up_to_a_bound() {
        let places = Places::default();
        for number in 0..MAX_ANSWERS + 5 {
            places.answered(&number.to_string(), answer(None, "1", 0));
        }
        assert_eq!(places.state().answered.len(), MAX_ANSWERS);
        tokio::time::advance(CROSSING).await;
        places.answered("a", answer(None, "1", 0));
        assert_eq!(places.state().answered.len(), 1);
    }
}
