//! Reaching the user's systemd, which may be missing, not running yet, or not reachable from this
//! session.

use std::{path::PathBuf, time::Duration};

use crate::{
    error::{Error, Result},
    service::{
        system::{
            command::{CommandOutcome, SystemCommand},
            executor::Executor,
        },
        target::{InstallTarget, Scope},
    },
};

/// How often to ask a user's manager that is starting.
const ATTEMPTS: u32 = 50;

/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(100);

/// The command with the options and the environment that reach the right manager.
pub(super) fn addressed(target: &InstallTarget, mut command: SystemCommand) -> SystemCommand {
    if target.scope == Scope::User {
        command.args.insert(0, "--user".to_owned());
        // After `su` and some logins by SSH it is not set, although the folder exists.
        let runtime = runtime_folder(target).filter(|_| target.folders.runtime.is_none());
        if let Some(folder) = runtime {
            let folder = folder.display().to_string();
            command
                .environment
                .push(("XDG_RUNTIME_DIR".to_owned(), folder));
        }
    }
    command
}

fn runtime_folder(target: &InstallTarget) -> Option<PathBuf> {
    let named = target.folders.runtime.clone();
    named.or_else(|| {
        let uid = target.account.uid?;
        Some(target.folders.root.join(format!("run/user/{uid}")))
    })
}

/// Whether systemd is the init system, by the rule of `sd_booted(3)`.
pub(super) fn check_booted(target: &InstallTarget) -> Result<()> {
    let root = &target.folders.root;
    if root.join("run/systemd/system").is_dir() {
        return Ok(());
    }
    let kernel = std::fs::read_to_string(root.join("proc/sys/kernel/osrelease"));
    let is_wsl = kernel.is_ok_and(|text| text.to_ascii_lowercase().contains("microsoft"));
    let hint = if is_wsl {
        "; to get it, put `[boot]` and `systemd=true` into /etc/wsl.conf and run: wsl --shutdown"
    } else {
        ""
    };
    Err(Error::Failed(format!(
        "this system was not started by systemd{hint}"
    )))
}

/// Makes sure that the user's manager answers. A login without a session (root by SSH, `su`, a
/// container) has none; enabling lingering starts it.
pub(super) fn check_available(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    check_booted(target)?;
    let ask = addressed(
        target,
        SystemCommand::read_only("systemctl", ["show-environment"]),
    );
    match executor.query(&ask) {
        CommandOutcome::Missing => Err(Error::Failed("systemctl is not installed".to_owned())),
        answer if answer.succeeded() => Ok(()),
        _ => start_manager(target, executor, &ask),
    }
}

fn start_manager(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    ask: &SystemCommand,
) -> Result<()> {
    let lingers = is_lingering(target) || executor.try_run(&linger_command(target)).succeeded();
    let attempts = if lingers && !executor.mode.dry {
        ATTEMPTS
    } else {
        1
    };
    let mut answer = executor.query(ask);
    for _ in 1..attempts {
        if answer.succeeded() {
            break;
        }
        (executor.world.pause)(PAUSE);
        answer = executor.query(ask);
    }
    if answer.succeeded() {
        return Ok(());
    }
    let folder = runtime_folder(target).map_or_else(String::new, |path| path.display().to_string());
    Err(Error::Failed(format!(
        "the systemd of user {} cannot be reached (no bus in {folder}); a login in its own session \
         has one, so has `machinectl shell {}@`; systemctl: {}",
        target.account.name,
        target.account.name,
        answer.failure()
    )))
}

/// Enables lingering: without it the daemon is ended when its user logs out.
pub(super) fn enable_lingering(target: &InstallTarget, executor: &mut Executor<'_>) {
    if is_lingering(target) {
        return;
    }
    let outcome = executor.try_run(&linger_command(target));
    if !outcome.succeeded() {
        let name = &target.account.name;
        executor.note(format!(
            "the daemon ends when you log out, until this is run once: \
             sudo loginctl enable-linger {name} ({})",
            outcome.failure()
        ));
    }
}

/// Whether lingering is enabled: logind keeps a file for each such user.
pub fn is_lingering(target: &InstallTarget) -> bool {
    let folder = target.folders.root.join("var/lib/systemd/linger");
    !target.account.name.is_empty() && folder.join(&target.account.name).exists()
}

/// Without a password prompt, which would wait for ever in a script. Where that is refused, the user
/// gets the command to run.
fn linger_command(target: &InstallTarget) -> SystemCommand {
    let mut command = SystemCommand::modifying("loginctl", ["--no-ask-password", "enable-linger"]);
    if !target.account.name.is_empty() {
        command.args.push(target.account.name.clone());
    }
    command
}
