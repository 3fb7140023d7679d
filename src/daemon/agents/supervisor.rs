//! Keeps one agent running: starts it, waits longer after each failure, parks it where only the user can
//! help, and follows what is wanted of it.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::watch,
    time::{Instant, sleep, timeout},
};

use super::{
    plan::Plan,
    process::{AgentProcess, RunEnd},
};
use crate::{
    backoff::{Backoff, STABLE},
    child::Keeper,
    clock,
    daemon::turns::states::{AgentStates, Desired, Stage, SupervisedState},
    log::Log,
    random,
};

/// How long a client of the same name must be gone before ours takes its place again.
const GONE_FOR: Duration = Duration::from_secs(5);

/// Runs one agent.
pub(super) struct Supervisor {
    pub(super) plan: Plan,
    pub(super) keeper: Keeper,
    pub(super) log: Log,
    pub(super) states: Arc<AgentStates>,
    /// Tells whether it is parked.
    pub(super) parked: watch::Sender<bool>,
}

/// What comes after a run or a wait.
enum Next {
    /// Look at what is wanted.
    Look,
    /// It is not supervised any more.
    Retire,
}

impl Supervisor {
    /// Runs the agent, however often it ends, until it is retired.
    pub(super) async fn supervise(
        self,
        mut desired: watch::Receiver<Desired>,
        mut retired: watch::Receiver<bool>,
    ) {
        let mut backoff = Backoff::of_restarts(random::seed());
        loop {
            let wanted = *desired.borrow_and_update();
            let next = if wanted.stopped {
                backoff.reset();
                self.enter(Stage::Stopped);
                changed(&mut desired, &mut retired).await
            } else {
                self.run(&mut backoff, &mut desired, &mut retired).await
            };
            if matches!(next, Next::Retire) {
                return;
            }
        }
    }

    fn enter(&self, state: impl Into<SupervisedState>) {
        self.states.set(&self.plan.name, state);
    }

    async fn run(
        &self,
        backoff: &mut Backoff,
        desired: &mut watch::Receiver<Desired>,
        retired: &mut watch::Receiver<bool>,
    ) -> Next {
        self.enter(Stage::Starting);
        let begun = Instant::now();
        let end = match AgentProcess::start(&self.plan, &self.keeper, &self.log) {
            Err(end) => end,
            Ok(mut process) => {
                self.enter(Stage::Running);
                let ended = tokio::select! {
                    end = process.ended() => Ok(end),
                    next = changed(desired, retired) => Err(next),
                };
                match ended {
                    Ok(end) => end,
                    Err(next) => {
                        process.stop().await;
                        return next;
                    }
                }
            }
        };
        if begun.elapsed() >= STABLE {
            backoff.reset();
        }
        match end {
            RunEnd::Parked(why) => self.park(why, desired, retired).await,
            RunEnd::Failed(why) => self.wait(why, backoff.next_wait(), desired, retired).await,
        }
    }

    async fn park(
        &self,
        why: String,
        desired: &mut watch::Receiver<Desired>,
        retired: &mut watch::Receiver<bool>,
    ) -> Next {
        let name = &self.plan.name;
        self.log.error(
            "agent",
            "the agent cannot run; waiting for other settings",
            &[("name", name), ("error", &why)],
        );
        // One that was started elsewhere by the same name takes it over, which is how ours ended.
        let has_successor = self.states.is_connected(name);
        let advice = if has_successor {
            "another client answers by this name; once it has gone this one starts again by itself"
        } else {
            "mend that, then: cleudocodebot reload"
        };
        self.enter(SupervisedState {
            stage: Stage::Parked,
            last_error: Some(why),
            advice: Some(advice.to_owned()),
        });
        self.parked.send_replace(true);
        let next = tokio::select! {
            next = changed(desired, retired) => next,
            () = self.successor_gone(), if has_successor => {
                let what = "the other agent of this name has gone; starting this one again";
                self.log.info("agent", what, &[("name", name)]);
                Next::Look
            }
        };
        self.parked.send_replace(false);
        next
    }

    /// Comes back once no other client has had the name for a while: one that only lost its connection comes back.
    async fn successor_gone(&self) {
        let (states, name) = (&self.states, &self.plan.name);
        loop {
            states.until_connected(name, false).await;
            let back = timeout(GONE_FOR, states.until_connected(name, true)).await;
            if back.is_err() {
                return;
            }
        }
    }

    async fn wait(
        &self,
        why: String,
        wait: Duration,
        desired: &mut watch::Receiver<Desired>,
        retired: &mut watch::Receiver<bool>,
    ) -> Next {
        let name = &self.plan.name;
        let wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.log.warn(
            "agent",
            "the agent ended; starting it again later",
            &[("name", name), ("error", &why), ("wait_ms", &wait_ms)],
        );
        self.enter(SupervisedState {
            stage: Stage::BackingOff(clock::now_ms().saturating_add(wait_ms)),
            last_error: Some(why),
            advice: None,
        });
        tokio::select! {
            () = sleep(wait) => Next::Look,
            next = changed(desired, retired) => next,
        }
    }
}

/// Waits until something else is wanted of the agent.
async fn changed(
    desired: &mut watch::Receiver<Desired>,
    retired: &mut watch::Receiver<bool>,
) -> Next {
    tokio::select! {
        changed = desired.changed() => match changed {
            Ok(()) => Next::Look,
            // Whoever wants something of it is gone.
            Err(_) => retire(retired).await,
        },
        next = retire(retired) => next,
    }
}

async fn retire(retired: &mut watch::Receiver<bool>) -> Next {
    // An error means that its owner is gone, which retires it too.
    let _ = retired.wait_for(|retired| *retired).await;
    Next::Retire
}

#[cfg(all(test, unix))]
mod tests {
    use std::{path::PathBuf, sync::Mutex};

    use tokio::sync::mpsc;

    use super::*;
    use crate::{
        gateway::control::{AgentStatus, Steer},
        log::LogLevel,
    };

    /// A supervised script, and every state that it comes to.
    struct Stage {
        states: Arc<AgentStates>,
        told: mpsc::UnboundedReceiver<AgentStatus>,
        retire: watch::Sender<bool>,
        parked: watch::Receiver<bool>,
        task: tokio::task::JoinHandle<()>,
        lines: Arc<Mutex<Vec<String>>>,
    }

    impl Stage {
        fn new(script: &str) -> Self {
            let (tell, told) = mpsc::unbounded_channel();
            let states = Arc::new(AgentStates::new(Arc::new(move |status: &AgentStatus| {
                let _ = tell.send(status.clone());
            })));
            let log = Log::in_memory(LogLevel::Info);
            let lines: Arc<Mutex<Vec<String>>> = Arc::default();
            let kept = Arc::clone(&lines);
            log.follow(move |line| {
                let fields = line
                    .fields
                    .iter()
                    .map(|(name, value)| format!(" {name}={value}"));
                let fields: String = fields.collect();
                kept.lock()
                    .expect("fine")
                    .push(format!("{:?} {}{fields}", line.level, line.message));
            });
            let (retire, retired) = watch::channel(false);
            let (park, parked) = watch::channel(false);
            let desired = states.watch_desired("tried");
            let supervisor = Supervisor {
                plan: Plan {
                    name: "tried".to_owned(),
                    program: PathBuf::from("/bin/sh"),
                    arguments: ["-c", script].map(str::to_owned).to_vec(),
                    variables: Vec::new(),
                },
                keeper: Keeper::default(),
                log,
                states: Arc::clone(&states),
                parked: park,
            };
            Self {
                states,
                told,
                retire,
                parked,
                task: tokio::spawn(supervisor.supervise(desired, retired)),
                lines,
            }
        }

        /// Waits until it is in this state.
        async fn comes_to(&mut self, state: &str) -> AgentStatus {
            loop {
                let status = self.told.recv().await.expect("it goes on");
                if status.state == state {
                    return status;
                }
            }
        }
    }

    #[tokio::test]
    async fn one_that_ends_with_78_is_parked_with_its_last_line_until_it_is_started() {
        let mut stage = Stage::new(
            "echo 'warning: hm' >&2; echo 'cleudocodebot: no model is set' >&2; exit 78",
        );
        let status = stage.comes_to("parked").await;
        assert_eq!(status.last_error.as_deref(), Some("no model is set"));
        assert!(
            status
                .advice
                .is_some_and(|advice| advice.contains("reload"))
        );
        stage.parked.wait_for(|parked| *parked).await.expect("told");
        let lines = stage.lines.lock().expect("fine").join("\n");
        assert!(
            lines.contains("Warn the agent warns name=tried said=hm")
                && lines.contains("said=no model is set"),
            "{lines}"
        );
        stage.states.steer("tried", Steer::Start);
        stage.comes_to("starting").await;
        stage.comes_to("parked").await;
        stage.retire.send_replace(true);
        stage.task.await.expect("ended");
    }

    #[tokio::test]
    async fn one_whose_name_was_taken_over_starts_again_once_the_other_has_gone() {
        let mut stage = Stage::new("exit 78");
        stage.states.connected("tried");
        let status = stage.comes_to("parked").await;
        assert!(status.advice.is_some_and(|it| it.contains("by itself")));
        // It parks again at once, which is another end than before: nobody has the name now.
        tokio::time::pause();
        stage.states.away("tried", "it left");
        let begun = Instant::now();
        stage.comes_to("starting").await;
        assert!(begun.elapsed() >= GONE_FOR);
        tokio::time::resume();
        let status = stage.comes_to("parked").await;
        assert!(status.advice.is_some_and(|it| it.contains("reload")));
        stage.retire.send_replace(true);
        stage.task.await.expect("ended");
    }

    #[tokio::test]
    async fn one_that_fails_is_started_again_later() {
        let mut stage = Stage::new("exit 3");
        let status = stage.comes_to("backing_off").await;
        assert!(status.until_ms.is_some());
        assert!(
            status
                .last_error
                .is_some_and(|why| why.contains("exit status: 3"))
        );
        stage.comes_to("starting").await;
        stage.retire.send_replace(true);
        stage.task.await.expect("ended");
    }

    #[tokio::test]
    async fn one_that_is_stopped_or_retired_ends_at_the_end_of_its_input() {
        let mut stage = Stage::new("cat >/dev/null; echo 'it said goodbye' >&2");
        stage.comes_to("starting").await;
        stage.states.steer("tried", Steer::Stop);
        stage.comes_to("stopped").await;
        stage.states.steer("tried", Steer::Start);
        stage.comes_to("starting").await;
        stage.retire.send_replace(true);
        stage.task.await.expect("ended");
    }
}
