//! The services behind the gateway: one file or folder each, all behind the trait [`Integration`].
//!
//! An integration connects one service. It never retries and never waits for long: the daemon's
//! supervisor and delivery workers do that. Inbound messages go through `ingress`; their files are only
//! marked, and fetched by the daemon's worker when it asks. Shared code is in `support`;
//! `plan` decides from the settings which integrations exist.

pub mod addresses;
pub mod allow_list;
pub mod bridge;
mod broken;
mod chat_commands;
pub mod cloud;
pub mod discord;
#[cfg(feature = "nats")]
mod elsewhere;
pub mod ingress;
mod integration;
mod outcome;
pub mod pairing;
pub mod plan;
mod send_rules;
pub mod support;
pub mod telegram;
#[cfg(test)]
pub(crate) mod testing;
pub mod webchat;
pub mod whatsapp;

pub use self::{
    chat_commands::{AgentCommand, COMMAND, mark_agent_command},
    integration::{Audience, BoxFuture, Group, Indicator, Integration, Report, RunContext, Typing},
    outcome::{
        Accepted, DeliveryError, FetchError, FetchedFile, ReconcileResult, RunError, Trouble,
    },
    send_rules::{SendRules, Targets},
    support::{
        hook::{Hook, HookReply, HookSender},
        progress::Progress,
    },
};

/// The field of a message's `meta` with the address it came from, if that differs from the peer.
pub const ADDRESS: &str = "address";
