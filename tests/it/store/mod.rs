//! What is on disk after the daemon was killed. The store by itself is tested in `src/store`.

#[cfg(feature = "store")]
mod backup;
#[cfg(feature = "store")]
mod crash;
#[cfg(feature = "store")]
mod files;
