//! An answer as it grows, as the body of an HTTP answer. Nothing is read ahead: an agent whose client reads
//! slowly waits, and dropping the body ends the turn.

use std::{
    future::Future as _,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame};
use tokio::{
    sync::{OwnedSemaphorePermit, mpsc},
    time::{Instant, Sleep, sleep},
};

use super::{
    chunks::{self, AnswerHead},
    error::ApiError,
};
use crate::gateway::control::PromptEvent;

/// Time between two signs of life.
const SIGN_OF_LIFE: Duration = Duration::from_secs(15);

/// Stands between two paragraphs.
const PARAGRAPH: &str = "\n\n";

/// The body.
pub(in crate::gateway) struct ChatStream {
    head: AnswerHead,
    /// What came while it was not known yet whether there is an answer.
    first: Option<PromptEvent>,
    events: mpsc::Receiver<PromptEvent>,
    /// What was sent of the text.
    sent: String,
    progress: StreamProgress,
    silence: Pin<Box<Sleep>>,
    _place: OwnedSemaphorePermit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum StreamProgress {
    NotBegun,
    Begun,
    Ended,
}

impl ChatStream {
    pub(super) fn new(
        head: AnswerHead,
        first: PromptEvent,
        events: mpsc::Receiver<PromptEvent>,
        place: OwnedSemaphorePermit,
    ) -> Self {
        Self {
            head,
            first: Some(first),
            events,
            sent: String::new(),
            progress: StreamProgress::NotBegun,
            silence: Box::pin(sleep(SIGN_OF_LIFE)),
            _place: place,
        }
    }

    fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Option<PromptEvent>> {
        match self.first.take() {
            Some(first) => Poll::Ready(Some(first)),
            None => self.events.poll_recv(cx),
        }
    }

    /// What an event adds to the stream.
    fn written(&mut self, event: Option<PromptEvent>) -> String {
        let mut out = String::new();
        if self.progress == StreamProgress::NotBegun {
            self.progress = StreamProgress::Begun;
            self.head.begin(&mut out);
        }
        match event {
            Some(PromptEvent::Began { .. }) => {}
            Some(PromptEvent::Delta(text)) => {
                self.head.piece(&mut out, &text);
                self.sent.push_str(&text);
            }
            Some(PromptEvent::Done(answer)) => {
                let text = self.head.text(&answer);
                if let Some(rest) = rest_of(&text, &self.sent) {
                    self.head.piece(&mut out, rest);
                    self.head.end(&mut out);
                } else {
                    let why =
                        "the answer is another than what was streamed of it; ask without stream";
                    chunks::error(&mut out, &ApiError::new(500, why));
                }
                self.progress = StreamProgress::Ended;
            }
            Some(PromptEvent::Failed(why)) => {
                chunks::error(&mut out, &ApiError::new(500, why));
                self.progress = StreamProgress::Ended;
            }
            None => {
                let why = "the daemon stopped before the answer was whole";
                chunks::error(&mut out, &ApiError::new(503, why));
                self.progress = StreamProgress::Ended;
            }
        }
        out
    }
}

/// What of an answer was not sent yet; `None` where what was sent is something else and cannot be taken back.
/// White space at either end is no difference, nor are paragraphs before the answer: an agent with tools says
/// something before it uses one, and answers with its last words.
fn rest_of<'a>(text: &'a str, sent: &str) -> Option<&'a str> {
    let text = text.trim_start();
    let paragraphs = sent.match_indices(PARAGRAPH);
    let starts = std::iter::once(0).chain(paragraphs.map(|(at, _)| at + PARAGRAPH.len()));
    let mut rests = starts.filter_map(|start| {
        let sent = sent[start..].trim_start();
        let is_apart = |rest: &&str| rest.is_empty() || rest.starts_with(char::is_whitespace);
        let trimmed = || text.strip_prefix(sent.trim_end()).filter(is_apart);
        text.strip_prefix(sent).or_else(trimmed)
    });
    rests.next()
}

impl Body for ChatStream {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        loop {
            if self.progress == StreamProgress::Ended {
                return Poll::Ready(None);
            }
            let piece = match self.poll_event(cx) {
                Poll::Ready(event) => Bytes::from(self.written(event)),
                Poll::Pending => match self.silence.as_mut().poll(cx) {
                    Poll::Ready(()) => chunks::sign_of_life(),
                    Poll::Pending => return Poll::Pending,
                },
            };
            let next = Instant::now() + SIGN_OF_LIFE;
            self.silence.as_mut().reset(next);
            if !piece.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(piece))));
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.progress == StreamProgress::Ended
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, sync::Arc};

    use tokio::{
        sync::Semaphore,
        time::{Instant, timeout},
    };

    use super::*;
    use crate::gateway::control::AgentAnswer;

    fn stream(first: PromptEvent) -> (ChatStream, mpsc::Sender<PromptEvent>) {
        let (sender, events) = mpsc::channel(4);
        let place = Arc::new(Semaphore::new(1))
            .try_acquire_owned()
            .expect("one");
        let head = AnswerHead::new("echo", "http://127.0.0.1:1", false);
        (ChatStream::new(head, first, events, place), sender)
    }

    async fn next(stream: &mut ChatStream) -> Option<String> {
        let frame = poll_fn(|cx| Pin::new(&mut *stream).poll_frame(cx)).await?;
        let data = frame.expect("no error").into_data().expect("data");
        Some(String::from_utf8(data.to_vec()).expect("text"))
    }

    fn contents(text: &str) -> Vec<String> {
        let events = text
            .split("\n\n")
            .filter_map(|event| event.strip_prefix("data: "));
        let chunks =
            events.filter_map(|event| serde_json::from_str::<serde_json::Value>(event).ok());
        let contents = chunks
            .filter_map(|chunk| Some(chunk["choices"][0]["delta"]["content"].as_str()?.to_owned()));
        contents.collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_rest_of_an_answer_comes_with_its_end() {
        let (mut stream, events) = stream(PromptEvent::Delta("olá".to_owned()));
        assert_eq!(
            contents(&next(&mut stream).await.expect("a piece")),
            ["", "olá"]
        );
        let answer = AgentAnswer {
            is_markdown: false,
            text: "olá, tudo bem?".to_owned(),
            media: Some(serde_json::json!({"media_id": "ab"})),
        };
        events.send(PromptEvent::Done(answer)).await.expect("read");
        let end = next(&mut stream).await.expect("the end");
        assert_eq!(contents(&end), [", tudo bem?\nhttp://127.0.0.1:1/media/ab"]);
        assert!(
            end.ends_with("data: [DONE]\n\n") && end.contains("\"finish_reason\":\"stop\""),
            "{end}"
        );
        assert!(stream.is_end_stream());
        assert_eq!(next(&mut stream).await, None);
    }

    #[test]
    fn what_was_sent_is_a_part_of_the_answer_or_the_stream_is_wrong() {
        for (text, sent, rest) in [
            ("olá, Ana", "olá", Some(", Ana")),
            ("olá", " olá\n", Some("")),
            ("olá\nhttp://a", "olá\n\n", Some("\nhttp://a")),
            (" olá, Ana", "olá,", Some(" Ana")),
            ("It is 7.", "Let me look.\n\nIt is", Some(" 7.")),
            ("It is 7.\n\nBye", "Hm.\n\nIt is 7.\n\nBye", Some("")),
            ("", "", Some("")),
            ("olá", "adeus", None),
            ("oláa", "olá a", None),
            ("ab", "a \n", None),
        ] {
            assert_eq!(rest_of(text, sent), rest, "{text:?} after {sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_is_another_is_an_error_and_no_stop() {
        let (mut stream, events) = stream(PromptEvent::Delta("adeus".to_owned()));
        next(&mut stream).await.expect("a piece");
        let answer = AgentAnswer {
            is_markdown: false,
            text: "olá".to_owned(),
            media: None,
        };
        events.send(PromptEvent::Done(answer)).await.expect("read");
        let end = next(&mut stream).await.expect("the end");
        assert!(
            end.contains("\"error\"") && !end.contains("stop\""),
            "{end}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_failure_in_the_middle_ends_it_without_done() {
        for failure in [Some(PromptEvent::Failed("no".to_owned())), None] {
            let (mut stream, events) = stream(PromptEvent::Delta("a".to_owned()));
            next(&mut stream).await.expect("a piece");
            if let Some(failure) = failure {
                events.send(failure).await.expect("read");
            }
            drop(events);
            let end = next(&mut stream).await.expect("the end");
            assert!(
                end.contains("\"error\"") && !end.contains("[DONE]"),
                "{end}"
            );
            assert_eq!(next(&mut stream).await, None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn silence_is_broken_by_signs_of_life() {
        let (mut stream, _events) = stream(PromptEvent::Delta("a".to_owned()));
        next(&mut stream).await.expect("a piece");
        for _ in 0..3 {
            let begun = Instant::now();
            let sign = timeout(Duration::from_secs(60), next(&mut stream)).await;
            assert_eq!(sign.expect("in time").as_deref(), Some(": waiting\n\n"));
            assert_eq!(begun.elapsed(), SIGN_OF_LIFE);
        }
    }
}
