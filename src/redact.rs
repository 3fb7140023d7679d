//! Redaction of error texts. Services quote our requests in their errors, and errors are logged, so
//! secrets and message texts are removed first.

/// Stands in for removed text.
const PLACEHOLDER: &str = "…";

/// Anything shorter is too likely to be an ordinary word, and is left alone.
const MIN_LENGTH: usize = 4;

/// This many equal characters in a row are a quote and no coincidence.
const MIN_QUOTE: usize = 12;

/// A text without these secrets.
pub fn without_secrets(said: &str, secrets: &[String]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= MIN_LENGTH);
    long.fold(said.to_owned(), |said, secret| {
        said.replace(secret, PLACEHOLDER)
    })
}

/// A text without its quotes of a message's text.
pub fn without_text(said: &str, text: &str) -> String {
    let min_quote = text.chars().count().min(MIN_QUOTE);
    if min_quote < MIN_LENGTH {
        return said.to_owned();
    }
    let mut out = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(first) = rest.chars().next() {
        let quoted = quoted(rest, text, min_quote);
        if quoted > 0 {
            out.push_str(PLACEHOLDER);
            rest = &rest[quoted..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// Length in bytes of the longest prefix of `said` that occurs in `text`; 0 if it is too short to be a
/// quote.
fn quoted(said: &str, text: &str, min_quote: usize) -> usize {
    let ends = said.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut longest = 0;
    for end in ends.skip(min_quote - 1) {
        if !text.contains(&said[..end]) {
            break;
        }
        longest = end;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_removed_everywhere() {
        let secrets = ["1:abcdef".to_owned(), "ok".to_owned()];
        let said = without_secrets("POST /bot1:abcdef/send 1:abcdef is ok", &secrets);
        assert_eq!(said, "POST /bot…/send … is ok");
    }

    #[test]
    fn quotes_of_a_text_are_removed_and_common_words_stay() {
        let text = "the secret plan is to meet at nine";
        let said = without_text(
            "chat not found: \"plan is to meet at nine\" (the end)",
            text,
        );
        assert_eq!(said, "chat not found: \"…\" (the end)");
        assert_eq!(without_text("cannot send: olá!", "olá!"), "cannot send: …");
        for (said, text) in [("", text), ("not sent", "no"), ("ça va", ""), ("a b", "é")] {
            assert_eq!(without_text(said, text), said);
        }
    }
}
