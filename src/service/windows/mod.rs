//! Windows: what the three ways of starting at log-on share. Each starts `daemon.bat` in the home
//! folder without a window; the batch file runs the daemon and brings it back after a crash.
//!
//! The program is copied beside the batch file: a batch file is read in the code page of the console,
//! so it can only name what it finds relative to itself.

pub(super) mod batch;
#[cfg(test)]
mod cmd_model;
pub mod layout;
mod reg_file;
mod registry;
pub mod rights;
pub(super) mod run_key;
pub mod starter;
pub(super) mod startup_folder;
mod supervisor_log;
pub(super) mod task;
pub(super) mod task_xml;
pub mod utf16;

use std::{path::PathBuf, time::Duration};

use self::layout::Layout;
use super::{
    artefact::Artefact,
    hand::{Deed, Hand},
    note::{self, Note},
    run::{Launch, Order},
    site::Site,
    way::Condition,
};
use crate::error::{Error, Result};

/// How often the end of the batch file and of the daemon is looked for.
const LOOKS: u32 = 50;

/// The pause between two looks.
const LOOK: Duration = Duration::from_millis(100);

/// The batch file, which all three ways have.
fn daemon_bat(site: &Site) -> Artefact {
    Artefact::text(Layout::of(site).bat(), &batch::daemon())
}

/// The programs beside the batch file. The windowless one may be missing: then a window is seen.
fn copies(site: &Site) -> Vec<(PathBuf, PathBuf)> {
    let layout = Layout::of(site);
    let mut copies = vec![(site.program.clone(), layout.program())];
    let windowless = site.program.with_file_name(layout::WINDOWLESS);
    if windowless.is_file() {
        copies.push((windowless, layout.windowless()));
    }
    copies.retain(|(from, to)| from != to);
    copies
}

/// True where the daemon can be started without a window.
fn is_windowless(site: &Site) -> bool {
    Layout::of(site).windowless().is_file()
        || site.program.with_file_name(layout::WINDOWLESS).is_file()
}

/// Says what comes of a missing windowless starter.
fn mention_window(site: &Site, hand: &mut Hand<'_>) {
    if !is_windowless(site) {
        hand.note(format!(
            "{} does not stand beside this program, so a minimised window shows at log-on",
            layout::WINDOWLESS
        ));
    }
}

/// Refuses a home that the paths of Windows or its commands cannot name.
fn open(site: &Site) -> Result<()> {
    let home = Site::text(&site.home)?;
    layout::check(home)
}

/// Starts the batch file as the starter at log-on does, hidden.
fn launch(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    if Layout::of(site).running().exists() {
        rest(site, hand)?;
    }
    hand.launch(&Launch {
        program: site.folders.windows_command("cmd.exe").into(),
        args: starter::arguments(),
        folder: site.home.clone(),
        complaints: None,
    })
    .map(drop)
}

/// Ends the batch file, which would bring the daemon back, and what is left of the daemon.
///
/// The flag is taken away by the batch file when it has seen it; where nobody does, none runs.
fn rest(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    let flag = Layout::of(site).stop_flag();
    if !hand.manner.dry {
        crate::fs::write_atomic(&flag, b"")?;
        hand.did(Deed::Wrote(flag.clone(), None));
    }
    let wait = |hand: &Hand<'_>, done: &dyn Fn() -> bool| {
        for _ in 0..LOOKS {
            if hand.manner.dry || done() {
                return true;
            }
            (hand.world.pause)(LOOK);
        }
        done()
    };
    let gone = || !note::is_held(&site.home).unwrap_or(false);
    if !wait(hand, &gone) {
        kill(site, hand)?;
        if !wait(hand, &gone) {
            return Err(Error::Failed(format!(
                "the daemon of {} does not end",
                site.home.display()
            )));
        }
    }
    let running = Layout::of(site).running();
    wait(hand, &|| !flag.exists() || !running.exists());
    hand.remove(&flag)?;
    hand.remove(&running)
}

fn kill(site: &Site, hand: &mut Hand<'_>) -> Result<()> {
    let Some(note) = Note::read(&site.home) else {
        return Ok(());
    };
    let program = site.folders.windows_command("taskkill.exe");
    let pid = note.pid.to_string();
    hand.demand(&Order::changes(&program, ["/T", "/F", "/PID", &pid]))
}

/// What the batch file wrote about the daemon's former runs.
fn condition(site: &Site) -> Condition {
    supervisor_log::condition(&Layout::of(site).supervisor_log())
}
