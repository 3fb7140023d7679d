#![doc = "placeholder"]

pub mod backoff;
pub mod client;
pub mod clock;
pub mod config;
pub mod error;
pub mod fs;
pub mod level;
pub mod log;
pub mod message;
pub mod protocol;
pub mod random;
pub mod shutdown;
