//! How a reader of a value says what is wrong with a text.

/// What would have been right, as in "expected {0}".
pub type Expected = String;
