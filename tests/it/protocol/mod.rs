//! The wire: frames of RFC 6455, JSON frames, JSON-RPC, and what is answered to bad input.

mod frames;
mod jsonrpc;
