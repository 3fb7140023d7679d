//! Paths as they are written in code.

/// Every path of two names and more, braces of `use` taken apart.
pub(super) fn paths(code: &str) -> Vec<Vec<String>> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find(is_name) {
        let (before, here) = (&rest[..at], &rest[at..]);
        let name: String = here.chars().take_while(|c| is_name(*c)).collect();
        rest = &here[name.len()..];
        if before.ends_with('.') || !rest.starts_with("::") {
            continue;
        }
        rest = tree(vec![name], &rest[2..], &mut found);
    }
    found
}

/// Reads on behind `prefix::`, adds each path there is, and returns what follows.
fn tree<'c>(prefix: Vec<String>, rest: &'c str, found: &mut Vec<Vec<String>>) -> &'c str {
    if let Some(mut rest) = rest.strip_prefix('{') {
        loop {
            rest = rest.trim_start_matches([' ', '\n', ',']);
            match rest.chars().next() {
                Some('}') => return &rest[1..],
                Some(c) if is_name(c) => rest = tree(prefix.clone(), rest, found),
                Some(c) => rest = &rest[c.len_utf8()..],
                None => return rest,
            }
        }
    }
    let name: String = rest.chars().take_while(|c| is_name(*c)).collect();
    let after = &rest[name.len()..];
    let path = [prefix, vec![name]].concat();
    match after.strip_prefix("::") {
        Some(more) if more.starts_with(|c| is_name(c) || c == '{') => tree(path, more, found),
        _ => {
            found.push(path);
            after
        }
    }
}

fn is_name(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[test]
fn paths_are_read_through_braces() {
    let found = paths("use crate::{a, b::{self, C}}; let x = super::d::e(); y.z(); F::<G>::new()");
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(
        found,
        [
            "crate::a",
            "crate::b::self",
            "crate::b::C",
            "super::d::e",
            "F::"
        ]
    );
}
