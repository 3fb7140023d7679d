//! The format on disk: the bytes of rows and of their keys. Rows with several fields start with the
//! version of their layout.
//!
//! Not here: which tables there are (`backend`), and the rows of the index (`index`).

pub(super) mod body;
pub(super) mod change;
pub(super) mod codec;
pub(super) mod flags;
pub(super) mod keys;
pub(super) mod media;
pub(super) mod outbox;
pub(super) mod position;
pub(super) mod revision;
pub(super) mod scheduled;
pub(super) mod session;
pub(super) mod turn;
