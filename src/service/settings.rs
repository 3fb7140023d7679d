//! The `.env` before anything starts: it is there, has a token and makes sense. What a killed run
//! left of it goes.

use std::{
    ffi::OsStr,
    fs,
    path::Path,
    time::{Duration, SystemTime},
};

use super::{
    launchers::windows::rights,
    system::{
        executor::{Change, Executor},
        runtime_file,
    },
    target::{InstallTarget, Scope, System},
};
use crate::{
    config::{self, dotenv, keys},
    error::{Error, Result},
    fs as files,
    fs::Lock,
    random,
};

/// Half-written files are younger than this while somebody still writes them.
const WRITING: Duration = Duration::from_secs(60);

/// Makes the home folder and the `.env` what a daemon needs. A daemon that runs has done it.
pub fn ensure(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let env_file = target.env_file();
    let document = dotenv::read_file(&env_file)?;
    let has_token = document.is_some_and(|document| {
        document
            .get(keys::TOKEN)
            .is_some_and(|token| !token.is_empty())
    });
    if executor.mode.dry {
        if !has_token {
            executor.did(Change::Wrote(env_file, None));
        }
        return Ok(());
    }
    let existed = target.home.is_dir();
    files::create_private_dir(&target.home)?;
    if !existed {
        close(target, executor, &target.home);
    }
    // Whoever makes a token holds the lock, so that two do not replace each other's.
    let lock = Lock::try_take(&target.home.join(runtime_file::LOCK))?;
    sweep(&target.home, lock.is_some());
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
        // The folder was there before us, and may be shared on purpose.
        close(target, executor, &env_file);
    }
    executor.did(Change::Wrote(env_file, None));
    Ok(())
}

/// On Windows rights are inherited from the folder; elsewhere each file has its own.
fn close(target: &InstallTarget, executor: &mut Executor<'_>, path: &Path) {
    if target.system != System::Windows || target.account.name.is_empty() {
        return;
    }
    let command = rights::close(&target.folders, path, &target.account.name);
    let outcome = executor.attempt(&command);
    if !outcome.succeeded() {
        let path = path.display();
        executor.note(format!(
            "the rights of {path} could not be narrowed to you ({}); it keeps those of its folder",
            outcome.complaint()
        ));
    }
}

/// Removes half-written files, which may hold the token: all where nobody else can be writing, else
/// only the old ones.
fn sweep(folder: &Path, alone: bool) {
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let age = entry
            .metadata()
            .and_then(|metadata| metadata.modified())
            .ok()
            .and_then(|then| SystemTime::now().duration_since(then).ok());
        let abandoned = alone || age.is_some_and(|age| age > WRITING);
        if files::is_temporary_for(&entry.file_name(), OsStr::new(".env")) && abandoned {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// Refuses what cannot lead to a daemon that works: root in disguise, and a daemon of the machine
/// without root.
pub fn refuse_wrong_user(target: &InstallTarget) -> Result<()> {
    if target.scope == Scope::Machine && !target.is_root() {
        return Err(Error::Usage(
            "the daemon of the machine is root's to change; run the same with sudo".to_owned(),
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
