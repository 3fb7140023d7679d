//! Files of messages, on their way to a service and from one.
//!
//! - `limits`: what each service takes, in one table.
//! - `outgoing`: the files of a message that is sent, with what is known of them.
//! - `incoming`: which files are fetched at once, and how a download comes into the kept files.

pub mod incoming;
pub mod limits;
pub mod outgoing;
