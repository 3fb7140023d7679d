//! Services repeat in their errors what they were shown, and errors are logged: what is nobody's
//! business is taken out before.

/// What stands where something was taken out.
const GONE: &str = "…";

/// Texts shorter than this are words that anyone may say.
const SHORTEST: usize = 4;

/// So many characters in a row are no coincidence.
const TELLING: usize = 12;

/// An answer without the secrets that were sent with the call.
pub fn without_secrets(said: &str, secrets: &[String]) -> String {
    let long = secrets.iter().filter(|secret| secret.len() >= SHORTEST);
    long.fold(said.to_owned(), |said, secret| said.replace(secret, GONE))
}

/// What a service says of a message, without the parts of it that it quotes.
pub fn without_text(said: &str, text: &str) -> String {
    let telling = text.chars().count().min(TELLING);
    if telling < SHORTEST {
        return said.to_owned();
    }
    let mut out = String::with_capacity(said.len());
    let mut rest = said;
    while let Some(first) = rest.chars().next() {
        let quoted = quoted(rest, text, telling);
        if quoted > 0 {
            out.push_str(GONE);
            rest = &rest[quoted..];
        } else {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    out
}

/// How many bytes at the beginning of `said` stand in `text`, where they are more than chance.
fn quoted(said: &str, text: &str, telling: usize) -> usize {
    let ends = said.char_indices().map(|(at, c)| at + c.len_utf8());
    let mut longest = 0;
    for end in ends.skip(telling - 1) {
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
    fn secrets_are_taken_out_wherever_they_stand() {
        let secrets = ["1:abcdef".to_owned(), "ok".to_owned()];
        let said = without_secrets("POST /bot1:abcdef/send 1:abcdef is ok", &secrets);
        assert_eq!(said, "POST /bot…/send … is ok");
    }

    #[test]
    fn quotes_of_a_text_are_taken_out_and_common_words_stay() {
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
