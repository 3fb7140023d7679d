//! A model of how `cmd` parses a line, for tests: variables are expanded first, then quotes and operators
//! are recognised, then words are split. It follows Microsoft's documentation of `cmd` and what is known
//! about its parser phases.

use std::collections::BTreeMap;

/// Where a line is read, which decides what `%%` and unknown variables become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineContext {
    /// In a batch file in this folder, which ends in a backslash.
    Batch(&'static str),
    /// After `cmd /c`.
    CommandLine,
}

/// A parsed line: the words as programs see them, and the operators that have an effect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ParsedLine {
    pub(super) words: Vec<String>,
    pub(super) operators: Vec<char>,
}

/// Phase 1: expands `%NAME%`, `%~dp0` and `%%`. Inserted text is not expanded again.
pub(super) fn expand(line: &str, context: LineContext, variables: &BTreeMap<&str, &str>) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let LineContext::Batch(folder) = context {
            if let Some(after) = rest.strip_prefix('%') {
                out.push('%');
                rest = after;
                continue;
            }
            if let Some(after) = rest.strip_prefix("~dp0") {
                out.push_str(folder);
                rest = after;
                continue;
            }
        }
        let named = rest
            .split_once('%')
            .and_then(|(name, after)| Some((variables.get(name)?, after)));
        match named {
            Some((value, after)) => {
                out.push_str(value);
                rest = after;
            }
            // A lone `%` vanishes in a batch file and stays on a command line.
            None if context == LineContext::CommandLine => out.push('%'),
            None => {}
        }
    }
    out + rest
}

/// Phase 2: between quotes nothing has a meaning. Outside, `^` escapes one character, operators have an
/// effect, and blanks, commas, semicolons and equals signs separate words.
pub(super) fn parse(line: &str) -> ParsedLine {
    let mut parsed = ParsedLine {
        words: Vec::new(),
        operators: Vec::new(),
    };
    let (mut word, mut in_quotes, mut chars) = (None::<String>, false, line.chars());
    while let Some(c) = chars.next() {
        match c {
            '"' => {
                in_quotes = !in_quotes;
                word.get_or_insert_default();
            }
            c if in_quotes => word.get_or_insert_default().push(c),
            '^' => word.get_or_insert_default().extend(chars.next()),
            '&' | '|' | '<' | '>' | '(' | ')' => {
                parsed.operators.push(c);
                parsed.words.extend(word.take());
            }
            ' ' | '\t' | ',' | ';' | '=' => parsed.words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    parsed.words.extend(word);
    parsed
}

/// A regex of all folder names that Windows allows, with every character that `cmd` gives a meaning.
pub(super) const FOLDER: &str = "[^\\x00-\\x1f\\x7f<>:\"/\\\\|?*]{1,20}";

#[test]
fn the_model_parses_as_cmd_does() {
    let variables = BTreeMap::from([("A", "x & y")]);
    let batch = LineContext::Batch("C:\\100%\\");
    assert_eq!(
        expand("%A% %%A%% %B% %~dp0z", batch, &variables),
        "x & y %A% B C:\\100%\\z"
    );
    assert_eq!(
        expand("%A% %%B", LineContext::CommandLine, &variables),
        "x & y %%B"
    );
    let parsed = parse("echo \"a & b\" ^& c & d");
    assert_eq!(parsed.words, ["echo", "a & b", "&", "c", "d"]);
    assert_eq!(parsed.operators, ['&']);
}
