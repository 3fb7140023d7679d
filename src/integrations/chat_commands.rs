//! Commands in a chat: `/zap NUMBER TEXT` and `/wa NUMBER TEXT` send on `WhatsApp`.

/// What a chat asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The peer it means.
    pub(super) number: String,
    /// What to send.
    pub(super) text: String,
}

const USAGE: &str = "Use: /zap NUMBER TEXT, the number with its country code";

/// What a chat is told where nothing sends on `WhatsApp`.
pub(super) const NOT_SET_UP: &str = "WhatsApp is not set up here";

/// The command in a text, how to use it where it is incomplete, or nothing where it is none. `peer`
/// says whom a number means, or that it is none.
pub(super) fn read(
    text: &str,
    peer: impl Fn(&str) -> Option<String>,
) -> Option<Result<Command, &'static str>> {
    let mut words = text.trim_start().splitn(2, char::is_whitespace);
    // Phones begin a line with a capital.
    let command = words.next().unwrap_or_default().to_ascii_lowercase();
    if !matches!(command.as_str(), "/zap" | "/wa") {
        return None;
    }
    let rest = words.next().unwrap_or_default().trim_start();
    Some(addressed(rest, peer).ok_or(USAGE))
}

/// The number that a text begins with, in as few words as make one, and what stands behind it.
fn addressed(rest: &str, peer: impl Fn(&str) -> Option<String>) -> Option<Command> {
    let ends = rest.match_indices(char::is_whitespace).map(|(at, _)| at);
    for end in ends.take(MAX_WORDS) {
        let (number, text) = rest.split_at(end);
        if !number.chars().all(is_of_number) {
            return None;
        }
        let text = text.trim();
        if let Some(number) = peer(number).filter(|_| !text.is_empty()) {
            let text = text.to_owned();
            return Some(Command { number, text });
        }
    }
    None
}

/// Words that a number may be written in: `+55 (11) 98765 4321`.
const MAX_WORDS: usize = 5;

fn is_of_number(c: char) -> bool {
    c.is_ascii_digit() || c.is_whitespace() || "+-.()/".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone;

    fn read(text: &str) -> Option<Result<Command, &'static str>> {
        let brazil = "BR".parse().ok();
        super::read(text, |number| {
            phone::written("whatsapp", number, brazil).ok()
        })
    }

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
            read("/Wa 5511999998888  good morning\nall"),
            Some(Ok(whole))
        );
        let number = |text: &str| read(text).and_then(Result::ok).map(|whole| whole.number);
        for written in ["11 98765-4321", "+55 (11) 98765 4321", "(11) 98765-4321"] {
            let told = number(&format!("/zap {written} 10 for you"));
            assert_eq!(told.as_deref(), Some("5511987654321"), "{written}");
        }
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
