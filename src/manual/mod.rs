//! The manual: what the README leaves out, a page each. It is in the documentation only, not in the program.

#[doc = include_str!("service.md")]
pub mod service {}

#[doc = include_str!("releases.md")]
pub mod releases {}

#[doc = include_str!("page.md")]
pub mod page {}

#[doc = include_str!("integrations.md")]
pub mod integrations {}

#[doc = include_str!("sending.md")]
pub mod sending {}

#[doc = include_str!("files.md")]
pub mod files {}

#[doc = include_str!("keeping.md")]
pub mod keeping {}

#[doc = include_str!("agents.md")]
pub mod agents {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("machines.md")]
pub mod machines {}

#[doc = include_str!("settings.md")]
pub mod settings {}

#[doc = include_str!("protocol.md")]
pub mod protocol {}

#[doc = include_str!("promises.md")]
pub mod promises {}

#[doc = include_str!("figures.md")]
pub mod figures {}
