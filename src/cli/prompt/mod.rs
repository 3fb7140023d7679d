//! A line that is typed at the bottom of a terminal while other lines come in above it.
//!
//! - `keys` turns bytes into keys, `editor` keys into a line; both are pure.
//! - `raw_mode` has the terminal hand over every key at once, and puts it back.
//!
//! By hand, because it needs no more than this: a line editor with all its features would be larger than
//! the rest of the command line together.
//!
//! Not here: what is done with the line.

mod editor;
mod keys;
mod raw_mode;

use std::fmt::Write as _;

use self::{editor::LineEditor, keys::KeyDecoder};
pub(crate) use self::{editor::Typed, raw_mode::RawMode};
use super::output::{Terminal, cells};
use crate::error::Result;

/// The columns that are assumed where the terminal does not tell.
const DEFAULT_WIDTH: usize = 80;

/// To the first column, and all behind it erased (ECMA-48 §8.3.41).
const ERASE_LINE: &str = "\r\u{1b}[K";

/// The line being typed, and its label.
pub(crate) struct Prompt {
    label: String,
    editor: LineEditor,
    decoder: KeyDecoder,
}

impl Prompt {
    /// An empty line behind a label.
    pub(crate) fn new(label: String) -> Self {
        Self {
            label,
            editor: LineEditor::default(),
            decoder: KeyDecoder::default(),
        }
    }

    /// Takes what was typed. The lines that were finished come back; the one that was not is drawn.
    pub(crate) fn take(&mut self, bytes: &[u8], terminal: &mut Terminal) -> Result<Vec<Typed>> {
        let mut done = Vec::new();
        for byte in bytes {
            let key = self.decoder.feed(*byte);
            done.extend(key.and_then(|key| self.editor.press(key)));
        }
        self.draw(terminal)?;
        Ok(done)
    }

    /// Draws the label, as much of the line as fits, and the cursor in its place.
    pub(crate) fn draw(&self, terminal: &mut Terminal) -> Result<()> {
        let width = terminal.width().unwrap_or(DEFAULT_WIDTH);
        // The last column stays free: some terminals begin a new line with what stands there.
        let room = width.saturating_sub(cells(&self.label) + 1);
        let (seen, cursor) = self.editor.view(room);
        let seen = terminal.shown(&seen).into_owned();
        let label = terminal.shown(&self.label).into_owned();
        let mut text = format!("{ERASE_LINE}{label}{seen}\r");
        let column = cells(&self.label) + cursor;
        if column > 0 {
            // So many columns forward (ECMA-48 §8.3.20).
            let _ = write!(text, "\u{1b}[{column}C");
        }
        terminal.steer(&text)
    }

    /// Takes the line away, so that another can be printed in its place.
    pub(crate) fn hide(terminal: &mut Terminal) -> Result<()> {
        terminal.steer(ERASE_LINE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::captured;

    #[test]
    fn the_line_is_drawn_with_the_cursor_where_it_is() {
        let (mut terminal, out, _) = captured::terminal();
        terminal.watch();
        terminal.narrow(20);
        let mut prompt = Prompt::new("ada> ".to_owned());
        let done = prompt.take(b"oi\x1b[D", &mut terminal).expect("drawn");
        assert!(done.is_empty());
        assert_eq!(out.text(), "\r\u{1b}[Kada> oi\r\u{1b}[6C");
        let done = prompt.take("é\r".as_bytes(), &mut terminal).expect("drawn");
        assert_eq!(done, [Typed::Line("oéi".to_owned())]);
        assert!(
            out.text().ends_with("\r\u{1b}[Kada> \r\u{1b}[5C"),
            "{:?}",
            out.text()
        );
    }

    #[test]
    fn what_steers_is_shown_when_it_is_typed() {
        let (mut terminal, out, _) = captured::terminal();
        terminal.watch();
        let mut prompt = Prompt::new(String::new());
        prompt
            .take("a\u{202e}".as_bytes(), &mut terminal)
            .expect("drawn");
        assert!(!out.text().contains('\u{202e}'), "{:?}", out.text());
    }
}
