//! Answers: when they come and how they are written. Shared by the socket and `POST /rpc`.

use crate::{
    integrations::BoxFuture,
    protocol::{
        call::{Asker, AskerRef, Call, Unreadable},
        error_code::{ErrorCode, Fault},
        reply,
    },
};

/// An answer's payload as JSON text, or why there is none.
pub(in crate::gateway) type CommandResult = Result<String, Fault>;

/// An answer, or when it comes.
pub(in crate::gateway) enum Answer {
    /// At once.
    Now(CommandResult),
    /// In its turn, once the disk has it.
    Later(BoxFuture<'static, CommandResult>),
    /// Out of order, whenever it comes.
    Unordered(BoxFuture<'static, CommandResult>),
}

impl Answer {
    /// The outcome, whenever it comes.
    pub(in crate::gateway) fn outcome(self) -> BoxFuture<'static, CommandResult> {
        match self {
            Self::Now(outcome) => Box::pin(std::future::ready(outcome)),
            Self::Later(outcome) | Self::Unordered(outcome) => outcome,
        }
    }
}

/// One answer of a batch; a notification has no asker and is left out.
pub(in crate::gateway) type BatchPart = (Option<Asker>, BoxFuture<'static, CommandResult>);

/// A batch whose calls are under way.
pub(in crate::gateway) struct Batch {
    /// In the order of the calls.
    pub(in crate::gateway) parts: Vec<BatchPart>,
    /// Whether one of them may take as long as it likes.
    pub(in crate::gateway) unordered: bool,
}

/// Does the elements of a batch in order: `perform` those that are calls, a fault for the others.
pub(in crate::gateway) fn batch<'a>(
    elements: Vec<Result<Call<'a>, Unreadable<'a>>>,
    mut perform: impl FnMut(&Call<'a>) -> Answer,
) -> Batch {
    let mut unordered = false;
    let part = |element: Result<Call<'a>, Unreadable<'a>>| match element {
        Err(Unreadable {
            dialect,
            id,
            fault,
            wants_answer,
            ..
        }) => {
            let asker = AskerRef {
                dialect,
                action: "",
                id,
            };
            (
                wants_answer.then(|| asker.to_owned()),
                Answer::Now(Err(fault)).outcome(),
            )
        }
        Ok(call) => {
            let answer = perform(&call);
            unordered |= matches!(answer, Answer::Unordered(_));
            (
                call.wants_answer.then(|| call.asker().to_owned()),
                answer.outcome(),
            )
        }
    };
    let parts = elements.into_iter().map(part).collect();
    Batch { parts, unordered }
}

/// Writes an answer in the asker's dialect.
pub(in crate::gateway) fn write_outcome(
    out: &mut String,
    asker: AskerRef<'_>,
    outcome: &CommandResult,
) {
    match outcome {
        Ok(payload) => reply::response(out, asker, |out| out.push_str(payload)),
        Err(fault) => reply::error(out, asker, fault),
    }
}

/// An answer in the asker's dialect.
pub(in crate::gateway) fn outcome_text(asker: &Asker, outcome: &CommandResult) -> String {
    let mut text = String::new();
    write_outcome(&mut text, asker.as_ref(), outcome);
    text
}

/// Writes the answer to what held no command.
pub(in crate::gateway) fn write_unreadable(out: &mut String, unreadable: &Unreadable<'_>) {
    if unreadable.no_object {
        return reply::unreadable(out, unreadable.dialect, &unreadable.fault);
    }
    let action = unreadable.action.as_deref().unwrap_or_default();
    reply::error(
        out,
        AskerRef {
            dialect: unreadable.dialect,
            action,
            id: unreadable.id,
        },
        &unreadable.fault,
    );
}

/// The array of a batch's answers, in the order of its calls; empty where none wants one. What
/// comes after `max_bytes` of answers is answered by an error instead, and so is one with which they would be longer than
/// `longest`.
pub(in crate::gateway) async fn joined(
    parts: Vec<BatchPart>,
    max_bytes: usize,
    longest: usize,
) -> String {
    let mut text = String::new();
    for (asker, outcome) in parts {
        let mut outcome = outcome.await;
        let Some(asker) = asker else { continue };
        let is_long = |answer: &String| text.len() + answer.len() > longest;
        if text.len() > max_bytes || outcome.as_ref().is_ok_and(is_long) {
            let message =
                "the answers of this batch are over the limit; it was done, ask again alone";
            outcome = Err(Fault::new(ErrorCode::TooLarge, message));
        }
        text.push(if text.is_empty() { '[' } else { ',' });
        write_outcome(&mut text, asker.as_ref(), &outcome);
    }
    if !text.is_empty() {
        text.push(']');
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::protocol::dialect::Dialect;

    #[tokio::test]
    async fn an_answer_that_is_longer_than_all_may_be_is_told_and_the_others_come() {
        let asker = Asker {
            dialect: Dialect::JsonRpc,
            action: "integration.groups".to_owned(),
            id: None,
        };
        let part = |name: &str| -> BatchPart {
            let groups = json!({"groups": [{"peer": "1@g.us", "name": name}]});
            let outcome = std::future::ready(Ok(groups.to_string()));
            (Some(asker.clone()), Box::pin(outcome))
        };
        let parts = ["first", &"x".repeat(2000), "last"].map(part);
        let text = joined(parts.into(), 1000, 1500).await;
        assert!(
            text.contains("over the limit") && text.contains("last") && !text.contains("xx"),
            "{text}"
        );
        let all: Vec<Value> = serde_json::from_str(&text).expect("an array");
        assert_eq!(all.len(), 3);
    }
}
