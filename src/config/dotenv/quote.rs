//! Quotes a value so that it parses back to the same text, and only if it must.

/// The value as written after `KEY=`. Round-trips every text without NUL.
///
/// Unquoted only if a POSIX shell would also leave it alone, so that the file can be sourced. Single
/// quotes are preferred to double ones, because the value needs no escapes in them.
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
