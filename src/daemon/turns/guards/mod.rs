//! What keeps agents from answering too much: in one conversation a minute, in all a day, and two
//! programs each other without end.

mod daily;
mod loops;
mod rate;

pub(super) use self::{daily::DailyGuard, loops::LoopGuard, rate::RateGuard};
