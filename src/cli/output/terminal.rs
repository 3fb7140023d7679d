//! What a command writes to: standard output and standard error, with colours only on a terminal, and in
//! the language of the user.
//!
//! `line`, `note` and the words of columns are sentences of ours and are translated; `foreign`, `text`,
//! `exact` and `json` never are, so that nobody's message is taken for one of them.
//!
//! Not here: how a value becomes text (the other files of this folder).

use std::{
    borrow::Cow,
    cell::LazyCell,
    fmt::{Display, Write as _},
    io::{self, ErrorKind, IsTerminal as _, Write},
};

use serde_json::Value;

use super::{
    columns::{Cell, TextStyle, columns},
    qr_drawing,
};
use crate::{
    config::Environment,
    error::{Error, Result},
    language::Translator,
    log::{is_steering, printable_json, printable_lines},
};

/// The parameters of the escape sequences that commands write: those of `TextStyle`, its end, and the
/// colours of a drawing.
const OUR_COLORS: [&str; 7] = ["0", "1", "2", "31", "32", "33", qr_drawing::BLACK_ON_WHITE];

/// The two streams of a run.
pub(crate) struct Terminal {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    colors: bool,
    watched: bool,
    reader_gone: bool,
    /// Found out by the first sentence that is printed.
    translator: LazyCell<Translator, Box<dyn FnOnce() -> Translator>>,
}

impl Terminal {
    /// The streams of this process; `plain` forbids colours.
    pub(crate) fn of_process(
        environment: &Environment,
        plain: bool,
        translator: impl FnOnce() -> Translator + 'static,
    ) -> Self {
        let stdout = io::stdout();
        let colors = !plain && wants_colors(environment, stdout.is_terminal());
        Self {
            out: Box::new(stdout.lock()),
            err: Box::new(io::stderr()),
            colors,
            watched: stdout.is_terminal(),
            reader_gone: false,
            translator: LazyCell::new(Box::new(translator)),
        }
    }

    /// Who translates for the user, for texts that are put together before they are printed.
    pub(crate) fn translator(&self) -> Translator {
        *self.translator
    }

    /// Whether standard output is a terminal, so that a person sees it.
    pub(crate) fn is_watched(&self) -> bool {
        self.watched
    }

    /// Whether escape sequences are understood and wanted.
    pub(crate) fn has_colors(&self) -> bool {
        self.colors
    }

    /// Writes a sentence of ours to standard output, as one line.
    pub(crate) fn line(&mut self, text: impl Display) -> Result<()> {
        let text = text.to_string();
        let translated = self.translator().sentence(&text).into_owned();
        self.foreign(translated)
    }

    /// Writes one line to standard output that is not ours to translate, such as a message.
    pub(crate) fn foreign(&mut self, text: impl Display) -> Result<()> {
        self.text(&format!("{text}\n"))
    }

    /// Writes a text that ends its own lines to standard output, at once. Whatever a command made of
    /// foreign text, nothing in it but our own colours takes effect.
    pub(crate) fn text(&mut self, text: &str) -> Result<()> {
        let safe = self.safe(text).into_owned();
        self.write(&safe)
    }

    /// Writes a line that a script may read: exactly as it is, but for a person, as any other.
    pub(crate) fn exact(&mut self, text: &str) -> Result<()> {
        let text = format!("{text}\n");
        if self.watched {
            return self.text(&text);
        }
        self.write(&text)
    }

    /// Erases the last lines of a terminal that understands it: up to the first of them, then all
    /// below (ECMA-48 §8.3.22, §8.3.39).
    pub(crate) fn erase(&mut self, lines: usize) -> Result<()> {
        if self.colors && lines > 0 {
            return self.write(&format!("\u{1b}[{lines}A\u{1b}[J"));
        }
        Ok(())
    }

    /// The text with everything escaped that a terminal would obey, except the colours of `painted`
    /// where they are wanted.
    fn safe<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !self.colors {
            return printable_lines(text);
        }
        let mut safe = String::with_capacity(text.len());
        let mut parts = text.split("\u{1b}[");
        safe.push_str(&printable_lines(parts.next().unwrap_or_default()));
        for part in parts {
            let color = part.split_once('m');
            match color.filter(|(code, _)| OUR_COLORS.contains(code)) {
                Some((code, rest)) => {
                    let _ = write!(safe, "\u{1b}[{code}m{}", printable_lines(rest));
                }
                None => {
                    let _ = write!(safe, "\\u{{1b}}[{}", printable_lines(part));
                }
            }
        }
        Cow::Owned(safe)
    }

    fn write(&mut self, text: &str) -> Result<()> {
        let written = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush());
        written.map_err(|error| {
            self.reader_gone = error.kind() == ErrorKind::BrokenPipe;
            Error::Failed(format!("cannot write to standard output: {error}"))
        })
    }

    /// Writes a value as one line of JSON.
    pub(crate) fn json(&mut self, value: &Value) -> Result<()> {
        self.json_text(&value.to_string())
    }

    /// Writes a text of JSON: as it is for a script, and for a person with everything escaped that a
    /// terminal would obey, which does not change what it says.
    pub(crate) fn json_text(&mut self, json: &str) -> Result<()> {
        if self.watched && json.contains(is_steering) {
            let json = printable_json(json).into_owned();
            return self.write(&format!("{json}\n"));
        }
        self.write(&format!("{json}\n"))
    }

    /// Writes rows below each other, aligned.
    pub(crate) fn columns(&mut self, rows: &[Vec<Cell>]) -> Result<()> {
        let translator = self.translator();
        let rows: Vec<Vec<Cell>> = rows
            .iter()
            .map(|row| row.iter().map(|cell| cell.translated(translator)).collect())
            .collect();
        let text = columns(&rows, |style, text| self.painted(style, text));
        self.text(&text)
    }

    /// Writes a sentence of ours to standard error. A failure is ignored: there is nowhere left to report
    /// it.
    pub(crate) fn note(&mut self, text: impl Display) {
        let text = text.to_string();
        let text = self.translator().sentence(&text);
        let _ = writeln!(self.err, "{}", printable_lines(&text));
    }

    /// The text in a colour, where colours are wanted.
    pub(crate) fn painted(&self, style: TextStyle, text: &str) -> String {
        let mut painted = String::new();
        match style.code().filter(|_| self.colors) {
            Some(code) => {
                let _ = write!(painted, "\u{1b}[{code}m{text}\u{1b}[0m");
            }
            None => painted.push_str(text),
        }
        painted
    }

    /// Whether standard output turned out to be a pipe that nobody reads any more, as in
    /// `cleudocodebot history | head -1`. Rust ignores SIGPIPE, so a failed write is the only sign.
    pub(crate) fn reader_is_gone(&self) -> bool {
        self.reader_gone
    }
}

/// <https://no-color.org>: any value but the empty one says no. Old consoles of Windows print the
/// escape codes instead of obeying them; those that obey set `WT_SESSION` or `TERM`.
fn wants_colors(environment: &Environment, is_terminal: bool) -> bool {
    let set = |name| environment.get(name).filter(|value| !value.is_empty());
    let understands = match set("TERM") {
        Some(kind) => kind != "dumb",
        None => !cfg!(windows) || set("WT_SESSION").is_some(),
    };
    is_terminal && set("NO_COLOR").is_none() && understands
}

#[cfg(test)]
pub(crate) mod captured {
    //! A terminal whose streams a test can read.

    use std::{
        cell::{LazyCell, RefCell},
        io,
        rc::Rc,
    };

    use super::Terminal;
    use crate::language::Translator;

    /// What was written so far.
    #[derive(Clone, Default)]
    pub(crate) struct Written(Rc<RefCell<Vec<u8>>>);

    impl Written {
        pub(crate) fn text(&self) -> String {
            String::from_utf8(self.0.borrow().clone()).expect("text")
        }
    }

    impl io::Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.borrow_mut().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Terminal {
        /// From now on a person sees it, in colours.
        pub(crate) fn watch(&mut self) {
            (self.watched, self.colors) = (true, true);
        }
    }

    /// A terminal without colours, its standard output and its standard error.
    pub(crate) fn terminal() -> (Terminal, Written, Written) {
        let (out, err) = (Written::default(), Written::default());
        let terminal = Terminal {
            out: Box::new(out.clone()),
            err: Box::new(err.clone()),
            colors: false,
            watched: false,
            reader_gone: false,
            translator: LazyCell::new(Box::new(Translator::default)),
        };
        (terminal, out, err)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_need_a_terminal_and_nobody_who_objects() {
        let wants = |pairs: &[(&str, &str)], is_terminal| {
            let pairs = pairs.iter().copied();
            wants_colors(&Environment::from_pairs(pairs), is_terminal)
        };
        assert!(wants(&[("TERM", "xterm")], true));
        assert!(wants(&[("TERM", "xterm"), ("NO_COLOR", "")], true));
        assert!(!wants(&[("TERM", "xterm"), ("NO_COLOR", "1")], true));
        assert!(!wants(&[("TERM", "dumb")], true));
        assert!(!wants(&[("TERM", "xterm")], false));
    }

    #[test]
    fn nothing_but_our_colours_reaches_a_terminal_as_it_is() {
        let (mut terminal, out, err) = captured::terminal();
        terminal.watch();
        let good = terminal.painted(TextStyle::Good, "ok\u{9b}2J");
        terminal
            .line(format!("{good}\u{1b}[2J \u{1b}]0;x\u{7}"))
            .expect("written");
        terminal.note("\u{1b}[32mx\u{202e}");
        terminal.exact("a\u{85}b").expect("written");
        terminal
            .json(&serde_json::json!("\u{9b}\u{202e}"))
            .expect("written");
        assert_eq!(
            out.text(),
            "\u{1b}[32mok\\u{9b}2J\u{1b}[0m\\u{1b}[2J \\u{1b}]0;x\\u{7}\na\\u{85}b\n\"\\u009b\\u202e\"\n"
        );
        assert_eq!(err.text(), "\\u{1b}[32mx\\u{202e}\n");
    }

    #[test]
    fn every_style_is_among_our_colours() {
        use TextStyle::{Bad, Dim, Doubtful, Good, Plain, Strong};
        for style in [Plain, Good, Doubtful, Bad, Dim, Strong] {
            let code = style.code().unwrap_or(0).to_string();
            assert!(OUR_COLORS.contains(&code.as_str()), "{style:?}");
        }
    }

    #[test]
    fn a_script_gets_json_and_exact_text_as_they_are() {
        let (mut terminal, out, _) = captured::terminal();
        terminal
            .json(&serde_json::json!("\u{9b}"))
            .expect("written");
        terminal.exact("a\u{85}").expect("written");
        terminal.line("a\u{85}").expect("written");
        assert_eq!(out.text(), "\"\u{9b}\"\na\u{85}\na\\u{85}\n");
    }

    #[test]
    fn lines_and_notes_go_to_their_own_streams() {
        let (mut terminal, out, err) = captured::terminal();
        terminal.line("one").expect("written");
        terminal.note("two");
        assert_eq!(terminal.painted(TextStyle::Bad, "x"), "x");
        assert_eq!((out.text(), err.text()), ("one\n".into(), "two\n".into()));
    }

    #[test]
    fn a_reader_that_went_away_is_noticed() {
        struct BrokenPipe;
        impl Write for BrokenPipe {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (mut terminal, ..) = captured::terminal();
        terminal.out = Box::new(BrokenPipe);
        assert!(!terminal.reader_is_gone());
        assert!(terminal.line("x").is_err());
        assert!(terminal.reader_is_gone());
    }
}
