//! Rules of the project that the compiler does not check: which way imports point, what a file says of
//! itself, and how long it may be.

mod files;
mod layers;
mod paths;
mod sources;
