//! Files that somebody sent. What goes out is in `wire` and `send`.

mod fetch;
