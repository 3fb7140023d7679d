//! The lines that pi writes: one JSON value each, ended by LF alone (U+2028 may stand in a text).

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Longest line that is kept, in bytes. Longer ones hold files or all of a run, which nobody here needs.
pub(super) const MAX_LINE: usize = 2 << 20;

/// What is read at a time, and what is kept between two lines.
const BUFFER: usize = 16 * 1024;

/// Reads lines; a line that is too long comes as an empty one.
#[derive(Debug)]
pub(super) struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// As much of the buffer has no line end in it.
    searched: usize,
    /// The line under way is too long, and dropped.
    skipping: bool,
}

impl<R: AsyncRead + Unpin> Lines<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            buffer: Vec::new(),
            searched: 0,
            skipping: false,
        }
    }

    /// The next line, `None` at the end. Cancel-safe: what was read stays in the buffer.
    pub(super) async fn next(&mut self) -> io::Result<Option<Vec<u8>>> {
        loop {
            let unsearched = &self.buffer[self.searched..];
            if let Some(end) = unsearched.iter().position(|byte| *byte == b'\n') {
                return Ok(Some(self.take_line(self.searched + end)));
            }
            self.searched = self.buffer.len();
            if self.searched > MAX_LINE {
                self.skipping = true;
                self.buffer = Vec::new();
                self.searched = 0;
            }
            self.buffer.reserve(BUFFER);
            if self.reader.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }

    fn take_line(&mut self, end: usize) -> Vec<u8> {
        let mut line: Vec<u8> = self.buffer.drain(..=end).collect();
        line.pop();
        self.searched = 0;
        if self.buffer.len() < BUFFER && self.buffer.capacity() > 4 * BUFFER {
            self.buffer.shrink_to(2 * BUFFER);
        }
        if std::mem::take(&mut self.skipping) || line.len() > MAX_LINE {
            line.clear();
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn lines_end_at_line_feeds_alone_and_long_ones_are_dropped() {
        let long = "x".repeat(MAX_LINE + 7);
        let text = format!("a\u{2028}b\r\n\n{long}\nlast\nrest");
        let mut lines = Lines::new(text.as_bytes());
        for expected in ["a\u{2028}b\r", "", "", "last"] {
            let line = lines.next().await.expect("read").expect("a line");
            assert_eq!(String::from_utf8(line).expect("text"), expected);
        }
        assert!(lines.next().await.expect("read").is_none());
        assert!(lines.buffer.capacity() < MAX_LINE);
    }
}
