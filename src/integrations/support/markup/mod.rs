//! Texts with formatting: words, and beside them which of them are bold, code, a link. So a text is cut
//! where its words allow, and written in the dialect of each service.
//!
//! A message says by `meta.format` what its text is written in (`send` with `format`). Not here: how the
//! page draws it (`src/web/model/markdown.js`).

mod discord;
#[cfg(feature = "markdown")]
mod markdown;
#[cfg(test)]
mod tests;
mod whatsapp;

use std::ops::Range;

use super::split::{Measure, ranges};
use crate::message::Message;

/// What a stretch of words is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Style {
    /// Fat.
    Bold,
    /// Slanted.
    Italic,
    /// Struck through.
    Strike,
    /// Code within a line.
    Code,
    /// Lines of code, or a table; the language where it was named.
    Block(String),
    /// What somebody else said.
    Quote,
    /// Words with this address behind them.
    Link(String),
}

/// A stretch of words, in bytes of the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// The first of them.
    pub start: usize,
    /// The one behind them.
    pub end: usize,
    /// What they are.
    pub style: Style,
}

/// Words and their formatting.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Markup {
    /// The words without any sign.
    pub text: String,
    /// In the order they begin, those around others first. None is empty, none crosses another.
    pub spans: Vec<Span>,
}

impl Markup {
    /// The text of a message with its formatting, where it says that it has any.
    pub fn of(message: &Message) -> Option<Self> {
        #[cfg(feature = "markdown")]
        if message.is_markdown() {
            return Some(markdown::read(&message.text)).filter(|made| !made.text.trim().is_empty());
        }
        let _ = message;
        None
    }

    /// A part of it.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Self {
        let inside = |span: &Span| {
            let (start, end) = (span.start.max(range.start), span.end.min(range.end));
            (start < end).then(|| Span {
                start: start - range.start,
                end: end - range.start,
                style: span.style.clone(),
            })
        };
        Self {
            spans: self.spans.iter().filter_map(inside).collect(),
            text: self.text[range].to_owned(),
        }
    }

    /// Its parts, the words of none longer than `limit`.
    pub fn split(&self, limit: usize, measure: Measure) -> Vec<Self> {
        let ranges = ranges(&self.text, limit, measure).into_iter();
        ranges.map(|range| self.slice(range)).collect()
    }

    /// The words alone, the addresses of links behind them: ` (URL)`.
    pub fn plain(&self) -> String {
        let mut out = String::with_capacity(self.text.len());
        let mut copied = 0;
        for (at, address) in self.addresses() {
            out.push_str(&self.text[copied..at]);
            out.push_str(&address);
            copied = at;
        }
        out.push_str(&self.text[copied..]);
        out
    }

    /// What is said behind the words of links, and where, in order. Nothing where the words are the address.
    fn addresses(&self) -> Vec<(usize, String)> {
        let links = self.spans.iter().filter_map(|span| match &span.style {
            Style::Link(url) => Some((span, url)),
            _ => None,
        });
        let told = links.filter(|(span, url)| {
            let words = self.text[span.start..span.end].trim();
            let rest = url.strip_prefix("mailto:").unwrap_or(url);
            words != *url && words != rest
        });
        let mut all: Vec<_> = told
            .map(|(span, url)| (span.end, format!(" ({url})")))
            .collect();
        all.sort_by_key(|(at, _)| *at);
        all
    }
}

/// The parts of a message's text as Discord writes it, none longer than `limit` characters. A text without markdown
/// arrives as it is: what would be a sign there is escaped, except the mentions of these people.
pub fn discord(message: &Message, limit: usize, mentioned: &[String]) -> Vec<String> {
    let markup = Markup::of(message).unwrap_or_else(|| Markup {
        text: message.text.clone(),
        spans: Vec::new(),
    });
    let mut room = limit;
    loop {
        let parts = markup.split(room, Measure::Chars);
        let parts: Vec<_> = parts
            .iter()
            .map(|part| discord::write(part, mentioned))
            .collect();
        if parts.iter().all(|part| Measure::Chars.of(part) <= limit) {
            return parts;
        }
        // Signs, escapes and addresses come on top of the words.
        if room < 128 {
            return super::split::split(&markup.plain(), limit, Measure::Chars);
        }
        room -= room / 4;
    }
}

/// The parts of a message's text as `WhatsApp` writes them, none longer than `limit` characters.
pub fn whatsapp(message: &Message, text: &str, limit: usize) -> Vec<String> {
    let Some(markup) = Markup::of(message).filter(|_| text == message.text) else {
        return super::split::split(text, limit, Measure::Chars);
    };
    let mut room = limit;
    loop {
        let parts = markup.split(room, Measure::Chars);
        let parts: Vec<_> = parts.iter().map(whatsapp::write).collect();
        if parts.iter().all(|part| Measure::Chars.of(part) <= limit) {
            return parts;
        }
        // Signs and addresses come on top of the words.
        if room < 128 {
            return super::split::split(&markup.plain(), limit, Measure::Chars);
        }
        room -= room / 4;
    }
}

/// The text of a message for a service without formatting.
pub fn plain(message: &Message) -> Option<String> {
    Markup::of(message).map(|markup| markup.plain())
}
