//! Answers with what was written, for trying.

use super::{Agent, Answer, BoxFuture, Failure, Reply, Turn};

/// The agent `echo`.
#[derive(Debug, Clone, Copy, Default)]
pub struct Echo;

impl Agent for Echo {
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        let last = turn.prompt().and_then(|prompt| prompt.last());
        let asked = last.and_then(|last| last["content"].as_str());
        let text = asked.map_or_else(|| turn.text(), str::to_owned);
        reply.delta(&text);
        Box::pin(std::future::ready(Ok(Answer::text(text))))
    }
}
