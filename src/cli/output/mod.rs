//! How values become text, and where the text goes.
//!
//! - `terminal` is standard output and standard error, with colours on a terminal.
//! - `columns` aligns rows of cells.
//! - `units` writes times, sizes and counts; `log::printable` makes foreign text safe.
//! - `phone_number` writes numbers as people do, `trouble` says what is wrong with an integration.
//! - `message_line` is one stored message, `log_line` one log line, `qr_drawing` a QR code.
//!
//! Not here: what is printed (each command says it).

mod columns;
mod log_line;
mod message_line;
mod phone_number;
pub(crate) mod qr_drawing;
mod terminal;
mod trouble;
pub(crate) mod units;

#[cfg(test)]
pub(crate) use self::terminal::captured;
pub(crate) use self::{
    columns::{Cell, TextStyle, columns},
    log_line::{level_of, log_line},
    message_line::{content, message_line},
    phone_number::shown_peer,
    terminal::Terminal,
    trouble::trouble,
};
pub(crate) use crate::log::printable;
