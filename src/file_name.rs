//! Names of files as they may be shown, stored and sent: one component, no control characters, not endless.

use crate::percent;

/// Longest name, in bytes: what file systems take.
const MAX_BYTES: usize = 255;

/// Longest ending that a shortened name keeps, in characters.
const MAX_ENDING: usize = 12;

/// The name without folders and without characters that a terminal, a header or a file system would take for
/// something else; `None` where nothing is left. A long one is shortened, its ending stays.
pub fn clean(name: &str) -> Option<String> {
    let last = name
        .rsplit(['/', '\\'])
        .find(|part| !part.trim().is_empty())?;
    let shown = last.chars().filter(|letter| !is_hidden(*letter));
    let shown: String = shown.collect();
    let shown = shown.trim().trim_start_matches('.').trim();
    (!shown.is_empty()).then(|| shortened(shown))
}

/// Controls, and what changes the direction of the text around it (Unicode TR36 §2.1).
fn is_hidden(letter: char) -> bool {
    let changes_direction = matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    letter.is_control() || changes_direction || letter == '\u{feff}'
}

fn shortened(name: &str) -> String {
    if name.len() <= MAX_BYTES {
        return name.to_owned();
    }
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    let ending = if ending.chars().count() <= MAX_ENDING && !ending.is_empty() {
        format!(".{ending}")
    } else {
        String::new()
    };
    let mut stem = name[..name.len() - ending.len()].to_owned();
    while stem.len() + ending.len() > MAX_BYTES {
        stem.pop();
    }
    stem + &ending
}

/// The value of `Content-Disposition` (RFC 6266) with this name, in ASCII and, where that is not all of it,
/// in UTF-8 (RFC 8187).
pub fn disposition(how: &str, name: Option<&str>) -> String {
    let Some(name) = name.and_then(clean) else {
        return how.to_owned();
    };
    let plain = |letter: char| (' '..='~').contains(&letter) && !matches!(letter, '"' | '\\' | '%');
    let ascii: String = name
        .chars()
        .map(|letter| if plain(letter) { letter } else { '_' })
        .collect();
    if ascii == name {
        return format!("{how}; filename=\"{ascii}\"");
    }
    let encoded = percent::encode(&name, b"");
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{encoded}")
}

/// The name in a value of `Content-Disposition`; `filename*` before `filename`.
pub fn of_disposition(value: &str) -> Option<String> {
    let mut plain = None;
    for (key, value) in parameters(value) {
        if key.eq_ignore_ascii_case("filename*") {
            let encoded = value.splitn(3, '\'').nth(2);
            let decoded = encoded.map(|name| percent::decode(name, b'%'));
            let name = decoded.and_then(|name| String::from_utf8(name).ok());
            if let Some(name) = name.as_deref().and_then(clean) {
                return Some(name);
            }
        } else if key.eq_ignore_ascii_case("filename") {
            plain = plain.or_else(|| clean(&value));
        }
    }
    plain
}

/// The parameters behind the first `;`, unquoted.
fn parameters(value: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut letters = value.chars().peekable();
    while letters.by_ref().any(|letter| letter == ';') {
        let mut key = String::new();
        while let Some(letter) = letters.next_if(|letter| !matches!(letter, '=' | ';')) {
            key.push(letter);
        }
        if letters.next_if_eq(&'=').is_none() {
            continue;
        }
        while letters.next_if(|letter| *letter == ' ').is_some() {}
        let mut text = String::new();
        if letters.next_if_eq(&'"').is_some() {
            while let Some(letter) = letters.next() {
                match letter {
                    '"' => break,
                    '\\' => text.extend(letters.next()),
                    other => text.push(other),
                }
            }
        } else {
            while let Some(letter) = letters.next_if(|letter| *letter != ';') {
                text.push(letter);
            }
        }
        found.push((key.trim().to_owned(), text.trim().to_owned()));
    }
    found
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_lose_folders_and_what_is_hidden() {
        for (name, cleaned) in [
            ("card.png", Some("card.png")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\ana\\foto.jpg", Some("foto.jpg")),
            ("a\0b\r\nc\u{1b}[31m.txt", Some("abc[31m.txt")),
            ("evil\u{202e}gnp.exe", Some("evilgnp.exe")),
            ("..", None),
            ("...", None),
            ("/", None),
            ("  ", None),
            ("", None),
            (".env", Some("env")),
            ("pasta/", Some("pasta")),
        ] {
            assert_eq!(clean(name).as_deref(), cleaned, "{name:?}");
        }
    }

    #[test]
    fn a_long_name_keeps_its_ending() {
        let name = format!("{}.png", "ç".repeat(5_000));
        let cleaned = clean(&name).expect("a name");
        assert!(
            cleaned.len() <= 255 && cleaned.contains("ç.png"),
            "{cleaned}"
        );
        assert_eq!(clean(&"a".repeat(300)).map(|name| name.len()), Some(255));
    }

    #[test]
    fn dispositions_of_browsers_and_scripts_are_read() {
        for (value, name) in [
            ("attachment; filename=\"a b.png\"", Some("a b.png")),
            ("attachment; filename=a.png", Some("a.png")),
            (
                "form-data; name=\"x\"; filename=\"q\\\"q.png\"",
                Some("q\"q.png"),
            ),
            (
                "attachment; filename=\"_.png\"; filename*=UTF-8''%C3%A1.png",
                Some("á.png"),
            ),
            (
                "attachment; filename*=UTF-8''%ff; filename=b.png",
                Some("b.png"),
            ),
            ("inline", None),
            ("attachment; filename", None),
            ("attachment; filename=\"../x\"", Some("x")),
        ] {
            assert_eq!(of_disposition(value).as_deref(), name, "{value}");
        }
    }

    proptest! {
        #[test]
        fn a_disposition_is_ascii_and_reads_back(name: String) {
            let value = disposition("attachment", Some(&name));
            prop_assert!(value.bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            prop_assert_eq!(of_disposition(&value), clean(&name));
        }

        #[test]
        fn any_disposition_is_read_without_a_panic(value: String) {
            let _ = of_disposition(&value);
        }
    }
}
