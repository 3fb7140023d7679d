//! Commands in a chat: `/zap NUMBER TEXT` and `/wa NUMBER TEXT` send on `WhatsApp`.

/// A complete command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Command {
    /// The peer to send to.
    pub(super) number: String,
    /// The text to send.
    pub(super) text: String,
}

const USAGE: &str = "Use: /zap NUMBER TEXT, the number with its country code";

/// The reply if no channel sends on `WhatsApp`.
pub(super) const NOT_SET_UP: &str = "WhatsApp is not set up here";

/// Parses the command in a text: `None` if there is none, the usage if it is incomplete. `peer` maps a
/// written number to a peer, or to `None` if it is not a number.
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

/// Splits off the number at the beginning: the fewest words that make one. The rest is the text.
fn addressed(rest: &str, peer: impl Fn(&str) -> Option<String>) -> Option<Command> {
    let ends = rest.match_indices(char::is_whitespace).map(|(at, _)| at);
    for end in ends.take(MAX_WORDS) {
        let (number, text) = rest.split_at(end);
        if !number.chars().all(is_number_character) {
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

/// Most words of a number: `+55 (11) 98765 4321`.
const MAX_WORDS: usize = 5;

fn is_number_character(c: char) -> bool {
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
    fn both_names_work_and_an_incomplete_command_gets_the_usage() {
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
