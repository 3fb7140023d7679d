//! Formats values for error messages and `config show`: secrets masked, long values cut.

use super::keys::{reach::TLS_KEY, row};

/// The error for an invalid value: key, value, source, what was expected, and what is odd about it.
/// Secrets are masked, long values cut, and a second setting on the same line is not shown at all.
pub(super) fn complaint(name: &str, value: &str, source: &str, expected: &str) -> String {
    let shown = match swallowed(value) {
        _ if is_hidden(name, value) => mask(value),
        Some(first) => format!("{:?} and more", cut(first)),
        None => format!("{:?}", cut(value)),
    };
    let odd = oddity(name, value).map(|odd| format!("; {odd}"));
    let odd = odd.unwrap_or_default();
    format!("{name} is {shown} ({source}); expected {expected}{odd}")
}

/// The part of a value before a second assignment on the same line, if there is one.
fn swallowed(value: &str) -> Option<&str> {
    let is_of_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
    value.match_indices('=').find_map(|(end, _)| {
        let before = value[..end].trim_end_matches(is_of_name);
        let name = &value[before.len()..end];
        let is_assignment = name.len() > 2 && name.starts_with(|c: char| c.is_ascii_uppercase());
        (is_assignment && !before.is_empty())
            .then(|| before.trim_end_matches(|c: char| c.is_whitespace() || ",;".contains(c)))
    })
}

/// A hint about a typical copy-and-paste mistake in a value. Quotes the wrong character only, because
/// the value may be a secret.
fn oddity(name: &str, value: &str) -> Option<String> {
    if swallowed(value).is_some() {
        return Some("another setting is on the same line: give it a line of its own".to_owned());
    }
    let quotes = ['"', '\'', '“', '”', '‘', '’', '`', '«', '»'];
    let (first, last) = (value.chars().next()?, value.chars().next_back()?);
    if let Some(quote) = [first, last].into_iter().find(|c| quotes.contains(c)) {
        return Some(format!(
            "it has a quote ({quote}) that is part of the value: take the quotes away"
        ));
    }
    let unseen = |c: &char| c.is_control() || is_invisible(*c);
    if let Some(c) = value.chars().find(unseen) {
        let place = if unseen(&last) { " at its end" } else { "" };
        return Some(format!(
            "it has an invisible character (U+{:04X}){place}: type it again instead of copying it",
            u32::from(c)
        ));
    }
    if value.chars().any(char::is_whitespace) && is_right_without_blanks(name, value) {
        return Some("it has white space in it: take that away".to_owned());
    }
    let strange = value.chars().find(|c| !c.is_ascii())?;
    Some(format!(
        "it has the character {strange:?} (U+{:04X}) in it",
        u32::from(strange)
    ))
}

/// Whether the blanks of a value are what is wrong with it. In hours, for one, they belong there.
fn is_right_without_blanks(name: &str, value: &str) -> bool {
    let bare: String = value.chars().filter(|c| !c.is_whitespace()).collect();
    row(name).is_none_or(|key| key.kind.check(&bare).is_ok())
}

/// Zero-width characters, as text copied from chats and web pages often has.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn cut(value: &str) -> String {
    const SHOWN: usize = 80;
    if value.chars().count() <= SHOWN {
        return value.to_owned();
    }
    value.chars().take(SHOWN).chain(['…']).collect()
}

/// Whether a value must be masked: its name says so, or it is a URL with a password or a query.
pub(super) fn is_hidden(name: &str, value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    let has_query = authority.is_some() && value.contains('?');
    let is_key = value.contains("PRIVATE KEY");
    is_secret(name)
        || is_key
        || has_query
        || authority.is_some_and(|authority| authority.contains('@'))
}

/// Whether a key's name says that its value is secret. A test checks that this agrees with the marks in
/// the table of keys.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 5] = ["TOKEN", "SECRET", "KEY", "PASS", "CREDENTIAL"];
    let name = name.to_ascii_uppercase();
    // The path of the file that holds it.
    if name == TLS_KEY {
        return false;
    }
    WORDS.iter().any(|word| name.contains(word))
}

/// A masked secret: its first four characters, if it is long enough for the rest to stay secret.
pub fn mask(secret: &str) -> String {
    const LONG_ENOUGH: usize = 24;
    if secret.is_empty() {
        return String::new();
    }
    let shown = if secret.chars().count() >= LONG_ENOUGH {
        4
    } else {
        0
    };
    secret.chars().take(shown).chain(['…']).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_setting_on_the_line_is_not_shown() {
        let value = "debug TELEGRAM_BOT_TOKEN=123456:INVENTED";
        let told = complaint("CLEUDOCODEBOT_LOG_LEVEL", value, ".env", "a level");
        assert!(
            told.contains("\"debug\" and more") && !told.contains("INVENTED"),
            "{told}"
        );
        assert!(told.contains("a line of its own"), "{told}");
    }

    #[test]
    fn what_is_odd_about_a_value_is_named() {
        for (value, odd) in [
            ("\"info\"", "a quote (\")"),
            ("'http://localhost'", "a quote (')"),
            ("“123:AA”", "a quote (“)"),
            ("123:AA\u{200b}", "U+200B"),
            ("123:AA\u{200b}", "at its end"),
            ("12 3", "white space"),
            ("12\r3", "U+000D"),
            ("ção", "'ç'"),
        ] {
            let told = oddity("A_KEY", value).expect("odd");
            assert!(told.contains(odd), "{value:?}: {told}");
        }
        assert_eq!(oddity("A_KEY", "123:AA"), None);
        assert_eq!(oddity("A_KEY", ""), None);
        assert_eq!(oddity("WHATSAPP_HOURS", "mon-fri 8h-18h"), None);
        assert!(oddity("CLEUDOCODEBOT_PORT", "80 80").is_some());
    }

    #[test]
    fn secrets_are_never_in_a_complaint() {
        let secret = "hunter2 hunter2 hunter2 hunter2";
        let told = complaint("A_TOKEN", secret, "environment", "none");
        assert!(
            told.contains("hunt…") && !told.contains("hunter2"),
            "{told}"
        );
        assert_eq!((mask("short"), mask("")), ("…".to_owned(), String::new()));
        assert!(is_secret("TELEGRAM_BOT_TOKEN") && is_secret("x_api_key"));
        assert!(is_secret("SMTP_PASS") && is_secret("AWS_CREDENTIALS"));
        assert!(!is_secret("CLEUDOCODEBOT_PORT"));
        assert!(is_hidden(
            "DATABASE_URL",
            "postgres://ana:hunter2@localhost/db"
        ));
        assert!(!is_hidden("A_URL", "https://example.com/@ana"));
        assert!(is_hidden("A_URL", "https://example.com/hook?secret=1"));
    }
}
