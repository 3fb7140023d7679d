//! The tokens of a Rust file, as far as finding the texts in it needs them: names, texts, and marks.

/// One token and the line it begins at.
pub(super) struct Token {
    pub kind: Kind,
    pub line: usize,
}

pub(super) enum Kind {
    /// A name, a keyword, or a number.
    Name(String),
    /// The value of a text.
    Text(String),
    /// Anything else, one character of it.
    Mark(char),
}

impl Token {
    pub(super) fn is_mark(&self, mark: char) -> bool {
        matches!(self.kind, Kind::Mark(own) if own == mark)
    }

    pub(super) fn name(&self) -> Option<&str> {
        match &self.kind {
            Kind::Name(name) => Some(name),
            _ => None,
        }
    }
}

/// All tokens of a file; comments, characters and byte texts are left out.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (length, kind) = next(first, rest);
        if let Some(kind) = kind {
            found.push(Token { kind, line });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    found
}

/// Bytes of what stands here, and its token, unless it is left out.
fn next(first: char, rest: &str) -> (usize, Option<Kind>) {
    match first {
        '/' if rest.starts_with("//") => (rest.find('\n').unwrap_or(rest.len()), None),
        '/' if rest.starts_with("/*") => (rest.find("*/").map_or(rest.len(), |at| at + 2), None),
        '"' => {
            let length = quoted(rest);
            (length, Some(Kind::Text(unescaped(&rest[1..length - 1]))))
        }
        '\'' => (character(rest), None),
        'r' if raw_marks(&rest[1..]).is_some() => {
            let marks = raw_marks(&rest[1..]).unwrap_or(0);
            let (start, end) = raw(rest, 1, marks);
            let text = rest[start..end].to_owned();
            (end + 1 + marks, Some(Kind::Text(text)))
        }
        'b' if rest.starts_with("b\"") => (1 + quoted(&rest[1..]), None),
        'b' if rest.starts_with("b'") => (1 + character(&rest[1..]), None),
        'b' if rest.starts_with("br") && raw_marks(&rest[2..]).is_some() => {
            let marks = raw_marks(&rest[2..]).unwrap_or(0);
            (raw(rest, 2, marks).1 + 1 + marks, None)
        }
        c if is_name(c) => {
            let length = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            (length, Some(Kind::Name(rest[..length].to_owned())))
        }
        c if c.is_whitespace() => (c.len_utf8(), None),
        c => (c.len_utf8(), Some(Kind::Mark(c))),
    }
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// Bytes of the text that begins here, with its quotes.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        if c == '"' && !escaped {
            return at + 1;
        }
        escaped = c == '\\' && !escaped;
    }
    panic!("a text without end: {}", &text[..text.len().min(60)]);
}

/// Bytes of the character that begins here; of a lifetime, its apostrophe.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(1, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 1,
    }
}

/// How many `#` a raw text here has.
fn raw_marks(text: &str) -> Option<usize> {
    let marks = text.chars().take_while(|c| *c == '#').count();
    text[marks..].starts_with('"').then_some(marks)
}

/// Where the inside of a raw text starts and ends.
fn raw(text: &str, prefix: usize, marks: usize) -> (usize, usize) {
    let start = prefix + marks + 1;
    let end = format!("\"{}", "#".repeat(marks));
    let inside = text[start..].find(&end).expect("an end of the raw text");
    (start, start + inside)
}

/// The value of what stands between the quotes (Rust reference, "String literals").
fn unescaped(inside: &str) -> String {
    let mut value = String::new();
    let mut chars = inside.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            value.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => value.push('\n'),
            Some('t') => value.push('\t'),
            Some('r') => value.push('\r'),
            Some('0') => value.push('\0'),
            Some('\n') => while chars.next_if(|c| c.is_whitespace()).is_some() {},
            Some('x') => {
                let code: String = chars.by_ref().take(2).collect();
                value.extend(hex(&code));
            }
            Some('u') => {
                let code: String = chars.by_ref().take_while(|c| *c != '}').collect();
                value.extend(hex(code.trim_start_matches('{')));
            }
            Some(other) => value.push(other),
            None => {}
        }
    }
    value
}

fn hex(code: &str) -> Option<char> {
    u32::from_str_radix(code, 16).ok().and_then(char::from_u32)
}
