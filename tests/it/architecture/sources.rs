//! The Rust files of the project, and their code without comments, texts and tests.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A file as it is on disk.
pub(crate) struct Source {
    pub path: PathBuf,
    pub text: String,
}

pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every `.rs` file of a folder of the project, sorted by path.
pub(crate) fn sources(folder: &str) -> Vec<Source> {
    let mut found = Vec::new();
    for folder in folders(folder) {
        for path in entries(&folder) {
            if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a file of ours");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

/// A folder of the project and all folders below it.
pub(super) fn folders(folder: &str) -> Vec<PathBuf> {
    let mut all = vec![root().join(folder)];
    let mut next = 0;
    while next < all.len() {
        let below = entries(&all[next]).into_iter().filter(|path| path.is_dir());
        all.extend(below.collect::<Vec<_>>());
        next += 1;
    }
    all
}

/// What is directly in a folder.
pub(super) fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of ours");
    entries
        .map(|entry| entry.expect("an entry").path())
        .collect()
}

impl Source {
    /// The names of the module that the file is: `src/store/mod.rs` is `["store"]`, `src/lib.rs` is `[]`.
    pub(super) fn module(&self) -> Vec<String> {
        let inside = self.path.strip_prefix(root().join("src")).expect("in src");
        let mut names: Vec<String> = inside
            .with_extension("")
            .iter()
            .map(|name| name.to_string_lossy().into_owned())
            .collect();
        if matches!(names.last().map(String::as_str), Some("mod" | "lib")) {
            names.pop();
        }
        names
    }

    /// The code alone: comments and texts are left out, and so is each item behind `#[cfg(test)]`.
    pub(super) fn code(&self) -> String {
        let mut rest = strip(&self.text);
        while let Some(start) = rest.find("#[cfg(test)]") {
            let end = start + item_length(&rest[start..]);
            rest.replace_range(start..end, "");
        }
        rest
    }
}

/// Bytes up to the end of the first item: its `;`, or the brace that closes it.
fn item_length(code: &str) -> usize {
    let mut depth = 0;
    for (at, c) in code.char_indices() {
        depth += i32::from(c == '{') - i32::from(c == '}');
        if depth == 0 && matches!(c, ';' | '}') {
            return at + 1;
        }
    }
    code.len()
}

/// Replaces comments, texts and characters by nothing, as far as rustfmt's style needs it.
fn strip(text: &str) -> String {
    let (mut code, mut rest) = (String::new(), text);
    while let Some(first) = rest.chars().next() {
        let after_name = code.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let skipped = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '"' => quoted(rest),
            'r' if !after_name && raw_quote(rest).is_some() => {
                let end = raw_quote(rest).unwrap_or_default();
                let start = end.len();
                rest[start..]
                    .find(&end_of(&end))
                    .map_or(rest.len(), |at| start + at + end.len() - 1)
            }
            '\'' => character(rest),
            _ => 0,
        };
        if skipped == 0 {
            code.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            rest = &rest[skipped..];
        }
    }
    code
}

/// The opening of a raw text, `r#"`, if there is one here.
fn raw_quote(text: &str) -> Option<String> {
    let marks = text[1..].chars().take_while(|c| *c == '#').count();
    let is_raw = text[1 + marks..].starts_with('"');
    is_raw.then(|| text[..marks + 2].to_owned())
}

/// The end that belongs to the opening of a raw text.
fn end_of(opening: &str) -> String {
    opening[1..].chars().rev().collect()
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
    text.len()
}

/// Bytes of the character that begins here; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut inside = text.char_indices().skip(1);
    match (inside.next(), inside.next()) {
        (Some((_, '\\')), Some(_)) => text[3..].find('\'').map_or(0, |at| at + 4),
        (Some(_), Some((at, '\''))) => at + 1,
        _ => 0,
    }
}

#[test]
fn code_without_comments_and_tests() {
    let text = "//! a::b\nuse c::d; // e::f\nlet g = \"h::\\\"i\"; let j = r#\"k\"l::m\"#; let n = 'o';\n\
                #[cfg(test)]\nmod tests { use p::q; }\nfn r<'s>() {}";
    let source = Source {
        path: PathBuf::new(),
        text: text.to_owned(),
    };
    let code = source.code().replace('\n', "");
    assert_eq!(code, "use c::d; let g = ; let j = ; let n = ;fn r<'s>() {}");
}
