//! What is kept of peers besides their messages: the names by which they go, and how the user keeps the
//! conversation with them.

mod aliases;
pub(in crate::store) mod flags;
pub(in crate::store) mod names;
