//! How values become text, and where the text goes.
//!
//! - `terminal` is standard output and standard error, with colours on a terminal.
//! - `columns` aligns rows of cells, `wrap` breaks lines, `cells` measures them and `width` the terminal.
//! - `times` writes moments, `units` lengths of time, sizes and counts; `log::printable` makes foreign text
//!   safe.
//! - `phone_number` writes numbers as people do, `trouble` says what is wrong with an integration.
//! - `names` are what peers are called, `message_line` is one stored message, `log_line` one log line, `qr_drawing` a QR code.
//!
//! Not here: what is printed (each command says it).

mod cells;
mod columns;
mod log_line;
mod message_line;
mod names;
mod phone_number;
pub(crate) mod qr_drawing;
mod terminal;
mod times;
mod trouble;
pub(crate) mod units;
mod width;
mod wrap;

#[cfg(test)]
pub(crate) use self::terminal::captured;
pub(crate) use self::{
    cells::{cells, cut, of_char},
    columns::{Cell, TextStyle, columns},
    log_line::{level_of, log_line, logged},
    message_line::{arrow, changed, content, content_lines, marked_line, message_line, moment},
    names::Names,
    phone_number::shown_peer,
    terminal::{Terminal, fitted_error},
    times::Times,
    trouble::trouble,
};
pub(crate) use crate::log::printable;
