//! What the daemon says about itself: one line each, to stderr, a size-rotated file, a ring of the
//! last lines, and whoever follows.
//!
//! No token is ever logged, and a message's text only at the levels debug and trace. What anyone can
//! cause as often as they like goes through [`Log::limited`], or is at one of these levels.

mod forget;
mod level;
mod line;
mod printable;
mod repeat_filter;
mod rotate;

use std::{
    collections::VecDeque,
    fmt,
    io::Write as _,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::Instant,
};

pub(crate) use self::line::push_value;
pub use self::{
    forget::names_one_of,
    level::{LogFormat, LogLevel},
    line::{LogField, LogLine},
    printable::{is_steering, printable, printable_json, printable_lines},
};
use repeat_filter::{Kind, RepeatFilter};
use rotate::RotatingFile;

use crate::{clock, error::Result};

/// Lines kept for the `logs` action.
const RING_LINES: usize = 1000;

/// Called with every line that passes the level.
type Follower = Box<dyn Fn(&LogLine) + Send + Sync>;

/// A handle to the log; clones write to the same one.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    sink: Mutex<Sink>,
    follower: OnceLock<Follower>,
    repeats: Mutex<RepeatFilter>,
}

struct Sink {
    level: LogLevel,
    format: LogFormat,
    stderr: bool,
    file: Option<RotatingFile>,
    ring: VecDeque<LogLine>,
}

impl Log {
    /// A log to `folder/daemon.log`, and with `stderr` to stderr as well: only where whatever collects
    /// stderr bounds its size, as the journal does.
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

    /// A log that keeps only the ring: for tests and one-shot commands.
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
            repeats: Mutex::default(),
        }))
    }

    /// Calls `follower` with every further line. Only the first one set is kept.
    pub fn follow(&self, follower: impl Fn(&LogLine) + Send + Sync + 'static) {
        let _ = self.0.follower.set(Box::new(follower));
    }

    /// Changes level and format; they hold from the next line on.
    pub fn reconfigure(&self, level: LogLevel, format: LogFormat) {
        let mut sink = self.sink();
        (sink.level, sink.format) = (level, format);
    }

    /// Something failed and somebody must act.
    pub fn error(&self, target: &'static str, message: &str, fields: &[LogField<'_>]) {
        self.write(LogLevel::Error, target, message, fields);
    }

    /// Something failed and the program goes on.
    pub fn warn(&self, target: &'static str, message: &str, fields: &[LogField<'_>]) {
        self.write(LogLevel::Warn, target, message, fields);
    }

    /// A milestone of a normal run.
    pub fn info(&self, target: &'static str, message: &str, fields: &[LogField<'_>]) {
        self.write(LogLevel::Info, target, message, fields);
    }

    /// Details for finding a fault.
    pub fn debug(&self, target: &'static str, message: &str, fields: &[LogField<'_>]) {
        self.write(LogLevel::Debug, target, message, fields);
    }

    /// A line that somebody outside can cause as often as they like: the first with these fields is
    /// written, the others are counted and their number is told later, by [`Log::tell_repeats`].
    pub fn limited(
        &self,
        level: LogLevel,
        target: &'static str,
        message: &'static str,
        fields: &[LogField<'_>],
    ) {
        if level > self.sink().level {
            return;
        }
        let fields = line::owned(fields);
        let kind = Kind {
            target,
            message,
            fields,
        };
        self.tell_repeats();
        let admitted = self.repeats().admit(level, kind, Instant::now());
        if let Some(kind) = admitted {
            self.write_line(level, kind.target, kind.message, kind.fields);
        }
    }

    /// [`Log::limited`] at the level of warnings.
    pub fn warn_limited(
        &self,
        target: &'static str,
        message: &'static str,
        fields: &[LogField<'_>],
    ) {
        self.limited(LogLevel::Warn, target, message, fields);
    }

    /// Writes how often lines were repeated, for those whose time is over. Called now and then, so
    /// that the number is told also when the flood has ended.
    pub fn tell_repeats(&self) {
        self.tell_repeats_of(false);
    }

    /// The same for all lines: nothing more will be counted.
    pub fn tell_last_repeats(&self) {
        self.tell_repeats_of(true);
    }

    fn tell_repeats_of(&self, all: bool) {
        let due = self.repeats().due(Instant::now(), all);
        for (level, kind) in due {
            self.write_line(level, kind.target, kind.message, kind.fields);
        }
    }

    fn write(&self, level: LogLevel, target: &'static str, message: &str, fields: &[LogField<'_>]) {
        if level <= self.sink().level {
            self.write_line(level, target, message, line::owned(fields));
        }
    }

    fn write_line(
        &self,
        level: LogLevel,
        target: &'static str,
        message: &str,
        fields: Vec<(String, String)>,
    ) {
        let line = LogLine::new(clock::now_ms(), level, target, message, fields);
        self.sink().keep(&line);
        // Call without the lock: the follower may log too.
        if let Some(follower) = self.0.follower.get() {
            follower(&line);
        }
    }

    /// The last `count` lines of this level or a more serious one, oldest first.
    pub fn last(&self, count: usize, level: LogLevel) -> Vec<LogLine> {
        let sink = self.sink();
        let mut lines: Vec<LogLine> = sink
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

    fn repeats(&self) -> MutexGuard<'_, RepeatFilter> {
        let repeats = self.0.repeats.lock();
        repeats.unwrap_or_else(PoisonError::into_inner)
    }

    /// Ignores poison: a panic while writing a line leaves the ring usable.
    fn sink(&self) -> MutexGuard<'_, Sink> {
        self.0.sink.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sink {
    /// Ignores write errors: the ring still has the line, and there is nowhere to report them.
    fn keep(&mut self, line: &LogLine) {
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

    #[test]
    fn a_flood_is_two_lines_and_the_first_ones_stay() {
        let log = Log::in_memory(LogLevel::Info);
        log.info("test", "ready", &[]);
        for _ in 0..50_000 {
            log.warn_limited("test", "refused", &[("reason", &"no secret")]);
        }
        log.limited(LogLevel::Debug, "test", "unseen", &[]);
        log.tell_last_repeats();
        let lines = log.last(usize::MAX, LogLevel::Trace);
        let messages: Vec<&str> = lines.iter().map(|line| line.message.as_str()).collect();
        assert_eq!(messages, ["ready", "refused", "refused"]);
        assert_eq!(lines[2].fields[1].1, "49999");
    }
}
