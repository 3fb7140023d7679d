#![doc = "placeholder"]

pub mod backoff;
pub mod clock;
pub mod error;
pub mod fs;
pub mod message;
pub mod random;
pub mod shutdown;
