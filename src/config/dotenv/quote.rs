//! Writes a value so that it reads back equal: bare where that is safe, quoted where it must be.

/// The value as it stands behind `KEY=`. Every text but one with NUL survives.
///
/// Bare only what a POSIX shell would also leave alone, so that the file can be sourced; single
/// quotes before double ones, because they keep the value as it is.
pub(super) fn quoted(value: &str) -> String {
    if value.chars().all(is_safe_bare) {
        return value.to_owned();
    }
    if !value.contains(|c: char| c == '\'' || c.is_control()) {
        return format!("'{value}'");
    }
    let mut text = String::with_capacity(value.len() + 8);
    text.push('"');
    value.chars().for_each(|c| escape_into(&mut text, c));
    text.push('"');
    text
}

fn is_safe_bare(c: char) -> bool {
    c.is_alphanumeric() || "_-+./:,@%=".contains(c)
}

fn escape_into(text: &mut String, c: char) {
    match c {
        '\n' => text.push_str("\\n"),
        '\r' => text.push_str("\\r"),
        '\t' => text.push_str("\\t"),
        '"' | '\\' | '$' => text.extend(['\\', c]),
        _ => text.push(c),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn only_what_needs_quotes_gets_them() {
        for (value, written) in [
            ("", ""),
            ("127.0.0.1", "127.0.0.1"),
            ("a=b", "a=b"),
            ("schön", "schön"),
            ("two words", "'two words'"),
            ("#1", "'#1'"),
            ("${A}", "'${A}'"),
            ("C:\\x", "'C:\\x'"),
            ("it's $5", "\"it's \\$5\""),
            ("a\r\nb\t\"\\", "\"a\\r\\nb\\t\\\"\\\\\""),
        ] {
            assert_eq!(quoted(value), written);
        }
    }
}
