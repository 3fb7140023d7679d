//! The home folder and its `.env` before the daemon starts: both exist, belong to the right user, and
//! the `.env` has a token.
//!
//! Not here: which settings there are and what they mean (`config`).

use std::{ffi::OsStr, path::Path};

use super::{
    launchers::windows::rights,
    system::{change::SystemChange, executor::Executor, platform::System, runtime_file},
    target::{InstallTarget, Scope},
};
use crate::{
    config::{self, dotenv, keys},
    error::{Error, Result},
    fs::{self, Lock},
    random,
};

/// Whether the `.env` has a token. Without one, a daemon may still have it from its environment.
pub fn has_token(target: &InstallTarget) -> Result<bool> {
    let document = dotenv::read_file(&target.env_file())?;
    let token = document.and_then(|document| document.get(keys::TOKEN));
    Ok(token.is_some_and(|token| !token.is_empty()))
}

/// Creates the home folder and the `.env` where they are missing, and adds a token where there is
/// none. A running daemon has done all of that, so then nothing is written.
pub fn ensure(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let env_file = target.env_file();
    let has_token = has_token(target)?;
    if executor.mode.dry {
        if !has_token {
            executor.record(SystemChange::Wrote(env_file, None));
        }
        return Ok(());
    }
    let existed = target.home.is_dir();
    fs::create_private_dir(&target.home)?;
    if !existed {
        restrict_rights(target, executor, &target.home);
    }
    // The daemon creates a token at its start as well; under the lock neither overwrites the other's.
    let lock = Lock::try_take(&target.home.join(runtime_file::LOCK))?;
    remove_temporary_files(&target.home, lock.is_some());
    if has_token || lock.is_none() {
        return Ok(());
    }
    if env_file.exists() {
        dotenv::edit_file(&env_file, |document| {
            document.set(keys::TOKEN, &random::token())
        })?;
    } else {
        config::create_env_file(&env_file)?;
    }
    if existed {
        // The folder was there before, and may be shared on purpose: only the file is restricted.
        restrict_rights(target, executor, &env_file);
    }
    executor.record(SystemChange::Wrote(env_file, None));
    Ok(())
}

/// Only on Windows: elsewhere the files are created with mode 0600.
fn restrict_rights(target: &InstallTarget, executor: &mut Executor<'_>, path: &Path) {
    if target.system != System::Windows || target.account.name.is_empty() {
        return;
    }
    let command = rights::restrict(&target.folders, path, &target.account.name);
    let outcome = executor.try_run(&command);
    if !outcome.succeeded() {
        let path = path.display();
        executor.note(format!(
            "the rights of {path} could not be restricted to you ({}); it keeps those of its folder",
            outcome.failure()
        ));
    }
}

/// Removes what killed runs left half-written, because it may hold the token. While another process
/// may be writing the file, only what is too old for that.
fn remove_temporary_files(home: &Path, is_locked: bool) {
    fs::remove_temporary_files(home, Some(OsStr::new(".env")), |entry| {
        is_locked || fs::is_old(entry)
    });
}

/// Refuses to install a user's daemon through sudo, and the daemon of the machine without root.
pub fn refuse_wrong_user(target: &InstallTarget) -> Result<()> {
    if target.scope == Scope::Machine && !target.is_root() {
        return Err(Error::Usage(
            "only root can change the daemon of the machine; run the same command with sudo"
                .to_owned(),
        ));
    }
    let (Some(user), true, Scope::User) =
        (&target.account.through_sudo, target.is_root(), target.scope)
    else {
        return Ok(());
    };
    Err(Error::Usage(format!(
        "this runs through sudo, so the daemon would be root's and not {user}'s; run it without sudo, \
         or install one for the whole machine: sudo cleudocodebot onboard --install-daemon --system"
    )))
}
