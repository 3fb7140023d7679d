//! What the tests share: a daemon and ways to speak to it, fakes of the services, assertions on JSON.

#[cfg(feature = "tls")]
pub(crate) mod certificates;
mod client;
mod daemon;
#[cfg(feature = "store")]
pub(crate) mod dice;
pub(crate) mod discord;
pub(crate) mod fake;
mod fields;
mod gateway;
pub(crate) mod log_watch;
pub(crate) mod poster;
mod program;
mod raw;
pub(crate) mod services;
mod shared;

use std::time::Duration;

pub(crate) use self::{
    client::{
        event_where, history, integration, message, next_event, refusal, until_running, until_state,
    },
    daemon::Daemon,
    fields::{assert_field, assert_fields, assert_mentions, wrong_fields},
    gateway::Gateway,
    program::{Scratch, daemon_command, done, program, run, run_with_input, token_of},
    raw::{Frame, Raw, frame, upgrade_request},
    shared::Shared,
};

/// Longer than anything here takes, even on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
