//! Whether the new program works: it is ready within ten seconds, and then the same process stays so.
//!
//! What is watched is what the gateway says of itself, as `/readyz` does: that it answers with our token, is of
//! the new version and of this home, takes writes. What a channel's service says is not: it may be down for
//! reasons of its own.

use std::time::Duration;

use crate::service::{
    system::{
        executor::Executor,
        probe::{DaemonIdentity, GatewayAnswer},
    },
    target::InstallTarget,
};

/// How long the new program may take to be ready.
const READY_WITHIN: Duration = Duration::from_secs(10);

/// The pause between two questions until then.
const UNTIL_READY: Duration = Duration::from_millis(100);

/// The pause between two questions afterwards.
const AFTERWARDS: Duration = Duration::from_secs(1);

/// How many questions in a row may stay unanswered afterwards: the machine may be busy.
const MISSED: u32 = 3;

/// Waits until the new program is ready; the error says what was found instead.
pub(super) fn until_ready(
    target: &InstallTarget,
    executor: &Executor<'_>,
    version: &str,
) -> Result<DaemonIdentity, String> {
    // Counted in questions rather than measured: tests pass a pause that returns at once.
    let questions = READY_WITHIN.as_millis() / UNTIL_READY.as_millis();
    let mut found = String::new();
    for _ in 0..questions {
        let answer = executor.ask_gateway();
        match judge(target, &answer, version) {
            Ok(identity) => return Ok(identity.clone()),
            Err(why) => found = why,
        }
        (executor.world.pause)(UNTIL_READY);
    }
    Err(format!(
        "it was not ready within {} s: {found}",
        READY_WITHIN.as_secs()
    ))
}

/// Watches it for as long as this.
pub(super) fn stays(
    target: &InstallTarget,
    executor: &Executor<'_>,
    identity: &DaemonIdentity,
    watch: Duration,
) -> Result<(), String> {
    let mut missed = 0;
    for _ in 0..watch.as_secs() {
        (executor.world.pause)(AFTERWARDS);
        let answer = executor.ask_gateway();
        match judge(target, &answer, &identity.version) {
            Ok(now) if now.pid == identity.pid => missed = 0,
            Ok(now) => {
                let (before, now) = (identity.pid, now.pid);
                return Err(format!(
                    "it ended and was started again (pid {before}, then {now})"
                ));
            }
            Err(why) => {
                missed += 1;
                if missed >= MISSED {
                    return Err(format!("it was ready and did not stay so: {why}"));
                }
            }
        }
    }
    Ok(())
}

fn judge<'a>(
    target: &InstallTarget,
    answer: &'a GatewayAnswer,
    version: &str,
) -> Result<&'a DaemonIdentity, String> {
    match answer {
        GatewayAnswer::Ours(identity) if !target.is_home(&identity.home) => {
            Err(format!("a daemon of {} answers", identity.home))
        }
        GatewayAnswer::Ours(identity) if identity.version != version => {
            Err(format!("version {} answers", identity.version))
        }
        GatewayAnswer::Ours(identity) => match &identity.not_ready {
            None => Ok(identity),
            Some(why) => Err(why.clone()),
        },
        GatewayAnswer::Nobody => Err("nobody answers".to_owned()),
        GatewayAnswer::OtherToken => Err("it refuses the token of .env".to_owned()),
        GatewayAnswer::Stranger(why) | GatewayAnswer::Unknown(why) => Err(why.clone()),
    }
}
