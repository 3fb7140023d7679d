//! Commands in a chat: `/zap NUMBER TEXT` and `/wa NUMBER TEXT` send on `WhatsApp`.

/// What a chat asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// Digits only.
    pub(super) number: String,
    /// What to send.
    pub(super) text: String,
}

const USAGE: &str = "Use: /zap NUMBER TEXT, the number with its country code";

/// What a chat is told where nothing sends on `WhatsApp`.
pub(super) const NOT_SET_UP: &str = "WhatsApp is not set up here";

/// The command in a text, how to use it where it is incomplete, or nothing where it is none.
pub(super) fn read(text: &str) -> Option<Result<Command, &'static str>> {
    let mut words = text.trim_start().splitn(2, char::is_whitespace);
    if !matches!(words.next(), Some("/zap" | "/wa")) {
        return None;
    }
    let rest = words.next().unwrap_or_default().trim_start();
    let (number, text) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    let is_number = number
        .chars()
        .all(|c| c.is_ascii_digit() || "+-.()".contains(c));
    let is_whole = is_number && (8..=15).contains(&digits.len()) && !text.trim().is_empty();
    Some(if is_whole {
        let text = text.trim().to_owned();
        Ok(Command {
            number: digits,
            text,
        })
    } else {
        Err(USAGE)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_names_send_and_what_is_incomplete_is_explained() {
        let whole = Command {
            number: "5511999998888".to_owned(),
            text: "good morning\nall".to_owned(),
        };
        assert_eq!(
            read("/zap +55(11)99999-8888 good morning\nall"),
            Some(Ok(whole.clone()))
        );
        assert_eq!(
            read("/wa 5511999998888  good morning\nall"),
            Some(Ok(whole))
        );
        for wrong in [
            "/zap",
            "/wa 5511999998888",
            "/zap ana hello",
            "/zap 123 hello",
        ] {
            assert_eq!(read(wrong), Some(Err(USAGE)), "{wrong}");
        }
        assert_eq!(read("/zapper 5511999998888 a"), None);
        assert_eq!(read("hello /zap"), None);
    }
}
