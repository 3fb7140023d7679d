//! What is served over HTTP besides the upgrade, a path each: commands (`rpc`), messages by a line of curl (`send`), what programs
//! with a model ask (`mcp`) and what programs ask a model (`openai`), files (`media`), a copy of all of it (`backup`), what
//! services post (`webhook`), the page (`page`), the protocol as a document (`asyncapi`), and what supervisors ask (`status_page`).
//!
//! Not here: which path answers, and who may ask (`connection`).

pub(super) mod asyncapi;
pub(super) mod backup;
mod joined;
pub(super) mod mcp;
pub(super) mod media;
pub(super) mod openai;
pub(super) mod page;
pub(super) mod pair;
mod range;
pub(super) mod rpc;
pub(super) mod send;
pub(super) mod status_page;
pub(super) mod webhook;
