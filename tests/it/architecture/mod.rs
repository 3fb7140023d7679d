//! Rules of the project that the compiler does not check: which way imports point, what a file says of
//! itself, how long files and how crowded folders may be, and whether the recipes of `src/lib.rs` name
//! places that exist.

mod circles;
mod features;
mod files;
mod folders;
mod graph;
mod layers;
mod paths;
mod recipes;
mod sources;

pub(crate) use self::sources::{root, sources};
