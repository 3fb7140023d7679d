//! Uninstalling: what an installation made goes, what the user made stays.

use std::path::{Path, PathBuf};

use super::{
    launchers::{
        self,
        launcher::{Kind, Registration},
        windows::layout::Layout,
    },
    lifecycle::halt,
    report::{Outcome, Report},
    settings,
    system::{
        executor::{Executor, set_aside},
        runtime_file,
    },
    target::{InstallTarget, System},
};
use crate::{
    error::Result,
    integrations::{bridge, pairing},
};

/// Stops the daemon, deregisters it and removes its files. The settings and the messages stay unless
/// `purge`. Where there is nothing to remove, that is no error.
pub fn uninstall(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    purge: bool,
) -> Result<Report> {
    settings::refuse_wrong_user(target)?;
    let mut kind = None;
    for launcher in launchers::all(target) {
        let registration = launcher.registration(target, executor);
        if registration == Registration::Elsewhere {
            let title = launcher.kind().title();
            executor.note(format!(
                "the {title} starts a daemon of another home and is left"
            ));
            continue;
        }
        if registration.is_ours() {
            kind = Some(launcher.kind());
            halt(target, executor, Some(launcher.as_ref()))?;
            launcher.unregister(target, executor)?;
        }
        for artefact in launcher.artefacts(target)? {
            executor.take_back(&artefact)?;
            leave_no_empty_folder(target, executor, &artefact.path);
        }
        if kind == Some(launcher.kind()) {
            launcher.forget(target, executor);
        }
        for (_, copy) in launcher.copies(target) {
            remove_program(executor, &copy)?;
        }
    }
    halt(target, executor, None)?;
    remove_traces(target, executor)?;
    if purge {
        purge_home(target, executor)?;
    }
    mention_lingering(target, executor, kind);
    let outcome = match executor.changes() {
        [] => Outcome::NotInstalled,
        _ if executor.mode.dry => Outcome::Planned,
        _ => Outcome::Uninstalled,
    };
    Ok(Report {
        outcome,
        kind,
        identity: None,
    })
}

/// Folders that hold nothing any more go, up to the one that everybody shares.
fn leave_no_empty_folder(target: &InstallTarget, executor: &mut Executor<'_>, file: &Path) {
    if target.system != System::Linux || !file.starts_with(&target.folders.config) {
        return;
    }
    let folders = file.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != target.folders.config) {
        executor.remove_empty_folder(folder);
    }
}

/// Windows does not remove a program that runs, but lets it be moved: this very program may be it.
fn remove_program(executor: &mut Executor<'_>, program: &Path) -> Result<()> {
    if let Err(error) = executor.remove(program) {
        let aside = set_aside(program).map_err(|_| error)?;
        executor.note(format!("{} can be deleted", aside.display()));
    }
    if let Some(folder) = program.parent() {
        executor.remove_empty_folder(folder);
    }
    Ok(())
}

/// What daemons and installations leave in the home folder besides settings and messages.
fn traces(target: &InstallTarget) -> Vec<PathBuf> {
    let layout = Layout::of(target);
    let mut traces = vec![
        target.home.join(runtime_file::FILE),
        target.home.join(runtime_file::LOCK),
    ];
    if target.system == System::Windows {
        traces.extend([
            layout.stop_flag(),
            layout.running(),
            layout.program(),
            layout.windowless(),
        ]);
    }
    traces
}

fn remove_traces(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    for file in traces(target) {
        remove_program(executor, &file)?;
    }
    executor.remove_folder(&target.logs())
}

/// Everything, where the folder is by its name only ours. Elsewhere what is known by name: a home may
/// be set to a folder that holds other things.
fn purge_home(target: &InstallTarget, executor: &mut Executor<'_>) -> Result<()> {
    let name = target.home.file_name().and_then(|name| name.to_str());
    if matches!(name, Some("cleudocodebot" | ".cleudocodebot")) {
        let real = target
            .home
            .canonicalize()
            .unwrap_or_else(|_| target.home.clone());
        executor.remove_folder(&real)?;
        return executor.remove(&target.home);
    }
    for file in [
        ".env",
        "messages.redb",
        "cleudocodebot-dashboard.html",
        pairing::FILE,
        bridge::FILE,
    ] {
        executor.remove(&target.home.join(file))?;
    }
    executor.remove_empty_folder(&target.home);
    if target.home.is_dir() && !executor.mode.dry {
        let home = target.home.display();
        executor.note(format!("{home} holds other files and stays"));
    }
    Ok(())
}

/// It may have been on before, and other daemons may need it.
fn mention_lingering(target: &InstallTarget, executor: &mut Executor<'_>, kind: Option<Kind>) {
    if kind == Some(Kind::UserUnit) && launchers::systemd::is_lingering(target) {
        executor.note("lingering stays on; if nothing else needs it: loginctl disable-linger");
    }
}
