//! Bytes of a terminal as keys: letters in UTF-8, control characters, and the sequences of xterm that
//! nearly every terminal sends.
//!
//! Source: ECMA-48 §5.4 (control sequences); `XTerm` Control Sequences, "PC-Style Function Keys".
//!
//! Not here: what a key does (`editor`).

/// What was pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// A letter.
    Char(char),
    Enter,
    /// Ctrl-D.
    EndOfInput,
    Left,
    Right,
    WordLeft,
    WordRight,
    /// To the beginning of the line.
    Home,
    /// To its end.
    End,
    /// To the line before.
    Up,
    Down,
    /// Takes the letter before the cursor.
    Backspace,
    /// Takes the letter at the cursor.
    Delete,
    /// Takes the word before the cursor.
    EraseWord,
    /// Takes all before the cursor.
    EraseToBegin,
    /// Takes all behind the cursor.
    EraseToEnd,
    /// Puts back what was taken last.
    Yank,
}

/// The longest sequence that is taken for one, in bytes.
const MAX_SEQUENCE: usize = 16;

/// Where in a key the bytes are.
#[derive(Debug, Default)]
enum State {
    #[default]
    Ground,
    /// Behind ESC.
    Escape,
    /// Behind ESC and `[` or `O`, with what came since.
    Sequence(Vec<u8>),
    /// In a letter of several bytes, of which so many are still to come.
    Letter(Vec<u8>, usize),
}

/// Puts keys together, which may arrive in pieces.
#[derive(Debug, Default)]
pub(super) struct KeyDecoder {
    state: State,
}

impl KeyDecoder {
    /// Takes one byte; the key, where that was its last.
    pub(super) fn feed(&mut self, byte: u8) -> Option<Key> {
        match std::mem::take(&mut self.state) {
            State::Ground => self.begin(byte),
            State::Escape => self.escaped(byte),
            State::Sequence(mut bytes) => {
                // The final byte of a control sequence; digits and semicolons come before it.
                if (0x40..=0x7e).contains(&byte) {
                    return named(&bytes, byte);
                }
                bytes.push(byte);
                if bytes.len() < MAX_SEQUENCE {
                    self.state = State::Sequence(bytes);
                }
                None
            }
            State::Letter(mut bytes, left) => {
                if byte & 0xc0 != 0x80 {
                    return self.begin(byte);
                }
                bytes.push(byte);
                if left > 1 {
                    self.state = State::Letter(bytes, left - 1);
                    return None;
                }
                std::str::from_utf8(&bytes)
                    .ok()?
                    .chars()
                    .next()
                    .map(Key::Char)
            }
        }
    }

    fn begin(&mut self, byte: u8) -> Option<Key> {
        let left = match byte {
            0x1b => {
                self.state = State::Escape;
                return None;
            }
            0x20..=0x7e => return Some(Key::Char(char::from(byte))),
            0xc2..=0xdf => 1,
            0xe0..=0xef => 2,
            0xf0..=0xf4 => 3,
            _ => return control(byte),
        };
        self.state = State::Letter(vec![byte], left);
        None
    }

    /// The byte behind ESC. Together with a letter that is what Alt sends.
    fn escaped(&mut self, byte: u8) -> Option<Key> {
        match byte {
            b'[' | b'O' => {
                self.state = State::Sequence(Vec::new());
                None
            }
            0x1b => {
                self.state = State::Escape;
                None
            }
            b'b' => Some(Key::WordLeft),
            b'f' => Some(Key::WordRight),
            0x08 | 0x7f => Some(Key::EraseWord),
            _ => None,
        }
    }
}

fn control(byte: u8) -> Option<Key> {
    if byte == 0x08 || byte == 0x7f {
        return Some(Key::Backspace);
    }
    // Ctrl and a letter is the letter without the two bits that all letters have.
    let letter = char::from(byte.checked_add(0x40)?);
    Some(match letter {
        'A' => Key::Home,
        'B' => Key::Left,
        'D' => Key::EndOfInput,
        'E' => Key::End,
        'F' => Key::Right,
        'J' | 'M' => Key::Enter,
        'K' => Key::EraseToEnd,
        'N' => Key::Down,
        'P' => Key::Up,
        'U' => Key::EraseToBegin,
        'W' => Key::EraseWord,
        'Y' => Key::Yank,
        _ => return None,
    })
}

/// The key of a sequence: its final byte, and what stands before it.
fn named(parameters: &[u8], last: u8) -> Option<Key> {
    // Behind a semicolon are the keys held down; 3 is Alt and 5 is Ctrl.
    let with_word = parameters.ends_with(b";3") || parameters.ends_with(b";5");
    let number = parameters.split(|byte| *byte == b';').next();
    Some(match (last, number) {
        (b'A', _) => Key::Up,
        (b'B', _) => Key::Down,
        (b'C', _) if with_word => Key::WordRight,
        (b'C', _) => Key::Right,
        (b'D', _) if with_word => Key::WordLeft,
        (b'D', _) => Key::Left,
        (b'H', _) | (b'~', Some(b"1" | b"7")) => Key::Home,
        (b'F', _) | (b'~', Some(b"4" | b"8")) => Key::End,
        (b'~', Some(b"3")) => Key::Delete,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn keys(bytes: &[u8]) -> Vec<Key> {
        let mut decoder = KeyDecoder::default();
        bytes
            .iter()
            .filter_map(|byte| decoder.feed(*byte))
            .collect()
    }

    #[test]
    fn letters_controls_and_sequences_are_told_apart() {
        use Key::*;
        for (bytes, expected) in [
            (
                "aé日👍".as_bytes(),
                &[Char('a'), Char('é'), Char('日'), Char('👍')][..],
            ),
            (
                b"\r\n\x04\x7f\x08",
                &[Enter, Enter, EndOfInput, Backspace, Backspace],
            ),
            (
                b"\x01\x05\x15\x17\x0b\x19",
                &[Home, End, EraseToBegin, EraseWord, EraseToEnd, Yank],
            ),
            (b"\x1b[A\x1b[B\x1b[C\x1b[D", &[Up, Down, Right, Left]),
            (
                b"\x1bOA\x1b[H\x1b[F\x1b[1~\x1b[4~\x1b[3~",
                &[Up, Home, End, Home, End, Delete],
            ),
            (
                b"\x1b[1;5D\x1b[1;5C\x1bb\x1bf",
                &[WordLeft, WordRight, WordLeft, WordRight],
            ),
            (b"\x1b[200~x\x1b[15~y", &[Char('x'), Char('y')]),
            (b"\x1bqz", &[Char('z')]),
            (b"\x00\x07\x1c", &[]),
        ] {
            assert_eq!(keys(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_letter_that_is_broken_off_does_not_take_the_next() {
        assert_eq!(keys(b"\xc3a\xffb"), [Key::Char('a'), Key::Char('b')]);
    }

    proptest! {
        #[test]
        fn no_bytes_are_too_much_and_letters_come_back(bytes in any::<Vec<u8>>(), text in "[a-zé日👍]{0,9}") {
            let _ = keys(&bytes);
            let letters: Vec<Key> = text.chars().map(Key::Char).collect();
            prop_assert_eq!(keys(text.as_bytes()), letters);
        }
    }
}
