//! What a client may do and see: by its key's role, and in which conversations. Every door asks here, and what is
//! not allowed is not shown either: not in `describe`, lists, events or errors.
//!
//! The rules are in the tables of actions and events (`protocol::role`). Not here: the keys (`crate::keys`).

mod access;
mod shown;

pub(super) use self::{
    access::{Access, Door},
    shown::{OwnerToken, Shown},
};
