//! Taking out of the log, and of the files beside it, the lines that name somebody.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::Log;
use crate::{error::Result, fs as files};

/// Whether a text has one of these words, with neither a letter nor a digit right before or behind it.
pub fn names_one_of(text: &str, words: &[String]) -> bool {
    words.iter().any(|word| has_word(text, word))
}

fn has_word(text: &str, word: &str) -> bool {
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            let behind = text[at + word.len()..].chars().next();
            let ends = |next: Option<char>| !next.is_some_and(char::is_alphanumeric);
            ends(before) && ends(behind)
        })
}

impl Log {
    /// Takes out of memory and of every file of the log's folder the lines that have one of these words. Returns how
    /// many there were. Blocks.
    pub fn forget(&self, words: &[String]) -> Result<u64> {
        self.tell_last_repeats();
        let mut sink = self.sink();
        let before = sink.ring.len();
        sink.ring.retain(|line| !names_one_of(&line.text(), words));
        let in_memory = (before - sink.ring.len()) as u64;
        let Some(file) = &mut sink.file else {
            return Ok(in_memory);
        };
        // While the lock is held nobody writes to them.
        let path = file.path().to_owned();
        let mut lines = 0;
        for path in beside(&path) {
            lines += forget_in(&path, words)?;
        }
        file.reopen()?;
        Ok(lines)
    }
}

/// The files of the folder of the log.
fn beside(path: &Path) -> Vec<PathBuf> {
    let folder = path.parent().map(fs::read_dir);
    let entries = folder.into_iter().flatten().flatten().flatten();
    let regular = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()));
    regular.map(|entry| entry.path()).collect()
}

/// Writes a file anew without the lines that have one of these words; one that has none is left alone.
fn forget_in(path: &Path, words: &[String]) -> Result<u64> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(0),
        other => other.map_err(crate::error::Error::file("read the file", path))?,
    };
    let text = String::from_utf8_lossy(&text);
    let is_kept = |line: &&str| !names_one_of(line, words);
    let kept: String = text.split_inclusive('\n').filter(is_kept).collect();
    if kept.len() == text.len() {
        return Ok(0);
    }
    let removed = text.lines().count() - kept.lines().count();
    files::write_atomic(path, kept.as_bytes())?;
    Ok(removed as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        fs::scratch::Scratch,
        log::{LogFormat, LogLevel},
    };

    #[test]
    fn a_word_is_whole() {
        let words = ["5511987654321".to_owned(), "Ana".to_owned(), String::new()];
        for (text, has) in [
            ("to=5511987654321 failed", true),
            ("5511987654321@s.whatsapp.net", true),
            ("15511987654321", false),
            ("Banana and Anabel", false),
            ("Banana, Ana", true),
            ("", false),
        ] {
            assert_eq!(names_one_of(text, &words), has, "{text}");
        }
    }

    #[test]
    fn lines_that_name_somebody_leave_the_ring_and_every_file() {
        let scratch = Scratch::new();
        let folder = scratch.path();
        let log = Log::open(LogLevel::Info, LogFormat::Text, folder, false).expect("opened");
        log.info("test", "first", &[]);
        log.warn("test", "not sent", &[("to", &"4915100")]);
        fs::write(folder.join("daemon.log.1"), "old\n4915100 old\n").expect("written");
        assert_eq!(log.forget(&["4915100".to_owned()]).expect("forgotten"), 2);
        log.info("test", "last", &[]);
        let text = fs::read_to_string(folder.join("daemon.log")).expect("there");
        assert!(text.contains("first") && text.contains("last"), "{text}");
        assert!(!text.contains("4915100"));
        let rotated = fs::read_to_string(folder.join("daemon.log.1")).expect("there");
        assert_eq!(rotated, "old\n");
        assert_eq!(log.last(10, LogLevel::Trace).len(), 2);
    }
}
