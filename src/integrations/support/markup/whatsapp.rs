//! The signs by which `WhatsApp` formats a text (<https://faq.whatsapp.com/539178204879377>): `*bold*`,
//! `_italic_`, `~struck~`, `` `code` ``, ```` ```lines``` ````, `> quote`. They work within a line and at the
//! edges of words alone, and there is no sign to take their meaning away: where one would not work, it is
//! left out, and the words stay.

use std::ops::Range;

use super::{Markup, Span, Style};

/// What stands at a place between the words. The order at one place: first what ends, inner before outer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Close(std::cmp::Reverse<usize>, &'static str),
    Address(String),
    Line,
    Open(usize, &'static str),
}

pub(super) fn write(markup: &Markup) -> String {
    let mut signs: Vec<(usize, Sign)> = Vec::new();
    for (order, span) in markup.spans.iter().enumerate() {
        match &span.style {
            Style::Quote => signs.extend(lines_of_quote(markup, span)),
            Style::Block(_) => around(&mut signs, order, "```", span.start..span.end),
            Style::Link(_) => {}
            style => {
                let sign = sign(style);
                for stretch in stretches(markup, span, sign) {
                    around(&mut signs, order, sign, stretch);
                }
            }
        }
    }
    let addresses = markup.addresses().into_iter();
    signs.extend(addresses.map(|(at, address)| (at, Sign::Address(address))));
    signs.sort();
    let mut out = String::with_capacity(markup.text.len() + 3 * signs.len());
    let mut copied = 0;
    for (at, sign) in signs {
        out.push_str(&markup.text[copied..at]);
        copied = at;
        out.push_str(match &sign {
            Sign::Close(_, sign) | Sign::Open(_, sign) => sign,
            Sign::Address(address) => address,
            Sign::Line => "> ",
        });
    }
    out.push_str(&markup.text[copied..]);
    out
}

fn sign(style: &Style) -> &'static str {
    match style {
        Style::Bold => "*",
        Style::Italic => "_",
        Style::Strike => "~",
        Style::Block(_) => "```",
        _ => "`",
    }
}

fn around(signs: &mut Vec<(usize, Sign)>, order: usize, sign: &'static str, stretch: Range<usize>) {
    signs.push((stretch.start, Sign::Open(order, sign)));
    signs.push((stretch.end, Sign::Close(std::cmp::Reverse(order), sign)));
}

/// Where the lines of a quote begin. A block of code within it goes on as it is.
fn lines_of_quote<'a>(
    markup: &'a Markup,
    span: &'a Span,
) -> impl Iterator<Item = (usize, Sign)> + 'a {
    let is_code = |at: usize| {
        let blocks = markup.spans.iter();
        let mut blocks = blocks.filter(|one| matches!(one.style, Style::Block(_)));
        blocks.any(|one| one.start < at && at < one.end)
    };
    let words = &markup.text[span.start..span.end];
    let breaks = words.match_indices('\n').map(|(at, _)| span.start + at + 1);
    let starts = std::iter::once(span.start).chain(breaks);
    starts
        .filter(move |at| !is_code(*at))
        .map(|at| (at, Sign::Line))
}

/// The parts of a span, line by line, in which the sign works.
fn stretches(markup: &Markup, span: &Span, sign: &str) -> Vec<Range<usize>> {
    let text = &markup.text;
    let mut found = Vec::new();
    let mut start = span.start;
    for line in text[span.start..span.end].split_inclusive('\n') {
        let words = line.trim();
        let from = start + line.len() - line.trim_start().len();
        let stretch = from..from + words.len();
        start += line.len();
        let before = text[..stretch.start].chars().next_back();
        let after = text[stretch.end..].chars().next();
        let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
        if !words.is_empty() && !words.contains(sign) && is_edge(before) && is_edge(after) {
            found.push(stretch);
        }
    }
    found
}
