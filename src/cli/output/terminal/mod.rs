//! What a command writes to: standard output and standard error, with colours only on a terminal, and in
//! the language of the user.
//!
//! `line`, `note` and the words of columns are sentences of ours and are translated; `foreign`, `text`,
//! `exact` and `json` never are, so that nobody's message is taken for one of them.
//!
//! Not here: how a value becomes text (the other files of this folder).

#[cfg(test)]
pub(crate) mod captured;
#[cfg(test)]
mod tests;

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
    times::Times,
    width,
    wrap::fitted,
};
use crate::{
    config::Environment,
    error::{Error, Result},
    language::Translator,
    log::{is_steering, printable_json, printable_lines},
};

/// The parameters of the escape sequences that commands write: those of `TextStyle`, its end, and the
/// colours of a drawing.
const OUR_COLORS: [&str; 8] = [
    "0",
    "1",
    "2",
    "7",
    "31",
    "32",
    "33",
    qr_drawing::BLACK_ON_WHITE,
];

/// The two streams of a run.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is something else about the streams"
)]
pub(crate) struct Terminal {
    /// How moments are written.
    pub times: Times,
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    colors: bool,
    watched: bool,
    /// Whether it obeys escape sequences, be colours wanted or not.
    obeys: bool,
    width: Width,
    reader_gone: bool,
    /// Found out by the first sentence that is printed.
    translator: LazyCell<Translator, Box<dyn FnOnce() -> Translator>>,
}

/// The columns of a terminal, which are asked for when the first line is longer than any is narrow.
enum Width {
    /// Not asked yet, and what is set.
    Unasked(Environment),
    /// The answer; none in a pipe, or where the terminal does not know.
    Known(Option<usize>),
}

/// A text that fits on every terminal, in bytes: for it the width need not be known.
const FITS_ANYWHERE: usize = 20;

impl Terminal {
    /// The streams of this process; `plain` forbids colours, `utc` asks for times in UTC.
    pub(crate) fn of_process(
        environment: &Environment,
        plain: bool,
        utc: bool,
        translator: impl FnOnce() -> Translator + 'static,
    ) -> Self {
        let stdout = io::stdout();
        let watched = stdout.is_terminal();
        let width = if watched || io::stderr().is_terminal() {
            Width::Unasked(environment.clone())
        } else {
            Width::Known(None)
        };
        Self {
            times: Times::new(environment.get("TZ"), utc, watched),
            out: Box::new(stdout.lock()),
            err: Box::new(io::stderr()),
            colors: !plain && wants_colors(environment, watched),
            watched,
            obeys: watched && obeys_escapes(environment),
            width,
            reader_gone: false,
            translator: LazyCell::new(Box::new(translator)),
        }
    }

    /// Who translates for the user, for texts that are put together before they are printed.
    pub(crate) fn translator(&self) -> Translator {
        *self.translator
    }

    /// The columns of the terminal that somebody watches, where they are known.
    pub(crate) fn width(&mut self) -> Option<usize> {
        if let Width::Unasked(environment) = &self.width {
            self.width = Width::Known(width::of_terminal(environment));
        }
        match self.width {
            Width::Known(width) => width,
            Width::Unasked(_) => None,
        }
    }

    /// Asks for the width again, after the window was changed.
    pub(crate) fn resize(&mut self) {
        if let Some(width) = width::asked() {
            self.width = Width::Known(Some(width));
        }
    }

    /// Whether the cursor can be moved.
    pub(crate) fn obeys_escapes(&self) -> bool {
        self.obeys
    }

    /// The text in lines that fit on the terminal.
    fn fitted<'t>(&mut self, text: &'t str) -> Cow<'t, str> {
        let is_short = text.lines().all(|line| line.len() <= FITS_ANYWHERE);
        match (is_short, self.width()) {
            (false, Some(width)) => fitted(text, width).into(),
            _ => text.into(),
        }
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
        if !self.watched {
            return self.write(&safe);
        }
        let fitted = self.fitted(&safe).into_owned();
        self.write(&fitted)
    }

    /// Writes a drawing, whose lines would be none any more if they were broken.
    pub(crate) fn drawing(&mut self, text: &str) -> Result<()> {
        let safe = self.safe(text).into_owned();
        self.write(&safe)
    }

    /// Writes what moves the cursor, made by ourselves alone.
    pub(crate) fn steer(&mut self, sequence: &str) -> Result<()> {
        self.write(sequence)
    }

    /// The text as it may be shown, when it is put among sequences that steer.
    pub(crate) fn shown<'t>(&self, text: &'t str) -> Cow<'t, str> {
        self.safe(text)
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
        let width = if self.watched { self.width() } else { None };
        let text = columns(&rows, width, |style, text| self.painted(style, text));
        // It fits already, and a link that does not is to stay in its column.
        let safe = self.safe(&text).into_owned();
        self.write(&safe)
    }

    /// Writes one line of a list whose lines begin with a time, below the date where that is a new one. It is
    /// not ours to translate.
    pub(crate) fn dated(&mut self, ms: u64, line: impl Display) -> Result<()> {
        if let Some(day) = self.times.new_day(ms) {
            let day = self.painted(TextStyle::Dim, &day);
            self.foreign(day)?;
        }
        self.foreign(line)
    }

    /// Writes a sentence of ours to standard error. A failure is ignored: there is nowhere left to report
    /// it.
    pub(crate) fn note(&mut self, text: impl Display) {
        let text = text.to_string();
        let text = self.translator().sentence(&text).into_owned();
        self.foreign_note(&text);
    }

    /// Tells a person what is in their language already.
    pub(crate) fn foreign_note(&mut self, text: &str) {
        let safe = printable_lines(text);
        let fitted = self.fitted(&safe).into_owned();
        let _ = writeln!(self.err, "{fitted}");
    }

    /// Says a person, and no script, what may be done next.
    pub(crate) fn hint(&mut self, text: impl Display) {
        if self.watched {
            self.note(text);
        }
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

/// A text for standard error once the terminal of a run is gone.
pub(crate) fn fitted_error(text: &str, environment: &Environment) -> String {
    let safe = printable_lines(text);
    let is_watched = io::stderr().is_terminal();
    match is_watched
        .then(|| width::of_terminal(environment))
        .flatten()
    {
        Some(width) => fitted(&safe, width),
        None => safe.into_owned(),
    }
}

/// <https://no-color.org>: any value but the empty one says no.
fn wants_colors(environment: &Environment, is_terminal: bool) -> bool {
    let objects = environment
        .get("NO_COLOR")
        .is_some_and(|value| !value.is_empty());
    is_terminal && !objects && obeys_escapes(environment)
}

/// Old consoles of Windows print the escape codes instead of obeying them; those that obey set `WT_SESSION`
/// or `TERM`.
fn obeys_escapes(environment: &Environment) -> bool {
    let set = |name| environment.get(name).filter(|value| !value.is_empty());
    match set("TERM") {
        Some(kind) => kind != "dumb",
        None => !cfg!(windows) || set("WT_SESSION").is_some(),
    }
}
