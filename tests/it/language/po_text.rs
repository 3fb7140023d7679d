//! Writes entries of a PO file, as translators' programs do (GNU gettext manual, "The Format of PO Files").

/// One entry: where its text stands, the text, and the translation, which may be missing.
pub(super) fn entry(places: &[String], key: &str, translation: &str) -> String {
    let mut text = String::new();
    for place in places {
        text.push_str(&format!("#: {place}\n"));
    }
    text.push_str(&field("msgid", key));
    text.push_str(&field("msgstr", translation));
    text
}

/// A field; a text of several lines begins with an empty one, so that its lines stand below each other.
fn field(name: &str, value: &str) -> String {
    if !value.trim_end_matches('\n').contains('\n') {
        return format!("{name} \"{}\"\n", escaped(value));
    }
    let lines = value.split_inclusive('\n');
    let lines: Vec<String> = lines
        .map(|line| format!("\"{}\"\n", escaped(line)))
        .collect();
    format!("{name} \"\"\n{}", lines.concat())
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '"' => escaped.push_str("\\\""),
            '\\' => escaped.push_str("\\\\"),
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            c => escaped.push(c),
        }
    }
    escaped
}
