//! Text from other people, made safe to print: it could contain terminal escapes.

/// Foreign text on one line. Control characters (among them terminal escapes and line ends) and the
/// characters that change the writing direction are shown escaped, so that none takes effect.
pub(crate) fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() || turns_direction(c) {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// Unicode Standard Annex #9, explicit formatting characters.
fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn foreign_text_cannot_steer_the_terminal() {
        assert_eq!(
            printable("a\u{1b}[2J\nb\u{202e}c ä"),
            "a\\u{1b}[2J\\nb\\u{202e}c ä"
        );
    }
}
