//! Has the terminal hand over every key at once and draw none by itself, and puts it back as it was.
//!
//! The system is asked through `stty`, which every Unix has: the call itself needs `unsafe` code. Elsewhere
//! there is no such mode, and lines are read whole. Ctrl-C stays a signal and ends the command, which puts
//! the terminal back, as a panic does; Ctrl-Z is switched off, because a shell would find the terminal
//! changed. Only a signal that no program hears (`kill -9`) leaves it changed, until `stty sane`.

use std::process::{Command, Stdio};

/// The terminal in that mode, until this is dropped.
#[derive(Debug)]
pub(crate) struct RawMode {
    /// How it was, in words of `stty`.
    before: String,
}

impl RawMode {
    /// Changes the terminal that standard input is. `None` where it is none, or cannot be changed.
    pub(crate) fn enter() -> Option<Self> {
        if cfg!(windows) {
            return None;
        }
        let before = stty(&["-g"])?;
        let mode = [
            "-icanon", "-echo", "-iexten", "susp", "undef", "min", "1", "time", "0",
        ];
        let entered = Self {
            before: before.trim().to_owned(),
        };
        stty(&mode)?;
        Some(entered)
    }
}

impl Drop for RawMode {
    fn drop(&mut self) {
        let _ = stty(&[&self.before]);
    }
}

fn stty(arguments: &[&str]) -> Option<String> {
    let output = Command::new("stty")
        .args(arguments)
        .stdin(Stdio::inherit())
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}
