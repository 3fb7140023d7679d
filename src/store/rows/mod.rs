//! How things lie on disk: the bytes of rows and of their keys. A row starts with the version of its
//! layout, or is too plain to have one.
//!
//! Not here: which tables there are (`backend`), and the chunks of the index (`index`).

pub(super) mod body;
pub(super) mod change;
pub(super) mod codec;
pub(super) mod keys;
pub(super) mod outbox;
