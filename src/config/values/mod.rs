//! Parses and validates the texts of settings.
//!
//! Not here: which setting has which kind (`keys`).

pub(super) mod addresses;
mod base_url;
mod delays;
mod expected;
mod fetch_rule;
pub(super) mod kind;

pub use self::{
    addresses::reached_at,
    base_url::BaseUrl,
    delays::Delays,
    expected::Expected,
    fetch_rule::FetchRule,
    kind::{Kind, SAFE_TOKEN_CHARS},
};
