//! Reads PO files (GNU gettext manual, "The Format of PO Files"), without plural forms and contexts.

/// A sentence and its translation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoEntry {
    /// The sentence.
    pub key: String,
    /// What it is in the other language; empty where nobody has translated it yet.
    pub translation: String,
}

/// The entries of a file in its order, without its header, those marked as uncertain, and obsolete ones.
pub fn entries(text: &str) -> impl Iterator<Item = PoEntry> {
    let mut lines = text.lines().peekable();
    std::iter::from_fn(move || {
        loop {
            let mut is_fuzzy = false;
            while let Some(line) = lines.next_if(|line| !line.starts_with("msgid ")) {
                is_fuzzy |= line.starts_with("#,") && line.contains("fuzzy");
            }
            let key = field(&mut lines, "msgid ")?;
            let translation = field(&mut lines, "msgstr ").unwrap_or_default();
            if !key.is_empty() && !is_fuzzy {
                return Some(PoEntry { key, translation });
            }
        }
    })
}

/// The value of a field, which goes on in the lines below that begin with a quote.
fn field<'t>(
    lines: &mut std::iter::Peekable<impl Iterator<Item = &'t str>>,
    name: &str,
) -> Option<String> {
    let first = lines.next_if(|line| line.starts_with(name))?;
    let mut value = String::new();
    push_unquoted(&mut value, &first[name.len()..]);
    while let Some(line) = lines.next_if(|line| line.trim_start().starts_with('"')) {
        push_unquoted(&mut value, line);
    }
    Some(value)
}

/// Adds what stands between the quotes of a line.
fn push_unquoted(value: &mut String, line: &str) {
    let line = line.trim();
    let inside = line
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    let mut chars = inside.unwrap_or_default().chars();
    while let Some(c) = chars.next() {
        let c = match (c, c == '\\') {
            (_, true) => match chars.next() {
                Some('n') => '\n',
                Some('t') => '\t',
                Some(other) => other,
                None => '\\',
            },
            (c, false) => c,
        };
        value.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_read_over_several_lines_and_without_what_does_not_count() {
        let text = "# header\nmsgid \"\"\nmsgstr \"\"\n\"Language: pt_BR\\n\"\n\n\
                    #: src/a.rs\nmsgid \"a \\\"b\\\" \\\\\"\nmsgstr \"\"\n\"um\\n\"\n\"dois\\t\"\n\n\
                    #, fuzzy\nmsgid \"c\"\nmsgstr \"d\"\n\n#~ msgid \"old\"\n#~ msgstr \"velho\"\n\n\
                    msgid \"\"\n\"e\"\nmsgstr \"f\"";
        let read: Vec<_> = entries(text).map(|e| (e.key, e.translation)).collect();
        let wanted = [("a \"b\" \\", "um\ndois\t"), ("e", "f")];
        assert_eq!(
            read,
            wanted.map(|(one, other)| (one.to_owned(), other.to_owned()))
        );
    }
}
