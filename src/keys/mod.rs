//! The keys of clients: what one is, its token, and the ring of all of them.
//!
//! The token of `.env` is the owner's and is not here. Of every other token only the SHA-256 is kept: a token has
//! 256 random bits, so its hash cannot be guessed back and needs no salt. Not here: what a role may do
//! (`protocol::role`), and holding clients to it (`gateway::permissions`).

mod base58;
mod key;
mod ring;
mod token;

pub use self::{
    base58::encode as base58,
    key::{Key, KeyId, NewKey, Seen},
    ring::{KeyError, Keyring},
    token::{TokenFault, is_key_token},
};
