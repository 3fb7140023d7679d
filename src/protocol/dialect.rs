//! The two ways to write a command and its answer.

/// How a call was written, and so how its answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// `{"type","action","payload"}`.
    Triple,
    /// JSON-RPC 2.0.
    JsonRpc,
}
