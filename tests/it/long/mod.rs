//! Kills and floods. `cargo test` runs a small size of each; the full sizes are ignored tests.

#[cfg(feature = "store")]
mod chaos;
#[cfg(feature = "store")]
mod flood;
#[cfg(feature = "store")]
mod poll;
