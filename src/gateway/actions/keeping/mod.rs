//! The actions about what is kept, and for how long: a person is forgotten, old messages are purged.

mod forget;
mod purge;
mod traces;

pub(super) use self::{forget::forget, purge::purge};
