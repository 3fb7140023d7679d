//! A manual page in the macros of `man(7)`, which every reader of pages knows.

use std::fmt::Write as _;

use crate::language::Translator;

/// A page under construction.
pub(super) struct Page {
    text: String,
    translator: Translator,
}

impl Page {
    /// The head of a page: its name, what that is, and the program's version. Whatever is said on it is said in
    /// the language of `translator`.
    pub(super) fn new(name: &str, summary: &str, version: &str, translator: Translator) -> Self {
        let mut page = Self {
            text: String::new(),
            translator,
        };
        let summary = translator.word(summary);
        let (title, version) = (escaped(&name.to_uppercase()), escaped(version));
        // Without a date: the same program writes the same page.
        let _ = writeln!(
            page.text,
            ".TH \"{title}\" 1 \"\" \"{version}\" \"{}\"",
            escaped(&translator.word("User Commands"))
        );
        page.section("NAME");
        let _ = writeln!(page.text, "{} \\- {}", escaped(name), escaped(&summary));
        page
    }

    /// A heading.
    pub(super) fn section(&mut self, title: &str) {
        let title = self.translator.word(title);
        let _ = writeln!(self.text, ".SH {}", escaped(&title));
    }

    /// A way to call a command, its name in bold, on a line of its own.
    pub(super) fn command(&mut self, name: &str, arguments: &str) {
        let is_first = self
            .text
            .lines()
            .last()
            .is_some_and(|line| line.starts_with(".SH"));
        let line_break = if is_first { "" } else { ".br\n" };
        let (name, arguments) = (escaped(name), escaped(arguments));
        let line = format!("{line_break}\\fB{name}\\fR {arguments}");
        let _ = writeln!(self.text, "{}", line.trim_end());
    }

    /// Lines that are filled.
    pub(super) fn text(&mut self, text: &str) {
        let text = self.translator.word(text);
        for line in text.lines() {
            let _ = writeln!(self.text, "{}", escaped(line.trim()));
        }
    }

    /// A word in bold and, indented, what it is.
    pub(super) fn item(&mut self, word: &str, about: &str) {
        let about = self.translator.word(about);
        let _ = writeln!(
            self.text,
            ".TP\n\\fB{}\\fR\n{}",
            escaped(word),
            escaped(&about)
        );
    }

    /// A line to type, and what it does.
    pub(super) fn example(&mut self, line: &str, what: &str) {
        let what = self.translator.word(what);
        let _ = writeln!(
            self.text,
            ".TP\n{}\n\\fB{}\\fR",
            escaped(&what),
            escaped(line)
        );
    }

    /// The whole page.
    pub(super) fn finish(self) -> String {
        self.text
    }
}

/// The text so that nothing in it means anything to the formatter, and a dash is one that can be copied.
fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    if text.starts_with(['.', '\'']) {
        safe.push_str("\\&");
    }
    for c in text.chars() {
        match c {
            '\\' => safe.push_str("\\e"),
            '-' => safe.push_str("\\-"),
            '"' => safe.push_str("\\(dq"),
            '\'' => safe.push_str("\\(aq"),
            '`' => safe.push_str("\\(ga"),
            '^' => safe.push_str("\\(ha"),
            '~' => safe.push_str("\\(ti"),
            '…' => safe.push_str("..."),
            _ => safe.push(c),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_text_means_anything_to_the_formatter() {
        assert_eq!(escaped(".env -c \\"), "\\&.env \\-c \\e");
        assert_eq!(escaped("'a' ~/.x"), "\\&\\(aqa\\(aq \\(ti/.x");
    }
}
