//! Uninstalling: what an installation made goes, what the user made stays.

use std::path::{Path, PathBuf};

use super::{
    hand::{Hand, set_aside},
    note,
    power::halt,
    report::{Outcome, Report},
    settings,
    site::{Site, System},
    way::{self, Kind, Registration},
    windows::layout::Layout,
};
use crate::{
    error::Result,
    integrations::{external, pairing},
};

/// Stops the daemon, deregisters it and removes its files. The settings and the messages stay unless
/// `purge`. Where there is nothing to remove, that is no error.
pub fn uninstall(site: &Site, hand: &mut Hand<'_>, purge: bool) -> Result<Report> {
    settings::refuse_wrong_user(site)?;
    let mut kind = None;
    for way in way::all(site) {
        let registration = way.registration(site, hand);
        if registration == Registration::Elsewhere {
            let title = way.kind().title();
            hand.note(format!(
                "the {title} starts a daemon of another home and is left"
            ));
            continue;
        }
        if registration.is_ours() {
            kind = Some(way.kind());
            halt(site, hand, Some(way.as_ref()))?;
            way.unregister(site, hand)?;
        }
        for artefact in way.artefacts(site)? {
            hand.take_back(&artefact)?;
            leave_no_empty_folder(site, hand, &artefact.path);
        }
        if kind == Some(way.kind()) {
            way.forget(site, hand);
        }
        for (_, copy) in way.copies(site) {
            remove_program(hand, &copy)?;
        }
    }
    halt(site, hand, None)?;
    remove_traces(site, hand)?;
    if purge {
        purge_home(site, hand)?;
    }
    mention_lingering(site, hand, kind);
    let outcome = match hand.deeds() {
        [] => Outcome::NotInstalled,
        _ if hand.manner.dry => Outcome::Planned,
        _ => Outcome::Uninstalled,
    };
    Ok(Report {
        outcome,
        kind,
        identity: None,
    })
}

/// Folders that hold nothing any more go, up to the one that everybody shares.
fn leave_no_empty_folder(site: &Site, hand: &mut Hand<'_>, file: &Path) {
    if site.system != System::Linux || !file.starts_with(&site.folders.config) {
        return;
    }
    let folders = file.ancestors().skip(1);
    for folder in folders.take_while(|folder| *folder != site.folders.config) {
        hand.remove_empty_folder(folder);
    }
}

/// Windows does not remove a program that runs, but lets it be moved: this very program may be it.
fn remove_program(hand: &mut Hand<'_>, program: &Path) -> Result<()> {
    if let Err(error) = hand.remove(program) {
        let aside = set_aside(program).map_err(|_| error)?;
        hand.note(format!("{} can be deleted", aside.display()));
    }
    if let Some(folder) = program.parent() {
        hand.remove_empty_folder(folder);
    }
    Ok(())
}

/// What daemons and installations leave in the home folder besides settings and messages.
fn traces(site: &Site) -> Vec<PathBuf> {
    let layout = Layout::of(site);
    let mut traces = vec![site.home.join(note::FILE), site.home.join(note::LOCK)];
    if site.system == System::Windows {
        traces.extend([
            layout.stop_flag(),
            layout.running(),
            layout.program(),
            layout.windowless(),
        ]);
    }
    traces
}

fn remove_traces(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    for file in traces(site) {
        remove_program(hand, &file)?;
    }
    hand.remove_folder(&site.logs())
}

/// Everything, where the folder is by its name only ours. Elsewhere what is known by name: a home may
/// be set to a folder that holds other things.
fn purge_home(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    let name = site.home.file_name().and_then(|name| name.to_str());
    if matches!(name, Some("cleudocodebot" | ".cleudocodebot")) {
        let real = site
            .home
            .canonicalize()
            .unwrap_or_else(|_| site.home.clone());
        hand.remove_folder(&real)?;
        return hand.remove(&site.home);
    }
    for file in [
        ".env",
        "messages.redb",
        "cleudocodebot-dashboard.html",
        pairing::FILE,
        external::FILE,
    ] {
        hand.remove(&site.home.join(file))?;
    }
    hand.remove_empty_folder(&site.home);
    if site.home.is_dir() && !hand.manner.dry {
        let home = site.home.display();
        hand.note(format!("{home} holds other files and stays"));
    }
    Ok(())
}

/// It may have been on before, and other daemons may need it.
fn mention_lingering(site: &Site, hand: &mut Hand<'_>, kind: Option<Kind>) {
    if kind == Some(Kind::UserUnit) && super::systemd::is_lingering(site) {
        hand.note("lingering stays on; if nothing else needs it: loginctl disable-linger");
    }
}
