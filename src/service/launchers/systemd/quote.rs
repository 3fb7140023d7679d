//! Words of a command line as `ExecStart=` reads them: systemd.service(5), "Command lines", and
//! systemd.syntax(7), "Quoting".

use std::fmt::Write as _;

/// The program: specifiers (`%`) are expanded in it, variables (`$`) are not.
pub(super) fn program(path: &str) -> String {
    quoted(&path.replace('%', "%%"))
}

/// An argument: specifiers and variables are both expanded.
pub(super) fn argument(text: &str) -> String {
    quoted(&text.replace('%', "%%").replace('$', "$$"))
}

/// Always in quotes: outside of them `;`, `#` and blanks have a meaning.
fn quoted(text: &str) -> String {
    let mut word = String::with_capacity(text.len() + 2);
    word.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => word.extend(['\\', c]),
            c if c.is_ascii_control() => {
                let _ = write!(word, "\\x{:02x}", c as u32);
            }
            c => word.push(c),
        }
    }
    word.push('"');
    word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Reads a line of double-quoted words as systemd does: `extract_first_word` with
    /// `EXTRACT_UNQUOTE | EXTRACT_CUNESCAPE`, then specifiers, then (after the first word) variables.
    /// No variable is set here, so an unescaped `$x` would vanish.
    fn read(line: &str) -> Vec<String> {
        let mut words = Vec::new();
        let mut rest = line.chars().peekable();
        while rest.by_ref().next_if(|c| *c == ' ').is_some() || rest.peek().is_some() {
            if rest.peek() == Some(&' ') {
                continue;
            }
            let mut word = String::new();
            let mut in_quotes = false;
            while let Some(c) = rest.next_if(|c| in_quotes || *c != ' ') {
                match c {
                    '"' => in_quotes = !in_quotes,
                    '\\' => word.push(unescaped(&mut rest)),
                    c => word.push(c),
                }
            }
            let word = halved(&word, '%');
            let is_first = words.is_empty();
            words.push(if is_first { word } else { halved(&word, '$') });
        }
        words
    }

    fn unescaped(rest: &mut impl Iterator<Item = char>) -> char {
        match rest.next().expect("something behind the backslash") {
            'x' => {
                let digits: String = rest.take(2).collect();
                u8::from_str_radix(&digits, 16).expect("two digits").into()
            }
            c => c,
        }
    }

    /// A doubled sign becomes one; a single one and the character after it vanish.
    fn halved(word: &str, sign: char) -> String {
        let mut out = String::new();
        let mut chars = word.chars();
        while let Some(c) = chars.next() {
            if c == sign && chars.next() != Some(sign) {
                continue;
            }
            out.push(c);
        }
        out
    }

    #[test]
    fn dollars_are_doubled_in_arguments_only() {
        assert_eq!(program("/a $b/100%"), "\"/a $b/100%%\"");
        assert_eq!(argument("/a $b/\"\\\n"), "\"/a $$b/\\\"\\\\\\x0a\"");
    }

    proptest! {
        #[test]
        fn systemd_reads_back_the_same_words(path in "/[^\0]{0,30}", arg in "[^\0]{1,30}") {
            let line = format!("{} daemon {}", program(&path), argument(&arg));
            prop_assert!(!line.contains('\n'));
            prop_assert_eq!(read(&line), [path, "daemon".to_owned(), arg]);
        }
    }
}
