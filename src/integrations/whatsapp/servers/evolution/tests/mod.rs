//! What the Evolution API is sent and what its answers mean, without calls.

mod answered;
mod sent;
