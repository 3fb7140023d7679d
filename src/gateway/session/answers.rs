//! Answers in the order of their commands, also where one must wait for the disk.

use std::{
    collections::VecDeque,
    task::{Context, Poll},
};

use crate::integrations::BoxFuture;

/// Commands of one client that may wait for their answer; then reading pauses.
const MAX_WAITING: usize = 1024;

/// Bytes of finished answers that may wait behind one that is not; then reading pauses.
const MAX_READY_BYTES: usize = 1 << 20;

/// One place in the queue.
pub(super) enum AnswerSlot {
    /// A text to send.
    Ready(String),
    /// A text that comes later.
    Waiting(BoxFuture<'static, String>),
    /// The next replay may begin: everything before it is out.
    Release,
}

/// What came out of the queue.
pub(super) enum NextAnswer {
    /// Send this text.
    Text(String),
    /// Let the next replay begin.
    Release,
}

/// The queue of one session.
#[derive(Default)]
pub(super) struct Answers {
    slots: VecDeque<AnswerSlot>,
    ready_bytes: usize,
}

impl Answers {
    /// Whether an answer may go out at once.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Whether no more commands should be read for now.
    pub(super) fn is_full(&self) -> bool {
        self.slots.len() >= MAX_WAITING || self.ready_bytes >= MAX_READY_BYTES
    }

    /// Adds what comes out after everything that waits already.
    pub(super) fn push(&mut self, slot: AnswerSlot) {
        if let AnswerSlot::Ready(text) = &slot {
            self.ready_bytes += text.len();
        }
        self.slots.push_back(slot);
    }

    /// The next thing whose turn it is; `Pending` where its time has not come or nothing waits.
    pub(super) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<NextAnswer> {
        if let Some(AnswerSlot::Waiting(answer)) = self.slots.front_mut() {
            let text = std::task::ready!(answer.as_mut().poll(cx));
            self.slots.pop_front();
            return Poll::Ready(NextAnswer::Text(text));
        }
        let next = match self.slots.pop_front() {
            Some(AnswerSlot::Ready(text)) => {
                self.ready_bytes -= text.len();
                NextAnswer::Text(text)
            }
            Some(AnswerSlot::Release) => NextAnswer::Release,
            Some(AnswerSlot::Waiting(_)) | None => {
                self.release();
                return Poll::Pending;
            }
        };
        Poll::Ready(next)
    }

    /// An idle session holds no memory for a burst that is over.
    fn release(&mut self) {
        if self.slots.capacity() > 0 {
            self.slots = VecDeque::new();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;

    use tokio::sync::oneshot;

    use super::*;

    #[test]
    fn a_late_answer_holds_back_those_behind_it() {
        let mut cx = Context::from_waker(Waker::noop());
        let mut answers = Answers::default();
        let (done, wait) = oneshot::channel::<String>();
        answers.push(AnswerSlot::Waiting(Box::pin(async {
            wait.await.unwrap_or_default()
        })));
        answers.push(AnswerSlot::Ready("second".to_owned()));
        assert!(answers.poll_next(&mut cx).is_pending());
        done.send("first".to_owned()).expect("waited for");
        for expected in ["first", "second"] {
            assert!(
                matches!(answers.poll_next(&mut cx), Poll::Ready(NextAnswer::Text(text)) if text == expected)
            );
        }
        assert!(answers.poll_next(&mut cx).is_pending() && answers.is_empty());
    }
}
