//! The services behind the gateway: one file or folder each, all behind the trait [`Integration`].
//!
//! An integration reaches one service. It never retries and never waits for long: the daemon's
//! supervisor and delivery workers do. What a service brings goes through `ingress`. What they share
//! stands in `support`; which of them the settings ask for, in `plan`.

pub mod allow_list;
pub mod bridge;
mod broken;
mod chat_commands;
pub mod cloud;
pub mod evolution;
pub mod ingress;
mod integration;
mod outcome;
pub mod pairing;
pub mod plan;
pub mod support;
pub mod telegram;
pub mod webchat;

pub use self::{
    integration::{Audience, BoxFuture, Indicator, Integration, Report, RunContext, Typing},
    outcome::{Accepted, DeliveryError, ReconcileResult, RunError, Trouble},
    support::{
        hook::{Hook, HookReply},
        progress::Progress,
    },
};

/// The field of a message's `meta` with the address it came by, where that is not what the peer is
/// called here.
pub const ADDRESS: &str = "address";
