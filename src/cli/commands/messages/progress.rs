//! How far a file has got, as one line on a terminal that is written over.

use std::{
    io::{self, IsTerminal as _, Write as _},
    time::{Duration, Instant},
};

use crate::cli::output::units;

/// Smaller files are through before anybody looks.
const MIN_BYTES: u64 = 1 << 20;

/// The time between two drawings.
const REFRESH: Duration = Duration::from_millis(100);

/// The width of the bar, in characters.
const WIDTH: u64 = 24;

/// The line. Nothing is drawn where standard error is no terminal.
pub(in crate::cli) struct ProgressBar {
    is_shown: bool,
    drawn: Option<Instant>,
}

impl ProgressBar {
    /// A bar for what is under way, in either direction.
    pub(in crate::cli) fn new() -> Self {
        Self {
            is_shown: io::stderr().is_terminal(),
            drawn: None,
        }
    }

    pub(in crate::cli) fn show(&mut self, done: u64, total: Option<u64>) {
        let is_small = total.unwrap_or(done) < MIN_BYTES;
        let is_early = self.drawn.is_some_and(|at| at.elapsed() < REFRESH);
        if !self.is_shown || is_small || is_early && Some(done) != total {
            return;
        }
        self.drawn = Some(Instant::now());
        // Back to the first column, and over what was there (ECMA-48 §8.3.41).
        let _ = write!(io::stderr(), "\r{}\u{1b}[K", line(done, total));
    }

    /// Takes the line away.
    pub(in crate::cli) fn end(&mut self) {
        if self.drawn.take().is_some() {
            let _ = write!(io::stderr(), "\r\u{1b}[K");
        }
    }
}

impl Drop for ProgressBar {
    fn drop(&mut self) {
        self.end();
    }
}

/// Figures alone, which are the same in every language.
fn line(done: u64, total: Option<u64>) -> String {
    let amount = units::bytes(done);
    let Some(total) = total.filter(|total| *total > 0) else {
        return amount;
    };
    let full = done.min(total) * WIDTH / total;
    let bar: String = (0..WIDTH)
        .map(|at| if at < full { '#' } else { '.' })
        .collect();
    let percent = done.min(total) * 100 / total;
    format!("[{bar}] {percent:3} %  {amount} / {}", units::bytes(total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_fills_from_left_to_right() {
        let half = line(1 << 20, Some(2 << 20));
        assert_eq!(half, "[############............]  50 %  1.0 MiB / 2.0 MiB");
        assert_eq!(line(3 << 20, None), "3.0 MiB");
    }
}
