//! How wide the terminal is.
//!
//! The system would tell by a call that only `unsafe` code can make, so `stty`, which every Unix has, is
//! asked, and `mode` on Windows. It takes about a millisecond, and nothing where nobody watches.

use std::process::{Command, Stdio};

use crate::config::Environment;

/// Widths that can be true, in columns. Terminals that do not know theirs say 0.
const PLAUSIBLE: std::ops::RangeInclusive<usize> = 20..=2000;

/// The columns of the terminal: `COLUMNS`, else what the system says. `None` where neither is known.
pub(crate) fn of_terminal(environment: &Environment) -> Option<usize> {
    let set = environment
        .get("COLUMNS")
        .and_then(|text| text.parse().ok());
    let known = set.filter(|width| PLAUSIBLE.contains(width));
    known.or_else(asked)
}

/// What the system says now.
pub(crate) fn asked() -> Option<usize> {
    let (program, arguments) = question();
    let mut command = Command::new(program);
    command.args(arguments).stderr(Stdio::null());
    let output = at_terminal(&mut command)?.output().ok()?;
    let text = String::from_utf8_lossy(&output.stdout);
    second_number(&text).filter(|width| PLAUSIBLE.contains(width))
}

#[cfg(not(windows))]
fn question() -> (&'static str, &'static [&'static str]) {
    ("stty", &["size"])
}

#[cfg(windows)]
fn question() -> (&'static str, &'static [&'static str]) {
    ("mode", &["con"])
}

/// `stty` asks the terminal that its standard input is. Ours may be a pipe, so it gets the one where the
/// output goes.
#[cfg(unix)]
fn at_terminal(command: &mut Command) -> Option<&mut Command> {
    use std::os::fd::AsFd as _;
    let terminal = std::io::stdout().as_fd().try_clone_to_owned().ok()?;
    Some(command.stdin(terminal))
}

#[cfg(not(unix))]
#[allow(clippy::unnecessary_wraps, reason = "elsewhere it may fail")]
fn at_terminal(command: &mut Command) -> Option<&mut Command> {
    Some(command)
}

/// Lines, then columns: both `stty` (`24 80`) and `mode` in any language (`Linhas: 30`, `Colunas: 120`).
fn second_number(text: &str) -> Option<usize> {
    let numbers = text.split(|c: char| !c.is_ascii_digit());
    let mut numbers = numbers.filter(|number| !number.is_empty());
    numbers.nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_is_believed_where_it_can_be_true() {
        let width = |columns| {
            let environment = Environment::from_pairs([("COLUMNS", columns)]);
            of_terminal(&environment)
        };
        assert_eq!(width("60"), Some(60));
        assert_eq!(width("200"), Some(200));
        assert_ne!(width("3"), Some(3));
    }

    #[test]
    fn the_answer_is_read_in_any_language() {
        assert_eq!(second_number("24 80\n"), Some(80));
        let windows = "\nStatus do dispositivo CON:\n---\n    Linhas:  9001\n    Colunas: 120\n";
        assert_eq!(second_number(windows), Some(120));
        assert_eq!(second_number("stty: not a tty"), None);
    }
}
