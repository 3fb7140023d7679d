//! The control protocol, version 1: wire types and their text, no sockets.
//!
//! Reading order: `call` (what a message can be), `frame` and `jsonrpc` (which read it), `payload`
//! against the table of `describe`, `reply` (what goes out), `websocket` (frames of RFC 6455 over
//! memory).

pub mod call;
pub mod describe;
pub mod dialect;
mod envelope;
pub mod error_code;
pub mod frame;
pub mod jsonrpc;
pub mod log_json;
pub(crate) mod members;
pub mod message_json;
pub mod payload;
pub mod reply;
pub mod role;
mod scan;
pub mod topic;
pub mod websocket;

/// The protocol's version, as the hello has it.
pub const VERSION: u32 = 1;

/// Begin of a subprotocol that is the token, in base64url without padding (RFC 4648 §5): a page cannot send
/// `Authorization` with an upgrade. It is never chosen; offer another beside it.
pub const SUBPROTOCOL_TOKEN: &str = "token.";

/// The WebSocket subprotocol of the triple, and of whoever offers none.
pub const SUBPROTOCOL_TRIPLE: &str = "cleudocodebot.v1";

/// The WebSocket subprotocol of JSON-RPC 2.0: events come as notifications.
pub const SUBPROTOCOL_JSONRPC: &str = "jsonrpc";

/// The default port of the gateway.
pub const DEFAULT_PORT: u16 = 18789;
