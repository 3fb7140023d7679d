//! How values become text, and where the text goes.
//!
//! - `terminal` is standard output and standard error, with colours where a person looks.
//! - `columns` aligns rows of cells.
//! - `units` writes times, sizes and counts; `printable` makes foreign text safe.
//! - `message_line` and `log_line` are one stored message and one log line; `qr_drawing` is a QR code.
//!
//! Not here: what is printed (each command says it).

mod columns;
mod log_line;
mod message_line;
mod printable;
pub(crate) mod qr_drawing;
mod terminal;
pub(crate) mod units;

#[cfg(test)]
pub(crate) use self::terminal::captured;
pub(crate) use self::{
    columns::{Cell, TextStyle, columns},
    log_line::{level_of, log_line},
    message_line::{content, message_line},
    printable::printable,
    terminal::Terminal,
};
