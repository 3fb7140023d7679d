//! Parses and validates the texts of settings.
//!
//! Not here: which setting has which kind (`keys`).

pub(super) mod addresses;
mod agents;
mod base_url;
mod delays;
mod expected;
mod fetch_rule;
pub(super) mod kind;
mod pace;
pub(super) mod reach;
mod shape;
mod wait;
mod webhook;

pub use self::{
    addresses::reached_at,
    agents::{PromptRoute, Route, is_agent_name},
    base_url::BaseUrl,
    delays::Delays,
    expected::Expected,
    fetch_rule::FetchRule,
    kind::{Kind, LEAST_TOKEN_CHARS, SAFE_TOKEN_CHARS},
    pace::Pace,
    shape::Shape,
    webhook::{WebhookSecret, WebhookUrl},
};
pub(super) use self::{
    agents::{
        conversation, names as agent_names, patterns, prompts as agent_prompts,
        routes as agent_routes, variables as variable_names,
    },
    wait::wait,
};
