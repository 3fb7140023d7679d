//! How values are shown to people: secrets masked, long ones cut.

/// Names key, value, source and expectation. Secrets are masked, long values cut.
pub(super) fn complaint(name: &str, value: &str, source: &str, expected: &str) -> String {
    let shown = if is_hidden(name, value) {
        mask(value)
    } else {
        format!("{:?}", cut(value))
    };
    format!("{name} is {shown} ({source}); expected {expected}")
}

fn cut(value: &str) -> String {
    const SHOWN: usize = 80;
    if value.chars().count() <= SHOWN {
        return value.to_owned();
    }
    value.chars().take(SHOWN).chain(['…']).collect()
}

/// Whether a value may not be shown: its name says so, or it is an address with a password or a
/// query in it.
pub(super) fn is_hidden(name: &str, value: &str) -> bool {
    let authority = value.split_once("://").map(|(_, rest)| {
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        &rest[..end]
    });
    let has_query = authority.is_some() && value.contains('?');
    is_secret(name) || has_query || authority.is_some_and(|authority| authority.contains('@'))
}

/// Whether a key's name says that its value is nobody's business. The table of keys marks the
/// same ones; a test holds it to that.
pub fn is_secret(name: &str) -> bool {
    const WORDS: [&str; 5] = ["TOKEN", "SECRET", "KEY", "PASS", "CREDENTIAL"];
    let name = name.to_ascii_uppercase();
    WORDS.iter().any(|word| name.contains(word))
}

/// A secret as it may be shown: its first four characters where enough others stay hidden.
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
    fn secrets_never_stand_in_a_complaint() {
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
