//! The settings of one run; so far the file they are kept in.

pub mod dotenv;

#[cfg(test)]
mod scratch;
