//! `cleudocodebot`: many clients and many services on one bus, in one small binary.

pub mod backoff;
pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod fs;
pub mod gateway;
pub mod integrations;
pub mod level;
pub mod log;
pub mod message;
pub mod nearest;
pub mod protocol;
pub mod random;
pub mod router;
pub mod shutdown;
pub mod store;
