//! Settings as people write them.
