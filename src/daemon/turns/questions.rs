//! What agents ask the owner: one question at a time in the owner's conversation, whose next message there
//! is the answer.
//!
//! Not here: sending the question, and for whom the time stands still meanwhile.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{Notify, oneshot};

use super::conversations::ConversationKey;

/// The open questions, one a conversation.
#[derive(Default)]
pub(super) struct Questions {
    open: Mutex<HashMap<ConversationKey, Open>>,
    /// A question is closed.
    closed: Arc<Notify>,
}

struct Open {
    options: Vec<String>,
    /// `None` until it is sent.
    answer: Option<oneshot::Sender<String>>,
}

impl Questions {
    fn open(&self) -> MutexGuard<'_, HashMap<ConversationKey, Open>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until no other question is open in this conversation. It stays closed to others until the
    /// turn at asking is dropped.
    pub(super) async fn turn_at(
        &self,
        key: &ConversationKey,
        options: &[String],
    ) -> AskingTurn<'_> {
        loop {
            let closed = self.closed.notified();
            tokio::pin!(closed);
            // Listen before looking, so that no change falls in between.
            closed.as_mut().enable();
            if self.try_open(key, options) {
                return AskingTurn {
                    questions: self,
                    key: key.clone(),
                };
            }
            closed.await;
        }
    }

    fn try_open(&self, key: &ConversationKey, options: &[String]) -> bool {
        let mut open = self.open();
        let is_free = !open.contains_key(key);
        if is_free {
            let options = options.to_vec();
            let answer = None;
            open.insert(key.clone(), Open { options, answer });
        }
        is_free
    }

    /// Takes a message of the owner as the answer; false where nothing is asked.
    pub(super) fn answer(&self, key: &ConversationKey, text: &str) -> bool {
        let mut open = self.open();
        let Some(question) = open.get_mut(key) else {
            return false;
        };
        let Some(answer) = question.answer.take() else {
            return false;
        };
        answer.send(chosen(&question.options, text)).is_ok()
    }
}

/// What an answer means: the option of its number or its name, else itself.
fn chosen(options: &[String], text: &str) -> String {
    let text = text.trim();
    let bare = text.trim_end_matches(['.', ')']);
    let number: Option<usize> = bare.parse().ok();
    let by_number = number
        .and_then(|number| number.checked_sub(1))
        .and_then(|at| options.get(at));
    let same = |option: &&String| option.to_lowercase() == text.to_lowercase();
    let by_name = || options.iter().find(same);
    by_number
        .or_else(by_name)
        .map_or_else(|| text.to_owned(), Clone::clone)
}

/// The right to ask in a conversation.
pub(super) struct AskingTurn<'a> {
    questions: &'a Questions,
    key: ConversationKey,
}

impl AskingTurn<'_> {
    /// From now on the next message is the answer. Call before the question is sent.
    pub(super) fn listen(&self) -> oneshot::Receiver<String> {
        let (answer, heard) = oneshot::channel();
        if let Some(open) = self.questions.open().get_mut(&self.key) {
            open.answer = Some(answer);
        }
        heard
    }
}

impl Drop for AskingTurn<'_> {
    fn drop(&mut self) {
        self.questions.open().remove(&self.key);
        self.questions.closed.notify_waiters();
    }
}

/// A question as the owner reads it.
pub(super) fn question_text(about: Option<&str>, text: &str, options: &[String]) -> String {
    let mut lines = match about {
        Some(about) => format!("{about}: {text}"),
        None => text.to_owned(),
    };
    for (at, option) in options.iter().enumerate() {
        let _ = write!(lines, "\n{}. {option}", at + 1);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> ConversationKey {
        ("telegram".to_owned(), "42".to_owned())
    }

    #[test]
    fn a_number_or_a_name_picks_an_option() {
        let options = ["Yes", "No"].map(str::to_owned);
        for (text, answer) in [
            ("1", "Yes"),
            (" 2. ", "No"),
            ("no", "No"),
            ("3", "3"),
            ("0", "0"),
            ("maybe", "maybe"),
        ] {
            assert_eq!(chosen(&options, text), answer);
        }
        assert_eq!(chosen(&[], " 1 "), "1");
        let text = question_text(Some("pi (telegram/7)"), "Delete it?", &options);
        assert_eq!(text, "pi (telegram/7): Delete it?\n1. Yes\n2. No");
    }

    #[tokio::test(start_paused = true)]
    async fn questions_are_asked_one_after_the_other() {
        let questions = Arc::new(Questions::default());
        assert!(!questions.answer(&key(), "nobody asked"));
        let first = questions.turn_at(&key(), &[]).await;
        assert!(!questions.answer(&key(), "it is not sent yet"));
        let heard = first.listen();
        let second = tokio::spawn({
            let questions = Arc::clone(&questions);
            async move {
                let turn = questions.turn_at(&key(), &[]).await;
                turn.listen().await
            }
        });
        tokio::task::yield_now().await;
        assert!(questions.answer(&key(), "one"));
        assert_eq!(heard.await.as_deref(), Ok("one"));
        assert!(!questions.answer(&key(), "the second does not listen yet"));
        drop(first);
        for _ in 0..8 {
            tokio::task::yield_now().await;
        }
        assert!(questions.answer(&key(), "two"));
        assert_eq!(second.await.expect("no panic").as_deref(), Ok("two"));
    }
}
