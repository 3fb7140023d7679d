//! Standard input as lines, read on a thread of its own: it cannot be waited for otherwise everywhere.

use std::{
    io::{BufRead as _, BufReader, Read},
    thread,
};

use tokio::sync::mpsc;

/// Longest line, in bytes: more than any gateway takes.
const MAX_LINE: u64 = 64 << 20;

/// Lines read before they are wanted.
const AHEAD: usize = 4;

/// A line, or why there is none.
pub(super) type Line = Result<String, String>;

/// The lines of an input until it ends. The thread ends with it, or with the process.
pub(super) fn lines_of(input: Box<dyn Read + Send>) -> mpsc::Receiver<Line> {
    let (lines, received) = mpsc::channel(AHEAD);
    thread::spawn(move || {
        let mut input = BufReader::new(input);
        while let Some(line) = next(&mut input) {
            if lines.blocking_send(line).is_err() {
                return;
            }
        }
    });
    received
}

/// The next line without its end. One that is too long is left out whole.
fn next(input: &mut BufReader<Box<dyn Read + Send>>) -> Option<Line> {
    let mut line = Vec::new();
    let read = input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
    if read.ok()? == 0 {
        return None;
    }
    if line.len() as u64 == MAX_LINE && !line.ends_with(b"\n") {
        input.skip_until(b'\n').ok()?;
        return Some(Err(format!("a line has {MAX_LINE} bytes at most")));
    }
    let line = String::from_utf8(line);
    Some(line.map_err(|_| "the line is not UTF-8".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, empty};

    use super::*;

    async fn all(input: Box<dyn Read + Send>) -> Vec<Line> {
        let mut lines = lines_of(input);
        let mut all = Vec::new();
        while let Some(line) = lines.recv().await {
            all.push(line);
        }
        all
    }

    #[tokio::test]
    async fn lines_come_whole_and_the_last_needs_no_end() {
        assert_eq!(all(Box::new(empty())).await, []);
        let lines = all(Box::new(Cursor::new(b"a\r\n\nb\xFF\nc".to_vec()))).await;
        let [first, second, third, last] = &lines[..] else {
            panic!("{lines:?}")
        };
        assert_eq!(
            (first, second),
            (&Ok("a\r\n".to_owned()), &Ok("\n".to_owned()))
        );
        assert!(third.is_err() && *last == Ok("c".to_owned()));
    }

    #[tokio::test]
    async fn a_line_without_end_is_left_out_and_the_next_is_read() {
        let long = std::io::repeat(b'x').take(MAX_LINE + 5);
        let input = long.chain(Cursor::new(b"\nnext\n".to_vec()));
        let lines = all(Box::new(input)).await;
        assert!(lines[0].is_err());
        assert_eq!(lines[1..], [Ok("next\n".to_owned())]);
    }
}
