//! Putting the old program back, and the store with it; and what a start does about an update whose command was
//! killed.
//!
//! Every part can be done twice: a kill in the middle is followed by the same again.

use std::path::Path;

use super::{
    journal::{self, Journal, Step},
    place,
};
use crate::{
    error::{Error, Result},
    fs,
    service::system::files,
    store,
};

/// Starts of a new program that nobody watches, before it is believed to be broken.
const MAX_STARTS: u64 = 3;

/// What a start of the daemon found of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// None, or one whose command is still there to see to it, or one that was undone before it began.
    Nothing,
    /// This is the new program, and nobody watches it: after a while as a daemon it may confirm itself.
    Unwatched,
    /// The new program did not last; the old one is in its place again and has to be started.
    PutBack,
}

/// Puts back what an update changed, and ends its journal. The daemon must be stopped.
pub(super) fn put_back(home: &Path, journal: &mut Journal) -> Result<()> {
    // Without the mark the same would be undone, so a full disk does not keep the old program away.
    let _ = journal.go_on(home, Step::Undoing);
    put_program_back(&journal.program)?;
    put_store_back(home, journal)?;
    Journal::end(home)?;
    tidy(home, &journal.program);
    Ok(())
}

/// Removes what a kill in the middle of writing left. Only who has the lock may, and once there is no journal.
fn tidy(home: &Path, program: &Path) {
    let staged = place::staged(program);
    let _ = fs::remove_if_there(&staged);
    for written in [staged, place::former(program), journal::path(home)] {
        if let (Some(folder), Some(name)) = (written.parent(), written.file_name()) {
            fs::remove_temporary_files(folder, Some(name), |_| true);
        }
    }
}

/// The same at a start without a journal: the command was killed before it wrote one.
fn tidy_unless_under_way(home: &Path) -> Result<()> {
    if journal::was_locked(home)
        && let Some(_lock) = journal::lock(home)?
        && let Ok(program) = std::env::current_exe()
    {
        tidy(home, &program);
    }
    Ok(())
}

fn put_program_back(program: &Path) -> Result<()> {
    let (staged, former) = (place::staged(program), place::former(program));
    if former.is_file() {
        // Windows does not replace the file of a program that runs, but lets it be renamed.
        std::fs::rename(&former, program)
            .or_else(|_| files::set_aside(program).and_then(|_| std::fs::rename(&former, program)))
            .and_then(|()| fs::sync_folder_of(program))
            .map_err(Error::file("put back", program))?;
    }
    fs::remove_if_there(&staged).map_err(Error::file("remove", &staged))
}

/// Puts the copy of the store in its place, if the new program may have written to it; what that wrote stays
/// beside it.
fn put_store_back(home: &Path, journal: &Journal) -> Result<()> {
    let store = home.join(store::FILE);
    let copy = place::store_copy(&store);
    if !journal.copies_store || !copy.is_file() {
        return Ok(());
    }
    if !journal.has_run {
        return fs::remove_if_there(&copy).map_err(Error::file("remove", &copy));
    }
    let aside = place::store_of(&store, &journal.to);
    if store.exists() && !aside.exists() {
        fs::rename_lasting(&store, &aside)?;
    }
    fs::rename_lasting(&copy, &store)
}

/// Keeps the new program, and removes what was kept of the old one.
pub(super) fn keep(home: &Path, journal: &Journal) -> Result<()> {
    Journal::end(home)?;
    let copy = place::store_copy(&home.join(store::FILE));
    for left in [place::former(&journal.program), copy] {
        // Windows keeps the file of a program that still runs, such as this command's own.
        let _ = fs::remove_if_there(&left).or_else(|_| files::set_aside(&left).map(drop));
    }
    tidy(home, &journal.program);
    Ok(())
}

/// Sees to an update whose command was killed; called by the daemon when it has its home and before it opens
/// the store.
pub fn settle(home: &Path) -> Result<Settled> {
    let Some(mut journal) = Journal::read(home)? else {
        tidy_unless_under_way(home)?;
        return Ok(Settled::Nothing);
    };
    // While its command lives, that sees to it.
    let Some(_lock) = journal::lock(home)? else {
        return Ok(Settled::Nothing);
    };
    let is_new = std::fs::read(&journal.program)
        .is_ok_and(|content| place::sha256(&content) == journal.sha256);
    if !is_new || journal.step < Step::Swapping {
        return put_back(home, &mut journal).map(|()| Settled::Nothing);
    }
    journal.starts += 1;
    if journal.step == Step::Undoing || journal.starts > MAX_STARTS {
        return put_back(home, &mut journal).map(|()| Settled::PutBack);
    }
    journal.go_on(home, Step::Started)?;
    Ok(Settled::Unwatched)
}

/// Keeps a new program that ran for a while without anybody watching.
pub fn confirm(home: &Path) -> Result<()> {
    match (Journal::read(home)?, journal::lock(home)?) {
        (Some(journal), Some(_lock)) => keep(home, &journal),
        _ => Ok(()),
    }
}
