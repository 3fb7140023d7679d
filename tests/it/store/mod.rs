//! What is on disk after the daemon was killed.

#[cfg(feature = "store")]
mod crash;
