//! Markdown (<https://spec.commonmark.org/0.31.2/>, with the tables, struck words and tasks of
//! <https://github.github.com/gfm/>) as words with formatting, as chats show it: lines stay lines, a heading
//! is bold, an item has a dot, a table is text of one width. Nothing that somebody wrote is left out.

use std::{fmt::Write as _, ops::Range};

use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};

use super::{Markup, Span, Style};

/// Widest table that is drawn in columns, in characters; what is wider would break on a phone.
const WIDEST_TABLE: usize = 60;

/// Addresses that a service makes a link of.
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

pub(super) fn read(source: &str) -> Markup {
    let options =
        Options::ENABLE_TABLES | Options::ENABLE_STRIKETHROUGH | Options::ENABLE_TASKLISTS;
    let mut reader = Reader {
        source,
        ..Reader::default()
    };
    for (event, range) in Parser::new_ext(source, options).into_offset_iter() {
        reader.event(event, &range);
    }
    reader.end()
}

/// The digits at the beginning of an item.
fn digits(item: &str) -> &str {
    let item = item.trim_start();
    let end = item.find(|one: char| !one.is_ascii_digit());
    &item[..end.unwrap_or(item.len())]
}

#[derive(Default)]
struct Reader<'a> {
    source: &'a str,
    text: String,
    /// Every span in the order they were opened; the start is there once something is in it.
    spans: Vec<(Option<usize>, usize, Style)>,
    /// Those that are open, as places in `spans`; none for a tag that opened none.
    open: Vec<Option<usize>>,
    /// The next number of each list, one within the other; none for dots.
    lists: Vec<Option<u64>>,
    /// What stands before the next words: the dot or the number of an item.
    mark: Option<String>,
    /// Line breaks before the next words.
    gap: usize,
    /// Where in the source the last words ended.
    last: usize,
    table: Option<Vec<Vec<String>>>,
}

impl<'a> Reader<'a> {
    fn event(&mut self, event: Event<'a>, range: &Range<usize>) {
        match event {
            Event::Start(tag) => self.start(tag, range),
            Event::End(tag) => self.finish(tag, range),
            // The last three are never there: their options are off.
            Event::Text(text)
            | Event::Html(text)
            | Event::InlineHtml(text)
            | Event::InlineMath(text)
            | Event::DisplayMath(text)
            | Event::FootnoteReference(text) => {
                self.say(&text, range);
            }
            Event::Code(text) => {
                self.open(Style::Code);
                self.say(&text, range);
                self.close();
            }
            Event::SoftBreak | Event::HardBreak => self.say("\n", range),
            Event::Rule => {
                self.block(range);
                self.say("———", range);
            }
            Event::TaskListMarker(is_done) => {
                self.mark = Some(self.indented(if is_done { "☑ " } else { "☐ " }));
            }
        }
    }

    fn start(&mut self, tag: Tag<'a>, range: &Range<usize>) {
        match tag {
            // In a chat, words that are set in are words.
            Tag::Paragraph | Tag::HtmlBlock | Tag::CodeBlock(CodeBlockKind::Indented) => {
                self.block(range);
            }
            Tag::Heading { .. } => {
                self.block(range);
                self.open(Style::Bold);
            }
            Tag::BlockQuote(_) => {
                self.block(range);
                self.open(Style::Quote);
            }
            Tag::CodeBlock(CodeBlockKind::Fenced(language)) => {
                self.block(range);
                let language = language.split_whitespace().next().unwrap_or_default();
                self.open(Style::Block(language.to_owned()));
            }
            Tag::List(first) => self.lists.push(first),
            Tag::Item => self.item(range),
            // `2*3*4` multiplies.
            Tag::Emphasis if self.is_within_word(range) => {
                self.write("*");
                self.open.push(None);
            }
            Tag::Emphasis => self.open(Style::Italic),
            Tag::Strong => self.open(Style::Bold),
            Tag::Strikethrough => self.open(Style::Strike),
            Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. } => {
                self.open(Style::Link(dest_url.into_string()));
            }
            Tag::Table(_) => {
                self.block(range);
                self.table = Some(Vec::new());
            }
            Tag::TableHead | Tag::TableRow => {
                self.table.iter_mut().for_each(|rows| rows.push(Vec::new()));
            }
            Tag::TableCell => self.row().push(String::new()),
            _ => {}
        }
    }

    fn finish(&mut self, tag: TagEnd, range: &Range<usize>) {
        match tag {
            TagEnd::Emphasis if self.is_within_word(range) => {
                self.close();
                self.write("*");
            }
            TagEnd::Heading(_)
            | TagEnd::BlockQuote(_)
            | TagEnd::Emphasis
            | TagEnd::Strong
            | TagEnd::Strikethrough => self.close(),
            TagEnd::CodeBlock => {
                let length = self.text.trim_end_matches('\n').len();
                self.text.truncate(length);
                // One that was set in has opened nothing.
                if self.is_within(|style| matches!(style, Style::Block(_))) {
                    self.close();
                }
                let block = &self.source[range.clone()];
                self.last = range.start + block.trim_end().len();
            }
            TagEnd::HtmlBlock => {
                let length = self.text.trim_end_matches('\n').len();
                self.text.truncate(length);
            }
            TagEnd::Link | TagEnd::Image => self.end_link(),
            TagEnd::List(_) => drop(self.lists.pop()),
            TagEnd::Item => {
                // One without words is an item too.
                self.write("");
            }
            TagEnd::Table => self.end_table(range),
            _ => {}
        }
    }

    /// Begins a new line, and leaves one empty where the source has one.
    fn block(&mut self, range: &Range<usize>) {
        if self.mark.is_some() || self.text.is_empty() {
            return;
        }
        let between = self.source.get(self.last..range.start).unwrap_or_default();
        let breaks = between.bytes().filter(|byte| *byte == b'\n').count();
        self.gap = breaks.clamp(1, 2);
    }

    fn item(&mut self, range: &Range<usize>) {
        // An item right within an item stands on a line of its own.
        if self.mark.is_some() {
            self.write("");
        }
        self.block(range);
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let written = digits(&self.source[range.clone()]);
                // As it was written, where that is its number: 007 stays so.
                let is_its = written.parse() == Ok(*number);
                let mark = if is_its {
                    format!("{written}. ")
                } else {
                    format!("{number}. ")
                };
                *number += 1;
                mark
            }
            _ => "• ".to_owned(),
        };
        self.mark = Some(self.indented(&mark));
    }

    fn indented(&self, mark: &str) -> String {
        let within = self.lists.len().saturating_sub(1).min(4);
        "  ".repeat(within) + mark
    }

    fn say(&mut self, text: &str, range: &Range<usize>) {
        self.last = range.start + self.source[range.clone()].trim_end().len();
        self.write(text);
    }

    fn write(&mut self, text: &str) {
        if let Some(rows) = &mut self.table {
            if let Some(cell) = rows.last_mut().and_then(|row| row.last_mut()) {
                cell.push_str(text);
            }
            return;
        }
        if let Some(mark) = self.mark.take() {
            self.end_gap();
            self.text.push_str(&mark);
        }
        if text.is_empty() {
            return;
        }
        self.end_gap();
        for at in self.open.iter().flatten() {
            self.spans[*at].0.get_or_insert(self.text.len());
        }
        self.text.push_str(text);
    }

    fn end_gap(&mut self) {
        let breaks = std::mem::take(&mut self.gap);
        self.text.extend(std::iter::repeat_n('\n', breaks));
    }

    /// Opens a style, unless the words have it already: no service puts one into itself.
    fn open(&mut self, style: Style) {
        if self.table.is_some() || self.is_within(|open| *open == style) {
            self.open.push(None);
            return;
        }
        self.open.push(Some(self.spans.len()));
        self.spans.push((None, 0, style));
    }

    fn is_within(&self, is: impl Fn(&Style) -> bool) -> bool {
        self.open.iter().flatten().any(|at| is(&self.spans[*at].2))
    }

    /// Whether a letter or a digit is right before or behind it.
    fn is_within_word(&self, range: &Range<usize>) -> bool {
        let before = self.source[..range.start].chars().next_back();
        let after = self.source[range.end..].chars().next();
        let is_of_word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        is_of_word(before) || is_of_word(after)
    }

    fn close(&mut self) {
        if let Some(at) = self.open.pop().flatten() {
            self.spans[at].1 = self.text.len();
        }
    }

    fn end_link(&mut self) {
        let Some(at) = self.open.last().copied().flatten() else {
            return self.close();
        };
        let (start, _, style) = &self.spans[at];
        let is_empty = start.is_none();
        let Style::Link(url) = style else {
            return self.close();
        };
        let url = url.clone();
        if is_empty {
            self.write(&url);
        }
        self.close();
        let lower = url.to_ascii_lowercase();
        if SCHEMES.iter().any(|scheme| lower.starts_with(scheme)) {
            return;
        }
        // What no service links stands behind the words.
        self.spans[at].0 = None;
        if !is_empty && !url.is_empty() {
            self.write(&format!(" ({url})"));
        }
    }

    fn row(&mut self) -> &mut Vec<String> {
        let rows = self.table.get_or_insert_default();
        if rows.is_empty() {
            rows.push(Vec::new());
        }
        let last = rows.len() - 1;
        &mut rows[last]
    }

    fn end_table(&mut self, range: &Range<usize>) {
        let rows = self.table.take().unwrap_or_default();
        let text = columns(&rows);
        self.open(Style::Block(String::new()));
        self.write(&text);
        self.close();
        let table = &self.source[range.clone()];
        self.last = range.start + table.trim_end().len();
    }

    fn end(self) -> Markup {
        let length = self.text.trim_end().len();
        let mut text = self.text;
        text.truncate(length);
        let whole = self.spans.into_iter().filter_map(|(start, end, style)| {
            let (start, end) = (start?, end.min(length));
            (start < end).then_some(Span { start, end, style })
        });
        Markup {
            spans: whole.collect(),
            text,
        }
    }
}

/// A table as lines, its columns below each other where that is narrow enough.
fn columns(rows: &[Vec<String>]) -> String {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |at: usize| {
        let cells = rows.iter().filter_map(|row| row.get(at));
        cells
            .map(|cell| cell.chars().count())
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = (0..count).map(width).collect();
    let is_narrow = widths.iter().sum::<usize>() + 3 * count <= WIDEST_TABLE;
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (at, (cell, width)) in row.iter().zip(&widths).enumerate() {
            let width = if is_narrow { *width } else { 0 };
            let between = if at == 0 { "" } else { " | " };
            let _ = write!(line, "{between}{cell:width$}");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text.trim_end().to_owned()
}
