//! What the daemon says about itself: one line each, to stderr, a size-rotated file, a ring of the
//! last lines, and whoever follows.
//!
//! The rule of the house: no token and no message text below the level debug.

mod level;
mod line;
mod rotate;

use std::{
    collections::VecDeque,
    fmt::{self, Display},
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
};

pub use self::{
    level::{LogFormat, LogLevel},
    line::Line,
};
use rotate::RotatingFile;

use crate::{clock, error::Result};

/// Lines kept for the `logs` action.
const RING_LINES: usize = 1000;

/// What follows every line that is let through.
type Follower = Box<dyn Fn(&Line) + Send + Sync>;

/// A handle to the log; clones write to the same one.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    sink: Mutex<Sink>,
    follower: OnceLock<Follower>,
}

struct Sink {
    level: LogLevel,
    format: LogFormat,
    stderr: bool,
    file: Option<RotatingFile>,
    ring: VecDeque<Line>,
}

/// A key and a value behind a log message.
pub type Field<'a> = (&'a str, &'a (dyn Display + Sync));

impl Log {
    /// A log to `folder/daemon.log`, and to stderr as well where somebody keeps what goes there
    /// within bounds.
    pub fn open(level: LogLevel, format: LogFormat, folder: &Path, stderr: bool) -> Result<Self> {
        let file = RotatingFile::open(&folder.join("daemon.log"))?;
        Ok(Self::with_sink(Sink {
            level,
            format,
            stderr,
            file: Some(file),
            ring: VecDeque::new(),
        }))
    }

    /// A log that only remembers: for tests and one-shot commands.
    pub fn in_memory(level: LogLevel) -> Self {
        let format = LogFormat::Text;
        Self::with_sink(Sink {
            level,
            format,
            stderr: false,
            file: None,
            ring: VecDeque::new(),
        })
    }

    fn with_sink(sink: Sink) -> Self {
        Self(Arc::new(Inner {
            sink: Mutex::new(sink),
            follower: OnceLock::new(),
        }))
    }

    /// Sets who is shown every further line. The first follower stays.
    pub fn follow(&self, follower: impl Fn(&Line) + Send + Sync + 'static) {
        let _ = self.0.follower.set(Box::new(follower));
    }

    /// Takes a new level and format at once.
    pub fn reconfigure(&self, level: LogLevel, format: LogFormat) {
        let mut sink = self.sink();
        (sink.level, sink.format) = (level, format);
    }

    /// Something failed and needs a person.
    pub fn error(&self, target: &'static str, message: &str, fields: &[Field<'_>]) {
        self.write(LogLevel::Error, target, message, fields);
    }

    /// Something failed that the program lives with.
    pub fn warn(&self, target: &'static str, message: &str, fields: &[Field<'_>]) {
        self.write(LogLevel::Warn, target, message, fields);
    }

    /// A step in the life of the daemon.
    pub fn info(&self, target: &'static str, message: &str, fields: &[Field<'_>]) {
        self.write(LogLevel::Info, target, message, fields);
    }

    /// What a founder wants to see while mending something.
    pub fn debug(&self, target: &'static str, message: &str, fields: &[Field<'_>]) {
        self.write(LogLevel::Debug, target, message, fields);
    }

    fn write(&self, level: LogLevel, target: &'static str, message: &str, fields: &[Field<'_>]) {
        if level > self.sink().level {
            return;
        }
        let line = Line::new(clock::now_ms(), level, target, message, fields);
        self.sink().keep(&line);
        if let Some(follower) = self.0.follower.get() {
            follower(&line);
        }
    }

    /// The last `count` lines of at least this level, oldest first.
    pub fn last(&self, count: usize, level: LogLevel) -> Vec<Line> {
        let sink = self.sink();
        let mut lines: Vec<Line> = sink
            .ring
            .iter()
            .rev()
            .filter(|line| line.level <= level)
            .take(count)
            .cloned()
            .collect();
        lines.reverse();
        lines
    }

    /// A panic while writing a line leaves the ring usable, so poison is no reason to fall silent.
    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.0.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// A log that cannot be written is no reason to stop: the ring still has the line.
    fn keep(&mut self, line: &Line) {
        let text = match self.format {
            LogFormat::Text => line.text(),
            LogFormat::Json => line.json(),
        };
        if self.stderr {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        }
        if let Some(file) = &mut self.file {
            let _ = file.write_line(&text);
        }
        if self.ring.len() == RING_LINES {
            self.ring.pop_front();
        }
        self.ring.push_back(line.clone());
    }
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_above_the_level_are_left_out_and_the_ring_is_bounded() {
        let log = Log::in_memory(LogLevel::Info);
        log.debug("test", "unseen", &[]);
        for n in 0..RING_LINES + 5 {
            log.info("test", "seen", &[("n", &n)]);
        }
        log.warn("test", "odd", &[]);
        assert_eq!(log.last(usize::MAX, LogLevel::Trace).len(), RING_LINES);
        let warnings = log.last(10, LogLevel::Warn);
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].message, "odd");
    }

    #[test]
    fn a_follower_sees_each_line_once() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Log::in_memory(LogLevel::Info);
        let sink = Arc::clone(&seen);
        log.follow(move |line| sink.lock().expect("unpoisoned").push(line.message.clone()));
        log.info("test", "one", &[]);
        assert_eq!(*seen.lock().expect("unpoisoned"), ["one"]);
    }
}
