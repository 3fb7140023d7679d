//! Escaping text for XML: property lists and scheduled tasks.

/// Escapes character data. XML 1.0 has no escape for control characters; `InstallTarget::text` has
/// refused paths with one before.
pub(in crate::service) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&apos;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    /// Reads character data as an XML parser does: `<` ends it, `&` begins a reference.
    fn read(data: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = data;
        while let Some(at) = rest.find(['&', '<']) {
            out.push_str(&rest[..at]);
            let (name, after) = rest[at..].strip_prefix('&')?.split_once(';')?;
            out.push(match name {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                _ => return None,
            });
            rest = after;
        }
        out.push_str(rest);
        (!data.contains("]]>")).then_some(out)
    }

    proptest! {
        #[test]
        fn an_xml_parser_reads_back_the_same_text(text in "[^\0-\x1f]{0,40}|[&<>\"';\\]a]{0,20}") {
            prop_assert_eq!(read(&super::escape(&text)), Some(text));
        }
    }
}
