//! The texts of a Rust file that a person may get to read, in the form that the table has them in.

use std::collections::HashSet;

use super::{
    exempt::{self, Silence},
    tokens::{Kind, Token, tokens},
};

/// A text of the source as a key of the table.
#[derive(Debug, Clone)]
pub(super) struct Found {
    pub key: String,
    pub line: usize,
    /// Whether the table must have it; other texts it may have.
    pub needed: bool,
}

/// Macros whose first text has placeholders.
const FORMATS: &[&str] = &[
    "format",
    "write",
    "writeln",
    "format_args",
    "print",
    "println",
];

/// Macros in which no text is for people that the program talks to.
const SILENT_MACROS: &[&str] = &[
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "unreachable",
    "panic",
    "include_str",
    "include_bytes",
    "env",
    "option_env",
    "cfg",
    "matches",
    "todo",
];

/// Calls whose texts are for whoever develops the program.
const SILENT_CALLS: &[&str] = &["expect", "expect_err"];

/// Calls whose texts people read, also where they are single words: what was done with a file, and words
/// in columns.
const WORD_CALLS: &[&str] = &[
    "file",
    "word",
    "terminal.line",
    "terminal.note",
    "page.section",
];

/// Methods of logs, of whatever holds one.
const LOG_CALLS: &[&str] = &["error", "warn", "info", "debug", "warn_limited", "limited"];

/// The texts of a file, without those of tests, attributes, logs and panics.
pub(super) fn sentences(path: &str, source: &str) -> Vec<Found> {
    let tokens = without_tests(tokens(source));
    let silent = silent(path, &tokens);
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let Kind::Text(text) = &token.kind else {
            continue;
        };
        if silent.contains(&at) {
            // An example may be another in the other language.
            if text.starts_with("cleudocodebot ") {
                let (key, line, needed) = (of_plain(text), token.line, false);
                found.push(Found { key, line, needed });
            }
            continue;
        }
        let key = if is_format(&tokens, at) {
            of_format(text)
        } else {
            of_plain(text)
        };
        let is_known_place =
            is_word_of_ours(&tokens, at) && bare(&key).contains(char::is_alphabetic);
        let is_formatted = is_format(&tokens, at) && is_word_with_value(&key);
        let needed =
            (is_known_place || is_formatted || is_sentence(&key)) && !exempt::is_exempt(path, &key);
        found.push(Found {
            key,
            line: token.line,
            needed,
        });
    }
    found
}

/// The tokens without attributes, and without each item behind `#[cfg(test)]`.
fn without_tests(all: Vec<Token>) -> Vec<Token> {
    let mut kept = Vec::new();
    let mut rest = all.into_iter().peekable();
    while let Some(token) = rest.next() {
        let inner = token.is_mark('#') && rest.peek().is_some_and(|next| next.is_mark('!'));
        if inner {
            rest.next();
        }
        if !(token.is_mark('#') && rest.peek().is_some_and(|next| next.is_mark('['))) {
            kept.push(token);
            continue;
        }
        let attribute = item(&mut rest, &[']']);
        let names: Vec<&str> = attribute.iter().filter_map(Token::name).collect();
        let is_test = names.contains(&"test") && !names.contains(&"not");
        if !inner && (is_test || names == ["cfg", "fuzzing"]) {
            item(&mut rest, &[';', '}']);
        }
    }
    kept
}

/// Takes tokens up to the first of these marks that is not inside brackets.
fn item(rest: &mut impl Iterator<Item = Token>, ends: &[char]) -> Vec<Token> {
    let (mut taken, mut depth) = (Vec::new(), 0);
    for token in rest {
        let mark = match token.kind {
            Kind::Mark(mark) => mark,
            _ => ' ',
        };
        depth += i32::from("([{".contains(mark)) - i32::from(")]}".contains(mark));
        taken.push(token);
        if depth == 0 && ends.contains(&mark) {
            break;
        }
    }
    taken
}

/// Words that are the same in both languages.
const SAME_WORDS: &[&str] = &[
    "bytes",
    "cleudocodebot",
    "min",
    "ms",
    "payload",
    "pi",
    "pid",
    "status",
    "webhook",
];

/// Whether a text is one word of ours and a value: `paused: {reason}`. Parts of lines in a protocol have other
/// marks in them, names are written large, and what begins with a bracket is said in the place of a content.
fn is_word_with_value(key: &str) -> bool {
    let word = |word: &str| {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        bare.len() > 1
            && !word.starts_with(['-', '['])
            && bare.chars().all(|c| c.is_ascii_lowercase())
            && !SAME_WORDS.contains(&bare)
    };
    key.contains('{')
        && !key.contains("{{")
        && !key.contains(['=', '/', '['])
        && bare(key).split(' ').any(word)
        && key.contains(' ')
}

/// Indices of tokens inside calls and macros that say nothing to users.
fn silent(path: &str, tokens: &[Token]) -> HashSet<usize> {
    let mut silent = HashSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let table = token.name().and_then(|name| table(path, tokens, at, name));
        if let Some((start, silence)) = table {
            let end = end_of(tokens, start);
            silent
                .extend((start..end).filter(|at| silence == Silence::All || is_first(tokens, *at)));
        }
        if !token.is_mark('(') && !token.is_mark('[') && !token.is_mark('{') {
            continue;
        }
        let call = called(tokens, at);
        // What logs has a target before its text; other functions of that name have a text alone.
        let is_log =
            |call: &str| call.rsplit('.').next() != Some("error") || tokens[at + 2].is_mark(',');
        if call.is_some_and(|call| is_silent(path, &call) && is_log(&call)) {
            silent.extend(at..end_of(tokens, at));
        }
    }
    silent
}

/// Where the table begins that this name has, if it is one whose texts are not all for people: how a
/// command is called, and its examples, of which the first is the line to type.
fn table(path: &str, tokens: &[Token], at: usize, name: &str) -> Option<(usize, Silence)> {
    let is_field = tokens.get(at + 1).is_some_and(|next| next.is_mark(':'));
    let silence = match name {
        "usage" if is_field => Silence::All,
        "examples" if is_field => Silence::First,
        _ => exempt::silent_const(path, name).filter(|_| is_field)?,
    };
    // Behind its type, where it has one.
    let is_const = at > 0 && tokens[at - 1].name() == Some("const");
    let value = if is_const {
        at + tokens[at..].iter().position(|token| token.is_mark('='))?
    } else {
        at
    };
    let start = value
        + tokens[value..]
            .iter()
            .take(4)
            .position(|token| token.is_mark('['))?;
    Some((start, silence))
}

/// Whether this is the first of a row, `("this", …)`.
fn is_first(tokens: &[Token], at: usize) -> bool {
    at > 0 && tokens[at - 1].is_mark('(')
}

/// What is called by the bracket at this place: `log.info`, `.expect`, `assert!`, `function`.
fn called(tokens: &[Token], at: usize) -> Option<String> {
    let name = |back: usize| at.checked_sub(back).and_then(|at| tokens[at].name());
    let mark = |back: usize, mark| {
        at.checked_sub(back)
            .is_some_and(|at| tokens[at].is_mark(mark))
    };
    if mark(1, '!') {
        return Some(format!("{}!", name(2)?));
    }
    let own = name(1)?;
    if mark(2, '.') {
        let receiver = name(3).unwrap_or_default();
        return Some(format!("{receiver}.{own}"));
    }
    Some(own.to_owned())
}

fn is_silent(path: &str, call: &str) -> bool {
    if let Some(name) = call.strip_suffix('!') {
        return SILENT_MACROS.contains(&name) || exempt::is_silent_call(path, call);
    }
    let (receiver, method) = call.rsplit_once('.').unwrap_or(("", call));
    LOG_CALLS.contains(&method) && !receiver.is_empty()
        || (call.contains('.') && SILENT_CALLS.contains(&method))
        || exempt::is_silent_call(path, call)
}

/// One behind the bracket that closes the one at this place.
fn end_of(tokens: &[Token], at: usize) -> usize {
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate().skip(at) {
        if let Kind::Mark(mark) = token.kind {
            depth += i32::from("([{".contains(mark)) - i32::from(")]}".contains(mark));
        }
        if depth == 0 {
            return index + 1;
        }
    }
    tokens.len()
}

/// Whether the text here is the first of a macro that formats.
fn is_format(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0;
    for index in (0..at).rev() {
        match tokens[index].kind {
            Kind::Mark(')' | ']' | '}') => depth += 1,
            Kind::Mark('(' | '[' | '{') if depth > 0 => depth -= 1,
            Kind::Mark('(') => {
                let call = called(tokens, index).unwrap_or_default();
                return call
                    .strip_suffix('!')
                    .is_some_and(|name| FORMATS.contains(&name));
            }
            Kind::Mark('[' | '{') => return false,
            Kind::Text(_) if depth == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Whether the text here is an argument of one of the [`WORD_CALLS`].
fn is_word_of_ours(tokens: &[Token], at: usize) -> bool {
    let mut depth = 0;
    for index in (0..at).rev() {
        match tokens[index].kind {
            Kind::Mark(')' | ']' | '}') => depth += 1,
            Kind::Mark('(' | '[' | '{') if depth > 0 => depth -= 1,
            Kind::Mark('(') => {
                let call = called(tokens, index).unwrap_or_default();
                if call != "format!" {
                    return WORD_CALLS.contains(&call.as_str())
                        || call
                            .rsplit_once('.')
                            .is_some_and(|(_, name)| name == "word");
                }
            }
            Kind::Mark('[' | '{' | ';') => return false,
            _ => {}
        }
    }
    false
}

/// The key of a text with placeholders: `{}` counts up, and how a value is written is left out.
fn of_format(text: &str) -> String {
    let (mut key, mut count) = (String::new(), 0);
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        key.push_str(&rest[..at]);
        let doubled = rest[at..].starts_with("{{") || rest[at..].starts_with("}}");
        if doubled {
            key.push_str(&rest[at..at + 2]);
            rest = &rest[at + 2..];
            continue;
        }
        let end = at + rest[at..].find('}').expect("the end of a placeholder");
        let name = rest[at + 1..end].split(':').next().unwrap_or_default();
        if name.is_empty() {
            count += 1;
            key.push_str(&format!("{{{count}}}"));
        } else if let Ok(index) = name.parse::<usize>() {
            key.push_str(&format!("{{{}}}", index + 1));
        } else {
            key.push_str(&format!("{{{name}}}"));
        }
        rest = &rest[end + 1..];
    }
    key + rest
}

/// The key of a text without placeholders, whose braces stand for themselves.
fn of_plain(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}

/// Whether a text is one that people read: two words of letters with a blank between them, outside of
/// its placeholders. Names of commands, of headers and of types have none.
fn is_sentence(key: &str) -> bool {
    let word = |word: &str| {
        let word = word.trim_matches(|c: char| !c.is_alphanumeric());
        word.chars().all(|c| c.is_alphabetic() || "'-".contains(c))
            && word.chars().filter(|c| c.is_lowercase()).count() >= 2
    };
    !key.contains("\r\n")
        && bare(key)
            .split_whitespace()
            .filter(|part| word(part))
            .count()
            >= 2
}

/// A key without its placeholders.
pub(super) fn bare(key: &str) -> String {
    let mut bare = String::new();
    let mut depth = 0;
    for c in key.chars() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 {
            bare.push(if c == '}' { '\u{1}' } else { c });
        }
    }
    bare
}
