//! The signs by which Discord formats a text
//! (<https://support.discord.com/hc/en-us/articles/210298617>): `**bold**`, `*italic*`, `~~struck~~`, `` `code` ``,
//! ```` ```lines``` ````, `> quote`, `[words](address)`. A backslash takes the meaning of any other sign away, but not
//! within code and not within addresses, where it would be seen.

use std::ops::Range;

use super::{Markup, Span, Style};

/// What stands at a place between the words. The order at one place: first what ends, inner before outer.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Sign {
    Close(std::cmp::Reverse<usize>, String),
    Line,
    Open(usize, String),
}

/// Signs anywhere in a line.
const SIGNS: [char; 7] = ['\\', '*', '_', '~', '`', '|', '<'];

/// Signs at the beginning of a line.
const AT_START: [char; 4] = ['>', '#', '-', '+'];

/// What an address begins with.
const SCHEMES: [&str; 2] = ["https://", "http://"];

/// Keeps three signs for code within code from ending it.
const APART: &str = "`\u{200b}``";

pub(super) fn write(markup: &Markup, mentioned: &[String]) -> String {
    let mut signs: Vec<(usize, Sign)> = Vec::new();
    let mut code: Vec<Range<usize>> = Vec::new();
    for (order, span) in markup.spans.iter().enumerate() {
        match &span.style {
            Style::Quote => signs.extend(lines_of_quote(markup, span)),
            style => {
                let words = trimmed(markup, span);
                let inside = &markup.text[words.clone()];
                if inside.is_empty() {
                    continue;
                }
                let (open, close) = around(style, inside);
                if matches!(style, Style::Code | Style::Block(_)) {
                    code.push(words.clone());
                }
                signs.push((words.start, Sign::Open(order, open)));
                signs.push((words.end, Sign::Close(std::cmp::Reverse(order), close)));
            }
        }
    }
    signs.sort();
    let mut writer = Writer {
        text: &markup.text,
        code,
        mentioned,
        out: String::with_capacity(markup.text.len() + 3 * signs.len()),
    };
    let mut copied = 0;
    for (at, sign) in signs {
        writer.words(copied..at);
        copied = at;
        writer.out.push_str(match &sign {
            Sign::Close(_, sign) | Sign::Open(_, sign) => sign,
            Sign::Line => "> ",
        });
    }
    writer.words(copied..markup.text.len());
    writer.out
}

/// Blanks at the edges take the meaning of some signs away.
fn trimmed(markup: &Markup, span: &Span) -> Range<usize> {
    let words = &markup.text[span.start..span.end];
    let start = span.start + words.len() - words.trim_start().len();
    start..(start + words.trim().len())
}

fn around(style: &Style, words: &str) -> (String, String) {
    let both = |sign: &str| (sign.to_owned(), sign.to_owned());
    match style {
        Style::Bold => both("**"),
        Style::Italic => both("*"),
        Style::Strike => both("~~"),
        Style::Code if words.contains('`') => ("`` ".to_owned(), " ``".to_owned()),
        Style::Code => both("`"),
        Style::Block(language) => {
            let is_name = language
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-#".contains(&byte));
            let language = if is_name { language.as_str() } else { "" };
            (format!("```{language}\n"), "\n```".to_owned())
        }
        Style::Link(url) => {
            let url = url.replace(')', "%29").replace('(', "%28");
            ("[".to_owned(), format!("]({url})"))
        }
        Style::Quote => both(""),
    }
}

fn lines_of_quote<'a>(
    markup: &'a Markup,
    span: &'a Span,
) -> impl Iterator<Item = (usize, Sign)> + 'a {
    let words = &markup.text[span.start..span.end];
    let breaks = words.match_indices('\n').map(|(at, _)| span.start + at + 1);
    std::iter::once(span.start)
        .chain(breaks)
        .map(|at| (at, Sign::Line))
}

struct Writer<'a> {
    text: &'a str,
    code: Vec<Range<usize>>,
    mentioned: &'a [String],
    out: String,
}

impl Writer<'_> {
    /// Writes words between two signs.
    fn words(&mut self, range: Range<usize>) {
        let is_code = self.code.iter().any(|code| code.contains(&range.start));
        if is_code {
            let words = self.text[range].replace("```", APART);
            self.out.push_str(&words);
            return;
        }
        let mut rest = &self.text[range.clone()];
        while let Some(c) = rest.chars().next() {
            let at = range.end - rest.len();
            if let Some(kept) = self.kept(rest) {
                self.out.push_str(&rest[..kept]);
                rest = &rest[kept..];
                continue;
            }
            let starts_line = self.text[..at]
                .trim_end_matches([' ', '\t'])
                .ends_with('\n')
                || self.text[..at].trim().is_empty();
            let is_sign = SIGNS.contains(&c)
                || (starts_line && AT_START.contains(&c))
                || (c == '[' && rest.contains("]("));
            if is_sign {
                self.out.push('\\');
            }
            self.out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }

    /// How much stays as it is: an address, or the mention of somebody who is meant.
    fn kept(&self, rest: &str) -> Option<usize> {
        if SCHEMES.iter().any(|scheme| rest.starts_with(scheme)) {
            let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '<' | '>'));
            return Some(end.unwrap_or(rest.len()));
        }
        let inner = rest.strip_prefix("<@")?;
        let (id, _) = inner.split_once('>')?;
        let is_meant = self.mentioned.iter().any(|one| one == id);
        is_meant.then_some("<@>".len() + id.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        let markup = Markup {
            text: text.to_owned(),
            spans: Vec::new(),
        };
        write(&markup, &["7".to_owned()])
    }

    #[test]
    fn a_plain_text_arrives_as_it_is_written() {
        for (text, written) in [
            ("Olá, tudo bem?", "Olá, tudo bem?"),
            (
                "2*3*4 a_b ~~x~~ `y` ||z||",
                r"2\*3\*4 a\_b \~\~x\~\~ \`y\` \|\|z\|\|",
            ),
            (
                "# no title\n- no item\n> no quote\n1. one",
                "\\# no title\n\\- no item\n\\> no quote\n1. one",
            ),
            ("a - b # c > d", "a - b # c > d"),
            ("<@7> <@8> <#9>", r"<@7> \<@8> \<#9>"),
            (
                "https://a.example/b_c_d*e x_y",
                r"https://a.example/b_c_d*e x\_y",
            ),
            ("[a](https://b)", r"\[a](https://b)"),
            ("[a] b", "[a] b"),
            (r"C:\dir", r"C:\\dir"),
        ] {
            assert_eq!(plain(text), written);
        }
    }

    #[test]
    fn formatting_becomes_signs() {
        let span = |start, end, style| Span { start, end, style };
        let markup = Markup {
            text: "bold link a*b code`x".to_owned(),
            spans: vec![
                span(0, 5, Style::Bold),
                span(5, 9, Style::Link("https://a.example/(b)".to_owned())),
                span(10, 13, Style::Italic),
                span(14, 20, Style::Code),
            ],
        };
        assert_eq!(
            write(&markup, &[]),
            r"**bold** [link](https://a.example/%28b%29) *a\*b* `` code`x ``"
        );
        let block = Markup {
            text: "see\nlet x = *y;\nend".to_owned(),
            spans: vec![
                span(0, 19, Style::Quote),
                span(4, 15, Style::Block("rust".to_owned())),
            ],
        };
        assert_eq!(
            write(&block, &[]),
            "> see\n> ```rust\nlet x = *y;\n```\n> end"
        );
    }
}
