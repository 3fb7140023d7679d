//! An answer as it comes: shown as it grows, held to its deadlines, and ended by whatever ends it.

use tokio::{
    sync::mpsc,
    time::{Instant, sleep_until},
};

use super::{
    Stop,
    running::{Input, Replier, Running},
    subject::Subject,
};
use crate::{
    daemon::turns::{inner::TurnsInner, pool::Place, steps::Missed},
    gateway::control::{AgentAnswer, AgentFailure},
    protocol::error_code::ErrorCode,
};

/// How one attempt ended.
pub(super) enum Followed {
    /// It was answered.
    Answered,
    /// It was not; the agent that said so waits for what follows.
    Missed(Missed, Option<Replier>),
}

impl Followed {
    pub(super) fn missed(missed: Missed) -> Self {
        Self::Missed(missed, None)
    }
}

/// Follows an answer to its end; with it the text that was sent.
pub(super) async fn follow(
    turns: &TurnsInner,
    running: &Running,
    place: &Place,
    subject: &mut Subject,
    inputs: &mut mpsc::Receiver<Input>,
) -> Result<(Followed, Option<String>), Stop> {
    let _typing = StopTyping { turns, running };
    loop {
        if !place.is_current() {
            return Ok((lost(place, "its connection was lost"), None));
        }
        let now = Instant::now();
        let deadlines = turns.settings().deadlines;
        let due = running.with_progress(|progress| progress.deadline(&deadlines));
        if let Some((_, late)) = due.filter(|(at, _)| *at <= now) {
            let reason = late.reason(&place.name);
            place.client.abort(&running.id, &reason);
            return Ok((Followed::missed(Missed::for_good(reason)), None));
        }
        show(turns, running, now);
        let shown = running.with_progress(|progress| progress.next_shown(now));
        let wake = due.map_or(shown, |(at, _)| at.min(shown));
        tokio::select! {
            biased;
            input = inputs.recv() => match input {
                Some(Input::Done(answer, reply)) => {
                    running.flush().await;
                    return done(turns, place, subject, answer, reply).await;
                }
                Some(Input::Failed(failure, reply)) => {
                    return Ok((Followed::Missed(missed(failure), Some(reply)), None));
                }
                Some(Input::End { state, reason, reply }) => {
                    place.client.abort(&running.id, &reason);
                    return Err(Stop::Ended { state, reason, reply });
                }
                Some(Input::Lost(why)) if !place.is_current() => return Ok((lost(place, &why), None)),
                Some(Input::Lost(_)) | None => {}
            },
            () = subject.abandoned() => {
                place.client.abort(&running.id, "whoever asked does not wait any more");
                return Err(Stop::Abandoned);
            }
            () = running.changed.notified() => {}
            () = sleep_until(wake) => {}
        }
    }
}

fn lost(place: &Place, why: &str) -> Followed {
    let error = format!("the agent {} left: {why}", place.name);
    Followed::missed(Missed::interrupted(error))
}

fn missed(failure: AgentFailure) -> Missed {
    Missed {
        error: failure.error,
        is_transient: failure.is_transient,
        retry_after: failure.retry_after,
    }
}

/// Stores the answer, then tells the agent. What the agent did wrong with it, such as a text that is too
/// long, is its failure.
async fn done(
    turns: &TurnsInner,
    place: &Place,
    subject: &mut Subject,
    answer: AgentAnswer,
    reply: Replier,
) -> Result<(Followed, Option<String>), Stop> {
    let text = Some(answer.text.clone()).filter(|_| !answer.is_silence());
    let outcome = subject.answered(turns, answer).await;
    let followed = match &outcome {
        Ok(_) => Ok((Followed::Answered, text)),
        Err(fault) if fault.code == ErrorCode::Conflict => Err(Stop::Abandoned),
        Err(fault) => {
            let error = format!("the answer of {} is refused: {}", place.name, fault.message);
            Ok((Followed::missed(Missed::for_good(error)), None))
        }
    };
    let _ = reply.send(outcome);
    followed
}

/// Shows how far it has grown, where it is time to.
fn show(turns: &TurnsInner, running: &Running, now: Instant) {
    let text = running.with_progress(|progress| progress.show(now).map(str::to_owned));
    if let (Some(text), Some(key)) = (text, &running.key) {
        turns.show_typing(key, Some(text.as_str()).filter(|text| !text.is_empty()));
    }
}

/// Shows that nothing is written any more when dropped.
struct StopTyping<'a> {
    turns: &'a TurnsInner,
    running: &'a Running,
}

impl Drop for StopTyping<'_> {
    fn drop(&mut self) {
        if let Some(key) = &self.running.key {
            self.turns.stop_typing(key);
        }
    }
}
