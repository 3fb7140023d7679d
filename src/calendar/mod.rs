//! Times as people say them: `tomorrow at eight` is the business of a zone, and `every monday` that of a cron
//! expression. Everything here is pure; the clock and the zone are passed in.
//!
//! - `moment`: one time, as `2026-11-27 08:00`, RFC 3339, or so long from now.
//! - `field` and `cron`: the five fields of a cron expression, and which days and minutes they mean.
//! - `occurrences`: when a cron expression or an interval comes next, with the rule for the hours that a change of
//!   the clocks skips or repeats.
//! - `zone`: the zone of this machine, or one of the IANA database.
//!
//! Not here: what is sent then (`daemon`), and how a zone's rules are read (the crate `jiff`).

mod cron;
mod field;
mod moment;
mod occurrences;
mod zone;

pub use self::{
    cron::Cron,
    moment::{Moment, parse_moment},
    occurrences::Repeat,
    zone::Zone,
};
