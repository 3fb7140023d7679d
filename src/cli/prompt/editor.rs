//! A line under construction: letters, a cursor, and the lines before it.
//!
//! Not here: how it is drawn (`super`).

use std::collections::VecDeque;

use super::keys::Key;
use crate::cli::output::of_char;

/// How many lines can be called back.
const REMEMBERED: usize = 200;

/// The longest line, in characters: what a frame of the gateway takes is longer than anybody types.
const MAX_LINE: usize = 64 << 10;

/// What a key finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Typed {
    /// A line.
    Line(String),
    /// The input: Ctrl-D on an empty line.
    End,
}

/// The line, and those before.
#[derive(Debug, Default)]
pub(super) struct LineEditor {
    line: Vec<char>,
    /// How many letters are before the cursor.
    cursor: usize,
    history: VecDeque<String>,
    /// How many lines back the shown one is; 0 is the new one.
    back: usize,
    /// The new line, while an older one is shown.
    draft: String,
    /// What was taken last, by more than a letter.
    taken: Vec<char>,
}

impl LineEditor {
    /// Does what a key says.
    pub(super) fn press(&mut self, key: Key) -> Option<Typed> {
        match key {
            Key::Enter => return Some(Typed::Line(self.finish())),
            Key::EndOfInput if self.line.is_empty() => return Some(Typed::End),
            Key::Char(letter) => self.insert(&[letter]),
            Key::Yank => self.insert(&self.taken.clone()),
            Key::Left => self.cursor = self.cursor.saturating_sub(1),
            Key::Right => self.cursor = (self.cursor + 1).min(self.line.len()),
            Key::WordLeft => self.cursor = self.word_before(),
            Key::WordRight => self.cursor = self.word_behind(),
            Key::Home => self.cursor = 0,
            Key::End => self.cursor = self.line.len(),
            Key::Backspace => self.remove(self.cursor.saturating_sub(1), self.cursor),
            Key::Delete | Key::EndOfInput => self.remove(self.cursor, self.cursor + 1),
            Key::EraseWord => self.take(self.word_before(), self.cursor),
            Key::EraseToBegin => self.take(0, self.cursor),
            Key::EraseToEnd => self.take(self.cursor, self.line.len()),
            Key::Up => self.recall(self.back + 1),
            Key::Down => self.recall(self.back.wrapping_sub(1)),
        }
        None
    }

    fn insert(&mut self, letters: &[char]) {
        if self.line.len() + letters.len() <= MAX_LINE {
            self.line
                .splice(self.cursor..self.cursor, letters.iter().copied());
            self.cursor += letters.len();
        }
    }

    fn remove(&mut self, from: usize, to: usize) {
        let to = to.min(self.line.len());
        self.line.drain(from..to);
        self.cursor = from;
    }

    /// Removes and keeps, for `Yank`.
    fn take(&mut self, from: usize, to: usize) {
        if from < to {
            self.taken = self.line[from..to].to_vec();
            self.remove(from, to);
        }
    }

    fn word_before(&self) -> usize {
        let before = &self.line[..self.cursor];
        let blanks = before
            .iter()
            .rev()
            .take_while(|c| c.is_whitespace())
            .count();
        let word = before[..before.len() - blanks].iter().rev();
        self.cursor - blanks - word.take_while(|c| !c.is_whitespace()).count()
    }

    fn word_behind(&self) -> usize {
        let behind = &self.line[self.cursor..];
        let blanks = behind.iter().take_while(|c| c.is_whitespace()).count();
        let word = behind[blanks..].iter();
        self.cursor + blanks + word.take_while(|c| !c.is_whitespace()).count()
    }

    fn finish(&mut self) -> String {
        let line: String = self.line.drain(..).collect();
        (self.cursor, self.back) = (0, 0);
        let is_new = self.history.back() != Some(&line) && !line.trim().is_empty();
        if is_new {
            if self.history.len() == REMEMBERED {
                self.history.pop_front();
            }
            self.history.push_back(line.clone());
        }
        line
    }

    /// Shows the line that is so many back.
    fn recall(&mut self, back: usize) {
        if back > self.history.len() {
            return;
        }
        if self.back == 0 {
            self.draft = self.line.iter().collect();
        }
        let line = match back {
            0 => &self.draft,
            _ => &self.history[self.history.len() - back],
        };
        self.line = line.chars().collect();
        self.cursor = self.line.len();
        self.back = back;
    }

    /// The part of the line around the cursor that fits into so many columns, and the column of the cursor
    /// in it.
    pub(super) fn view(&self, room: usize) -> (String, usize) {
        let width = |letters: &[char]| letters.iter().map(|c| of_char(*c)).sum::<usize>();
        let mut begin = 0;
        while begin < self.cursor && width(&self.line[begin..self.cursor]) > room {
            begin += 1;
        }
        let before = width(&self.line[begin..self.cursor]);
        let mut end = self.cursor;
        let mut used = before;
        while let Some(letter) = self.line.get(end) {
            used += of_char(*letter);
            if used > room {
                break;
            }
            end += 1;
        }
        (self.line[begin..end].iter().collect(), before)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Key::*, *};

    fn typed(editor: &mut LineEditor, text: &str) {
        for letter in text.chars() {
            editor.press(Char(letter));
        }
    }

    fn after(text: &str, keys: &[Key]) -> (String, usize) {
        let mut editor = LineEditor::default();
        typed(&mut editor, text);
        for key in keys {
            editor.press(*key);
        }
        (editor.line.iter().collect(), editor.cursor)
    }

    #[test]
    fn every_key_does_what_it_does_in_a_shell() {
        for (keys, line, cursor) in [
            (&[Left, Left, Char('x')][..], "one txwo", 6),
            (&[Home, Char('x')], "xone two", 1),
            (&[Home, Delete], "ne two", 0),
            (&[Home, Backspace, Left], "one two", 0),
            (&[Backspace, Backspace], "one t", 5),
            (&[End, Right, Delete], "one two", 7),
            (&[EraseWord], "one ", 4),
            (&[EraseWord, EraseWord], "", 0),
            (&[EraseWord, Home, Yank], "twoone ", 3),
            (&[WordLeft, EraseToBegin], "two", 0),
            (&[WordLeft, EraseToEnd], "one ", 4),
            (&[WordLeft, WordLeft, WordRight], "one two", 3),
            (&[Home, EndOfInput], "ne two", 0),
        ] {
            assert_eq!(
                after("one two", keys),
                (line.to_owned(), cursor),
                "{keys:?}"
            );
        }
    }

    #[test]
    fn lines_before_come_back_and_the_new_one_is_kept_meanwhile() {
        let mut editor = LineEditor::default();
        for line in ["first", "second", "second", " "] {
            typed(&mut editor, line);
            assert_eq!(editor.press(Enter), Some(Typed::Line(line.to_owned())));
        }
        typed(&mut editor, "draft");
        let mut seen = Vec::new();
        for key in [Up, Up, Up, Down, Down, Down] {
            editor.press(key);
            seen.push(editor.line.iter().collect::<String>());
        }
        assert_eq!(
            seen,
            ["second", "first", "first", "second", "draft", "draft"]
        );
    }

    #[test]
    fn the_end_of_input_ends_only_an_empty_line() {
        let mut editor = LineEditor::default();
        typed(&mut editor, "a");
        assert_eq!(editor.press(EndOfInput), None);
        editor.press(Backspace);
        assert_eq!(editor.press(EndOfInput), Some(Typed::End));
    }

    #[test]
    fn a_long_line_is_seen_around_the_cursor() {
        let mut editor = LineEditor::default();
        typed(&mut editor, "abcdef日");
        assert_eq!(editor.view(5), ("def日".to_owned(), 5));
        editor.press(Home);
        assert_eq!(editor.view(5), ("abcde".to_owned(), 0));
    }

    proptest! {
        #[test]
        fn the_cursor_never_leaves_the_line(keys in proptest::collection::vec(0..18_usize, 0..60)) {
            const KEYS: [Key; 18] = [
                Char('a'), Char(' '), Char('日'), Enter, EndOfInput, Left, Right, WordLeft, WordRight,
                Home, End, Up, Down, Backspace, Delete, EraseWord, EraseToEnd, Yank,
            ];
            let mut editor = LineEditor::default();
            for key in keys {
                editor.press(KEYS[key]);
                prop_assert!(editor.cursor <= editor.line.len());
                let (seen, cursor) = editor.view(6);
                let width: usize = seen.chars().map(of_char).sum();
                prop_assert!(width <= 6 && cursor <= 6);
            }
        }
    }
}
