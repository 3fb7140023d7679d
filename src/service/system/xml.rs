//! Text inside XML: property lists and tasks.

/// Character data. Control characters, which XML 1.0 cannot hold at all, never come here: a path with
/// one is refused before.
pub(in crate::service) fn text(text: &str) -> String {
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

    /// What a reader of XML makes of character data: a `<` ends it, an `&` begins a reference.
    fn read(data: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = data;
        while let Some(place) = rest.find(['&', '<']) {
            out.push_str(&rest[..place]);
            let (name, after) = rest[place..].strip_prefix('&')?.split_once(';')?;
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
        fn text_survives_a_reader_of_xml(text in "[^\0-\x1f]{0,40}|[&<>\"';\\]a]{0,20}") {
            prop_assert_eq!(read(&super::text(&text)), Some(text));
        }
    }
}
