//! Times as people say them: `tomorrow at eight` is the business of a zone, and `every monday` that of a cron
//! expression. Everything here is pure; the clock and the zone are passed in.
//!
//! - `moment`: one time, as `2026-11-27 08:00`, RFC 3339, or so long from now.
//! - `field` and `cron`: the five fields of a cron expression, and which days and minutes they mean.
//! - `occurrences`: when a cron expression or an interval comes next, with the rule for the hours that a change of
//!   the clocks skips or repeats.
//! - `past`: one that has passed, or how long ago. `until`: one up to which something goes on.
//! - `zone`: the zone of this machine, or one of the IANA database.
//!
//! - `hours`: the hours of a week in which something is allowed.
//! - `without`: what is left of all that without the feature `schedule`: times in ms, and intervals.
//!
//! Not here: what is sent then (`daemon`), and how a zone's rules are read (the crate `jiff`).

#[cfg(feature = "schedule")]
mod cron;
#[cfg(feature = "schedule")]
mod field;
mod hours;
mod interval;
#[cfg(feature = "schedule")]
mod moment;
#[cfg(feature = "schedule")]
mod occurrences;
mod past;
mod until;
#[cfg(not(feature = "schedule"))]
mod without;
#[cfg(feature = "schedule")]
mod zone;

#[cfg(not(feature = "schedule"))]
pub use self::without::{Cron, Zone, parse_at};
#[cfg(feature = "schedule")]
pub use self::{cron::Cron, moment::parse_at, zone::Zone};
pub use self::{hours::Hours, interval::Interval, past::parse_past, until::parse_until};
