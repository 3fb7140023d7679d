//! Which rows are written while a file is written anew: those that have to be read again at the end.

use std::{
    collections::BTreeSet,
    mem::take,
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
};

use crate::store::backend::Table;

/// Rows by table and key.
pub(super) type Touched = BTreeSet<(usize, Vec<u8>)>;

/// The rows that transactions wrote, whether they committed or not, since somebody began to ask.
#[derive(Default)]
pub(super) struct TouchedRows {
    is_asked: AtomicBool,
    rows: Mutex<Touched>,
}

impl TouchedRows {
    fn rows(&self) -> MutexGuard<'_, Touched> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes rows from now on. No transaction may be open.
    pub(super) fn begin(&self) {
        self.rows().clear();
        self.is_asked.store(true, Relaxed);
    }

    /// Notes no more.
    pub(super) fn end(&self) {
        self.is_asked.store(false, Relaxed);
        self.rows().clear();
    }

    /// The rows so far; those that follow are noted anew.
    pub(super) fn take(&self) -> Touched {
        take(&mut *self.rows())
    }

    pub(super) fn note(&self, table: Table, key: &[u8]) {
        if self.is_asked.load(Relaxed) && !table.is_made_anew() {
            self.rows().insert((table as usize, key.to_vec()));
        }
    }
}
