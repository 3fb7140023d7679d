//! What follows where an agent did not answer: the same agent once more, the next one, or nobody.

use std::time::Duration;

/// How often an agent is offered the same turn.
const MAX_ATTEMPTS: u32 = 2;

/// Longest wait that an agent may ask for before it is offered a turn again; beyond it the next one is
/// asked.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(120);

/// Wait before the same agent is offered a turn again where it names none.
const USUAL_WAIT: Duration = Duration::from_secs(1);

/// To whom a turn is offered next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    /// Which agent.
    pub(super) agent: String,
    /// How often it will have been offered it, this time included.
    pub(super) attempt: u32,
    /// How long to wait first.
    pub(super) wait: Duration,
}

/// How an attempt ended without an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Missed {
    /// Why, for the user.
    pub(super) error: String,
    /// Whether the same agent may do better.
    pub(super) is_transient: bool,
    /// Not before this time.
    pub(super) retry_after: Option<Duration>,
}

impl Missed {
    /// The next agent is to be asked.
    pub(super) fn for_good(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            is_transient: false,
            retry_after: None,
        }
    }

    /// The connection to the agent was lost, or the daemon was.
    pub(super) fn interrupted(error: impl Into<String>) -> Self {
        Self {
            error: error.into(),
            is_transient: true,
            retry_after: Some(Duration::ZERO),
        }
    }
}

/// The first step of a turn that was offered to `agent` so often before a restart, or never.
pub(super) fn first(agents: &[String], agent: &str, attempts: u32) -> Option<Step> {
    let is_listed = agents.iter().any(|name| name == agent);
    if attempts == 0 || !is_listed {
        return agents.first().map(|first| Step {
            agent: first.clone(),
            attempt: 1,
            wait: Duration::ZERO,
        });
    }
    let missed = Missed::interrupted("the daemon was restarted");
    after(agents, agent, attempts, &missed)
}

/// The step after a missed attempt; `None` where nobody is left.
pub(super) fn after(
    agents: &[String],
    agent: &str,
    attempts: u32,
    missed: &Missed,
) -> Option<Step> {
    let wait = missed.retry_after.unwrap_or(USUAL_WAIT);
    if missed.is_transient && attempts < MAX_ATTEMPTS && wait <= MAX_RETRY_AFTER {
        return Some(Step {
            agent: agent.to_owned(),
            attempt: attempts + 1,
            wait,
        });
    }
    let mut following = agents.iter().skip_while(|name| *name != agent).skip(1);
    following.next().map(|next| Step {
        agent: next.clone(),
        attempt: 1,
        wait: Duration::ZERO,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn agents() -> Vec<String> {
        ["pi", "openai"].map(str::to_owned).into()
    }

    fn step(step: Option<Step>) -> Option<(String, u32, u64)> {
        step.map(|step| (step.agent, step.attempt, step.wait.as_secs()))
    }

    fn is(agent: &str, attempt: u32, seconds: u64) -> (String, u32, u64) {
        (agent.to_owned(), attempt, seconds)
    }

    #[test]
    fn the_same_agent_is_asked_once_more_and_then_the_next() {
        let lost = Missed::interrupted("it left");
        assert_eq!(step(after(&agents(), "pi", 1, &lost)), Some(is("pi", 2, 0)));
        assert_eq!(
            step(after(&agents(), "pi", 2, &lost)),
            Some(is("openai", 1, 0))
        );
        assert_eq!(step(after(&agents(), "openai", 2, &lost)), None);
        let broken = Missed::for_good("no model");
        assert_eq!(
            step(after(&agents(), "pi", 1, &broken)),
            Some(is("openai", 1, 0))
        );
        assert_eq!(step(after(&agents(), "gone", 1, &broken)), None);
    }

    #[test]
    fn an_agent_may_ask_for_time_but_not_for_ever() {
        let busy = |seconds| Missed {
            retry_after: Some(Duration::from_secs(seconds)),
            ..Missed::interrupted("busy")
        };
        assert_eq!(
            step(after(&agents(), "pi", 1, &busy(9))),
            Some(is("pi", 2, 9))
        );
        assert_eq!(
            step(after(&agents(), "pi", 1, &busy(3600))),
            Some(is("openai", 1, 0))
        );
        let unsaid = Missed {
            retry_after: None,
            ..Missed::interrupted("busy")
        };
        assert_eq!(
            step(after(&agents(), "pi", 1, &unsaid)),
            Some(is("pi", 2, 1))
        );
    }

    #[test]
    fn after_a_restart_what_was_offered_is_offered_once_more() {
        assert_eq!(step(first(&agents(), "pi", 0)), Some(is("pi", 1, 0)));
        assert_eq!(step(first(&agents(), "pi", 1)), Some(is("pi", 2, 0)));
        assert_eq!(step(first(&agents(), "pi", 2)), Some(is("openai", 1, 0)));
        assert_eq!(step(first(&agents(), "openai", 2)), None);
        // The settings name others by now.
        assert_eq!(step(first(&agents(), "echo", 2)), Some(is("pi", 1, 0)));
        assert_eq!(first(&[], "pi", 0), None);
    }
}
