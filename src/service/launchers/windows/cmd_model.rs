//! How `cmd` reads a line, for tests: variables are filled in first, then quotes and operators count,
//! then words. After Microsoft's documentation of `cmd` and what is known of its phases.

use std::collections::BTreeMap;

/// Where a line stands: that decides what `%%` and unknown variables become.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum LineContext {
    /// In a batch file in this folder, which ends in a backslash.
    Batch(&'static str),
    /// Behind `/c`.
    CommandLine,
}

/// What `cmd` makes of a line: words as programs see them, and the operators that took effect.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) words: Vec<String>,
    pub(super) operators: Vec<char>,
}

/// Phase 1: `%NAME%`, `%~dp0` and `%%`. What is filled in is not looked at again.
pub(super) fn filled_in(
    line: &str,
    place: LineContext,
    variables: &BTreeMap<&str, &str>,
) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let LineContext::Batch(folder) = place {
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
            // In a batch file a lone sign vanishes, on a command line it stays.
            None if place == LineContext::CommandLine => out.push('%'),
            None => {}
        }
    }
    out + rest
}

/// Phase 2: a quote makes everything up to the next one plain; outside, `^` makes one character
/// plain and operators count; blanks, commas, semicolons and equals signs part words.
pub(super) fn read(line: &str) -> Reading {
    let mut reading = Reading {
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
                reading.operators.push(c);
                reading.words.extend(word.take());
            }
            ' ' | '\t' | ',' | ';' | '=' => reading.words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    reading.words.extend(word);
    reading
}

/// What Windows allows in the name of a folder, all that means something to `cmd` included.
pub(super) const FOLDER: &str = "[^\\x00-\\x1f\\x7f<>:\"/\\\\|?*]{1,20}";

#[test]
fn the_model_reads_as_cmd_does() {
    let variables = BTreeMap::from([("A", "x & y")]);
    let batch = LineContext::Batch("C:\\100%\\");
    assert_eq!(
        filled_in("%A% %%A%% %B% %~dp0z", batch, &variables),
        "x & y %A% B C:\\100%\\z"
    );
    assert_eq!(
        filled_in("%A% %%B", LineContext::CommandLine, &variables),
        "x & y %%B"
    );
    let reading = read("echo \"a & b\" ^& c & d");
    assert_eq!(reading.words, ["echo", "a & b", "&", "c", "d"]);
    assert_eq!(reading.operators, ['&']);
}
