//! Thoughts that a model writes into its answer: those of `DeepSeek` and others begin it with
//! `<think>…</think>`, unless the service that runs them takes that out. They are not for the other side.

use crate::cut;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Takes the thoughts out of a text that comes in pieces.
#[derive(Debug, Default)]
pub(super) struct Thoughts {
    state: State,
    /// What may be part of a mark, and is held back until it is known.
    held: String,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum State {
    /// Nothing but white space came yet.
    #[default]
    Begin,
    /// It thinks.
    Thinking,
    /// It has thought; white space before the answer is left out.
    Thought,
    /// The answer, whatever stands in it.
    Answer,
}

impl Thoughts {
    /// What of the next piece is no thought.
    pub(super) fn without(&mut self, piece: &str) -> String {
        if self.state == State::Answer {
            return piece.to_owned();
        }
        self.held.push_str(piece);
        loop {
            match self.state {
                State::Begin => {
                    let begun = self.held.trim_start();
                    if let Some(rest) = begun.strip_prefix(OPEN) {
                        self.held = rest.to_owned();
                        self.state = State::Thinking;
                    } else if OPEN.starts_with(begun) {
                        return String::new();
                    } else {
                        self.state = State::Answer;
                    }
                }
                State::Thinking => {
                    let Some(end) = self.held.find(CLOSE) else {
                        self.keep_end();
                        return String::new();
                    };
                    self.held.drain(..end + CLOSE.len());
                    self.state = State::Thought;
                }
                State::Thought => {
                    self.held = self.held.trim_start().to_owned();
                    if self.held.is_empty() {
                        return String::new();
                    }
                    self.state = State::Answer;
                }
                State::Answer => return std::mem::take(&mut self.held),
            }
        }
    }

    /// What is left at the end, where it is no thought.
    pub(super) fn rest(&mut self) -> String {
        match self.state {
            State::Thinking => String::new(),
            _ => std::mem::take(&mut self.held),
        }
    }

    /// A thought may be long: only what may begin the mark of its end is kept.
    fn keep_end(&mut self) {
        let from = self.held.len().saturating_sub(CLOSE.len());
        self.held.drain(..cut::floor(&self.held, from));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(text: &str, size: usize) -> String {
        let mut thoughts = Thoughts::default();
        let chars: Vec<char> = text.chars().collect();
        let mut out = String::new();
        for piece in chars.chunks(size) {
            out.push_str(&thoughts.without(&piece.iter().collect::<String>()));
            assert!(thoughts.held.len() < 64, "held {}", thoughts.held.len());
        }
        out + &thoughts.rest()
    }

    #[test]
    fn thoughts_at_the_begin_are_left_out_however_they_are_cut() {
        let long = format!("\n<think>{}é</thin</think>\n\nOlá!", "hm ".repeat(500));
        for (text, expected) in [
            (long.as_str(), "Olá!"),
            ("<think></think>a <think>b</think>", "a <think>b</think>"),
            ("I <think> so", "I <think> so"),
            ("<thin air", "<thin air"),
            ("<think>never ends", ""),
            ("  hi", "  hi"),
            ("<", "<"),
            ("", ""),
        ] {
            for size in [1, 2, 3, 7] {
                assert_eq!(answer(text, size), expected, "{text} by {size}");
            }
        }
    }
}
