//! Uninstalling: removes what an installation made and keeps what the user made.

use std::path::{Path, PathBuf};

use super::{
    launchers::{
        self,
        launcher::{Launcher, LauncherKind, Registration},
        program, systemd,
        windows::layout::Layout,
    },
    lifecycle::stop_daemon,
    report::{ServiceOutcome, ServiceReport},
    settings,
    system::{
        executor::Executor,
        files::{remove_set_aside, set_aside},
        platform::System,
        runtime_file,
    },
    target::InstallTarget,
    update,
};
use crate::{
    error::Result,
    integrations::{bridge, pairing},
    media, store,
};

/// Stops the daemon, unregisters it and removes its files. Settings and messages stay unless `purge`.
/// Succeeds as well where nothing is installed.
pub fn uninstall(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    purge: bool,
) -> Result<ServiceReport> {
    settings::refuse_wrong_user(target)?;
    let mut kind = None;
    for launcher in launchers::all(target) {
        if remove_launcher(target, executor, launcher.as_ref())? {
            kind = Some(launcher.kind());
        }
    }
    let was_installed = !executor.changes().is_empty();
    // A daemon may run without being installed.
    let stopped = stop_daemon(target, executor, None)?;
    remove_leftovers(target, executor)?;
    if purge {
        purge_home(target, executor)?;
    } else if target.env_file().exists() {
        let home = target.home.display();
        let again = target.command("uninstall --purge");
        executor.note(format!(
            "the settings and the messages stay in {home}; to remove them too: {again}"
        ));
    }
    mention_lingering(target, executor, kind);
    // What a daemon leaves in its home is there without an installation too, but not the programs of Windows.
    let was_there = was_installed || purge || target.system == System::Windows;
    let outcome = match executor.changes() {
        [] => ServiceOutcome::NotInstalled,
        _ if executor.mode.dry => ServiceOutcome::Planned,
        _ if was_there => ServiceOutcome::Uninstalled,
        _ if stopped => ServiceOutcome::Stopped,
        _ => ServiceOutcome::NotInstalled,
    };
    Ok(ServiceReport {
        outcome,
        kind,
        identity: None,
    })
}

/// Removes one launcher and its files. Returns whether it was registered for this home. The files go
/// in any case: an earlier run may have been killed after it had unregistered the launcher.
fn remove_launcher(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    launcher: &dyn Launcher,
) -> Result<bool> {
    let registration = launcher.registration(target, executor);
    if registration == Registration::Elsewhere {
        let title = launcher.kind().title();
        executor.note(format!(
            "the {title} starts a daemon of another home and is left"
        ));
        return Ok(false);
    }
    if registration.is_ours() {
        stop_daemon(target, executor, Some(launcher))?;
        launcher.unregister(target, executor)?;
    }
    for artefact in launcher.artefacts(target)? {
        executor.remove_artefact(&artefact)?;
        remove_empty_parents(target, executor, &artefact.path);
    }
    if registration.is_ours() {
        launcher.after_removal(target, executor);
    }
    for (_, copy) in launcher.copies(target) {
        remove_program(executor, &copy)?;
    }
    Ok(registration.is_ours())
}

/// Removes the empty folders above a file, up to `~/.config`, which other programs use as well.
fn remove_empty_parents(target: &InstallTarget, executor: &mut Executor<'_>, file: &Path) {
    if target.system != System::Linux || !file.starts_with(&target.folders.config) {
        return;
    }
    let folders = file.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != target.folders.config) {
        executor.remove_empty_folder(folder);
    }
}

/// Removes a program, or renames it where it is running: it may be the very program that uninstalls.
fn remove_program(executor: &mut Executor<'_>, program: &Path) -> Result<()> {
    if let Err(error) = executor.remove(program) {
        let aside = set_aside(program).map_err(|_| error)?;
        executor.note(format!("{} can be deleted", aside.display()));
    }
    if let Some(folder) = program.parent() {
        if !executor.mode.dry {
            remove_set_aside(program);
        }
        executor.remove_empty_folder(folder);
    }
    Ok(())
}

/// The files in the home folder besides settings, messages and logs.
fn leftovers(target: &InstallTarget) -> Vec<PathBuf> {
    let layout = Layout::of(target);
    let mut leftovers = vec![
        target.home.join(runtime_file::FILE),
        target.home.join(runtime_file::LOCK),
    ];
    leftovers.extend(update::leftovers(&target.home));
    if target.system == System::Windows {
        leftovers.extend([
            layout.stop_flag(),
            layout.running(),
            layout.program(),
            layout.windowless(),
        ]);
    }
    leftovers
}

fn remove_leftovers(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    for file in leftovers(target) {
        remove_program(executor, &file)?;
    }
    program::withdraw(target, executor)?;
    executor.remove_folder(&target.logs())
}

/// The files with settings, messages and keys that a daemon leaves in its home folder.
const KEPT_FILES: [&str; 8] = [
    ".env",
    store::FILE,
    "cleudocodebot-dashboard.html",
    "keys.json",
    "push.json",
    "push.key",
    pairing::FILE,
    bridge::FILE,
];

/// The folders: files of messages, and what agents keep.
const KEPT_FOLDERS: [&str; 2] = [media::FOLDER, "agents"];

/// Whether the name of the folder says that nobody else has files in it.
fn is_only_ours(home: &Path) -> bool {
    let name = home.file_name().and_then(|name| name.to_str());
    matches!(name, Some("cleudocodebot" | ".cleudocodebot"))
}

/// What a purge removes for good: the home folder, or what is known in it.
pub fn purged(target: &InstallTarget) -> Vec<PathBuf> {
    if is_only_ours(&target.home) {
        return Vec::from_iter(target.home.exists().then(|| target.home.clone()));
    }
    let known = KEPT_FOLDERS.iter().chain(&KEPT_FILES);
    let paths = known.map(|name| target.home.join(name));
    let paths = paths.filter(|path| path.exists());
    paths.chain(beside_store(&target.home)).collect()
}

/// The files beside the store that have its name: marks, copies, what was damaged.
fn beside_store(home: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home).into_iter().flatten().flatten();
    let named = entries.filter(|entry| {
        let name = entry.file_name();
        let rest = name
            .to_str()
            .and_then(|name| name.strip_prefix(store::FILE));
        rest.is_some_and(|rest| rest.starts_with('.'))
    });
    named.map(|entry| entry.path()).collect()
}

/// Removes the whole home folder if its name says that it is only ours. The user may have set the home
/// to a folder with other files in it; there the files are removed that are known by name.
fn purge_home(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    if is_only_ours(&target.home) {
        // With DynamicUser= the home is a link; both the link and what it points to go.
        let real = target
            .home
            .canonicalize()
            .unwrap_or_else(|_| target.home.clone());
        executor.remove_folder(&real)?;
        if real == target.home {
            return Ok(());
        }
        return executor.remove(&target.home);
    }
    for folder in KEPT_FOLDERS {
        executor.remove_folder(&target.home.join(folder))?;
    }
    for file in KEPT_FILES {
        executor.remove(&target.home.join(file))?;
    }
    for file in beside_store(&target.home) {
        executor.remove(&file)?;
    }
    executor.remove_empty_folder(&target.home);
    if target.home.is_dir() && !executor.mode.dry {
        let home = target.home.display();
        executor.note(format!("{home} holds other files and stays"));
    }
    Ok(())
}

/// Lingering is not switched off: it may have been on before, and other daemons may need it.
fn mention_lingering(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    kind: Option<LauncherKind>,
) {
    if kind == Some(LauncherKind::UserUnit) && systemd::is_lingering(target) {
        executor.note("lingering stays on; if nothing else needs it: loginctl disable-linger");
    }
}
