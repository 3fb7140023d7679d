//! The version of the tables: creating them in an empty store, upgrading those of an older version,
//! refusing those of a newer one.
//!
//! Not here: what makes a file a redb file at all (`backend::redb`).

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use crate::{
    error::Error,
    store::{
        backend::{Backend, Rows, meta},
        error::StoreError,
        index,
        queries::counters::StoreCounters,
    },
};

/// The version this program writes.
pub(super) const VERSION: u64 = 4;

/// Why a store cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unusable {
    /// It was written by a later version of this program, with this schema.
    Newer(u64),
    /// The storage failed.
    Storage(StoreError),
}

impl Unusable {
    /// The error to show for this file.
    pub(super) fn error_for(&self, path: &Path) -> Error {
        let path = path.display();
        match self {
            Self::Newer(version) => Error::Config(format!(
                "{path} was written by a newer version of this program (schema {version}, this one knows {VERSION}); \
                 install that version again, or move the file away to start empty"
            )),
            Self::Storage(error @ StoreError::Corrupt(_)) => {
                Error::Config(format!("{path}: {error}"))
            }
            Self::Storage(error) => Error::Failed(format!("{path}: {error}")),
        }
    }
}

impl From<StoreError> for Unusable {
    fn from(error: StoreError) -> Self {
        Self::Storage(error)
    }
}

/// Brings the store to the current version and counts what is in it. Catches panics: redb may panic
/// on the pages of a damaged file.
pub(super) fn open(backend: &dyn Backend, now_ms: u64) -> Result<StoreCounters, Unusable> {
    let opened = catch_unwind(AssertUnwindSafe(|| {
        prepare(backend, now_ms)?;
        Ok(StoreCounters::read(&*backend.snapshot()?)?)
    }));
    opened.unwrap_or_else(|_| {
        let what = "its rows cannot be read".to_owned();
        Err(StoreError::Corrupt(what).into())
    })
}

/// Initialises an empty store, upgrades an older one, refuses a newer one.
fn prepare(backend: &dyn Backend, now_ms: u64) -> Result<(), Unusable> {
    let found = meta::schema_version(&*backend.snapshot()?)?;
    match found {
        Some(VERSION) => Ok(()),
        Some(newer) if newer > VERSION => Err(Unusable::Newer(newer)),
        Some(older) => Ok(upgrade(backend, older)?),
        None => Ok(backend.transact(&mut |rows| {
            meta::put_head(rows, backend.first_head(now_ms))?;
            meta::put_schema_version(rows, VERSION)?;
            Ok(true)
        })?),
    }
}

/// Runs each migration in transactions of its own: after a crash the file has the version that was
/// reached, or a sealing that is finished when it is opened.
fn upgrade(backend: &dyn Backend, older: u64) -> Result<(), StoreError> {
    for version in older..VERSION {
        match version {
            SEALED_BEHIND => backend.seal(version + 1)?,
            _ => backend.transact(&mut |rows| {
                migrate(version, rows)?;
                meta::put_schema_version(rows, version + 1)?;
                Ok(true)
            })?,
        }
    }
    Ok(())
}

/// The last version whose rows have no checksums.
pub(super) const SEALED_BEHIND: u64 = 2;

/// Migrates the tables from `version` to the next. Needs one arm for every version ever released
/// before [`VERSION`], but for [`SEALED_BEHIND`].
fn migrate(version: u64, rows: &mut dyn Rows) -> Result<(), StoreError> {
    match version {
        1 => index::upgrade(rows),
        // The index of words, which is built while the store is in use. What an older version removed or
        // edited would stay in it, so that one must not open the file any more.
        3 => Ok(()),
        _ => Err(StoreError::Corrupt(format!(
            "schema version {version} was never released"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::backend::memory::Memory;

    fn with_version(version: u64) -> Memory {
        let backend = Memory::new();
        backend
            .transact(&mut |rows| {
                meta::put_schema_version(rows, version)?;
                Ok(true)
            })
            .expect("written");
        backend
    }

    #[test]
    fn an_empty_store_becomes_a_current_one_and_stays_so() {
        let backend = Memory::new();
        assert_eq!(prepare(&backend, 5), Ok(()));
        assert_eq!(prepare(&backend, 9), Ok(()));
        let snapshot = backend.snapshot().expect("readable");
        assert_eq!(meta::schema_version(&*snapshot), Ok(Some(VERSION)));
        assert_eq!(meta::head(&*snapshot), Ok(5 << 10));
    }

    #[test]
    fn a_newer_version_is_refused() {
        let newer = Err(Unusable::Newer(VERSION + 1));
        assert_eq!(prepare(&with_version(VERSION + 1), 0), newer);
    }

    #[test]
    fn a_version_no_step_leads_from_is_refused_and_left_alone() {
        let backend = with_version(0);
        assert!(matches!(prepare(&backend, 0), Err(Unusable::Storage(_))));
        let snapshot = backend.snapshot().expect("readable");
        assert_eq!(meta::schema_version(&*snapshot), Ok(Some(0)));
    }
}
