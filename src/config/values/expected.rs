//! The error type of the parsers here.

/// What was expected instead, as in "expected {0}".
pub type Expected = String;
