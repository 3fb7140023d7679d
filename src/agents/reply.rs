//! What an agent may do while it answers: show the answer as it grows, ask the owner, and ask the gateway for
//! what came earlier.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};

use super::MAX_ANSWER_BYTES;
use crate::{client::Endpoint, cut, message::text_at};

/// Most of an answer that goes out in one piece, in bytes.
const MAX_PIECE: usize = 16 * 1024;

/// Most of an answer that is shown: as much as is left of one that is cut.
const MAX_SHOWN: usize = MAX_ANSWER_BYTES - cut::MARK.len();

/// A call of the gateway that the runner makes for an agent.
pub(super) struct Call {
    pub(super) action: &'static str,
    pub(super) payload: Value,
    pub(super) answer: oneshot::Sender<Result<Value, CallError>>,
}

/// Why the gateway did not answer a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallError {
    /// The connection was lost; the turn is offered again.
    Lost,
    /// The gateway refused: its code and its words.
    Refused(String, String),
}

impl CallError {
    /// The code of a refusal.
    pub(super) fn code(&self) -> &str {
        match self {
            Self::Lost => "",
            Self::Refused(code, _) => code,
        }
    }
}

impl fmt::Display for CallError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost => f.write_str("the connection to the gateway was lost"),
            Self::Refused(code, message) => write!(f, "the gateway refused: {message} ({code})"),
        }
    }
}

/// A question to the owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What is asked.
    pub text: String,
    /// What can be answered; empty for anything.
    pub options: Vec<String>,
    /// How long to wait.
    pub timeout: Duration,
}

/// The answer to one turn under way. Clones are of the same turn.
#[derive(Clone)]
pub struct Reply(Arc<Shared>);

struct Shared {
    turn: String,
    piece: Mutex<Piece>,
    /// Wakes the runner.
    wake: Arc<Notify>,
    calls: mpsc::Sender<Call>,
    endpoint: Endpoint,
    /// Which connection it goes out on.
    connection: u64,
}

/// What waits to be shown.
#[derive(Debug, Default)]
struct Piece {
    text: String,
    alive: bool,
    /// Bytes shown so far.
    shown: usize,
    /// The longest answer was shown: what comes behind it is left out.
    is_full: bool,
}

impl Piece {
    /// Takes the next piece. What is shown is a beginning of the answer, so what answers have taken off is
    /// left out here: white space before the first word, and all behind a cut.
    fn push(&mut self, text: &str) {
        let so_far = self.shown + self.text.len();
        let text = if so_far == 0 { text.trim_start() } else { text };
        let end = cut::floor(text, MAX_SHOWN.saturating_sub(so_far));
        if !self.is_full {
            self.text.push_str(&text[..end]);
            self.is_full = end < text.len();
        }
    }
}

impl Reply {
    pub(super) fn new(
        turn: &str,
        wake: Arc<Notify>,
        calls: mpsc::Sender<Call>,
        endpoint: Endpoint,
        connection: u64,
    ) -> Self {
        Self(Arc::new(Shared {
            turn: turn.to_owned(),
            piece: Mutex::default(),
            wake,
            calls,
            endpoint,
            connection,
        }))
    }

    /// Shows the next piece of the answer. Never waits: what comes faster than the gateway takes it goes
    /// out together.
    pub fn delta(&self, text: &str) {
        self.change(|piece| {
            piece.push(text);
            piece.alive = true;
        });
    }

    /// A sign of life of an agent that has nothing to show yet.
    pub fn alive(&self) {
        self.change(|piece| piece.alive = true);
    }

    fn change(&self, change: impl FnOnce(&mut Piece)) {
        change(&mut self.0.piece.lock().unwrap_or_else(PoisonError::into_inner));
        self.0.wake.notify_one();
    }

    /// Takes what waits to be shown; `Some("")` is a sign of life alone.
    pub(super) fn take_piece(&self) -> Option<String> {
        let mut piece = self.0.piece.lock().unwrap_or_else(PoisonError::into_inner);
        if !piece.alive {
            return None;
        }
        let end = cut::floor(&piece.text, MAX_PIECE);
        let rest = piece.text.split_off(end);
        piece.alive = !rest.is_empty();
        let text = std::mem::replace(&mut piece.text, rest);
        piece.shown += text.len();
        Some(text)
    }

    /// Asks the owner; `None` where nobody answered in time.
    pub async fn ask(&self, question: &Question) -> Result<Option<String>, CallError> {
        let timeout_ms = u64::try_from(question.timeout.as_millis()).unwrap_or(u64::MAX);
        let mut payload =
            json!({"turn_id": self.0.turn, "text": question.text, "timeout_ms": timeout_ms});
        if !question.options.is_empty() {
            payload["options"] = json!(question.options);
        }
        let answer = self.call("agent.ask", payload).await?;
        Ok(text_at(&answer, "answer").map(str::to_owned))
    }

    /// Makes a call of the gateway.
    pub async fn call(&self, action: &'static str, payload: Value) -> Result<Value, CallError> {
        let (answer, answered) = oneshot::channel();
        let call = Call {
            action,
            payload,
            answer,
        };
        let sent = self.0.calls.send(call).await;
        sent.map_err(|_| CallError::Lost)?;
        answered.await.unwrap_or(Err(CallError::Lost))
    }

    /// A key for the tools of the program that answers: for the conversation of this turn alone, and good while
    /// this connection is.
    pub async fn tools_key(&self) -> Result<String, CallError> {
        let answer = self
            .call("agent.key", json!({"turn_id": self.0.turn}))
            .await?;
        let none = || CallError::Refused("internal".to_owned(), "it gave no key".to_owned());
        text_at(&answer, "token")
            .map(str::to_owned)
            .ok_or_else(none)
    }

    /// Tells this connection from those before.
    pub fn connection(&self) -> u64 {
        self.0.connection
    }

    /// Where the gateway is, for its files.
    pub fn endpoint(&self) -> &Endpoint {
        &self.0.endpoint
    }

    /// A reply of which nobody hears, and the calls that it makes.
    #[cfg(test)]
    pub(super) fn unheard(endpoint: Endpoint) -> (Self, mpsc::Receiver<Call>) {
        let (calls, asked) = mpsc::channel(16);
        (Self::new("t-1", Arc::default(), calls, endpoint, 1), asked)
    }

    /// The whole text that waits.
    #[cfg(test)]
    pub(super) fn shown(&self) -> String {
        std::iter::from_fn(|| self.take_piece()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply() -> Reply {
        let endpoint = Endpoint {
            host: String::new(),
            port: 0,
            token: None,
        };
        Reply::unheard(endpoint).0
    }

    #[test]
    fn pieces_that_wait_go_out_together_and_a_sign_of_life_is_one() {
        let reply = reply();
        assert_eq!(reply.take_piece(), None);
        reply.alive();
        assert_eq!(reply.take_piece().as_deref(), Some(""));
        reply.delta("ol");
        reply.delta("á");
        assert_eq!(reply.take_piece().as_deref(), Some("olá"));
        assert_eq!(reply.take_piece(), None);
    }

    #[test]
    fn a_flood_goes_out_in_pieces_and_ends_at_the_longest_answer() {
        let reply = reply();
        for _ in 0..100 {
            reply.delta(&"á".repeat(10_000));
        }
        let pieces: Vec<String> = std::iter::from_fn(|| reply.take_piece()).collect();
        assert!(pieces.iter().all(|piece| piece.len() <= MAX_PIECE));
        let whole: usize = pieces.iter().map(String::len).sum();
        assert!((MAX_SHOWN - 1..=MAX_SHOWN).contains(&whole), "{whole}");
        // The half character that was left out has nothing behind it.
        reply.delta("a");
        assert_eq!(reply.take_piece().as_deref(), Some(""));
    }

    #[test]
    fn white_space_before_the_first_word_is_not_shown() {
        let reply = reply();
        for piece in ["\n ", " olá", " Ana"] {
            reply.delta(piece);
        }
        assert_eq!(reply.take_piece().as_deref(), Some("olá Ana"));
    }
}
