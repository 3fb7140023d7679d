//! The connection of a command to the gateway.
//!
//! - `connect` finds the gateway and signs in.
//! - `names` asks what people are called.
//! - `follow` goes through its events until it ends.
//!
//! Not here: the client itself (`client`), and what is asked of the gateway (each command).

mod connect;
mod follow;
mod names;

pub(crate) use self::{
    connect::{ConnectAttempt, Connection, connect, endpoints, open, token_origin},
    follow::{end_of_connection, follow},
    names::names,
};
