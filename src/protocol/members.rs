//! The members of one JSON object, found in one pass over its text that also checks the grammar of
//! RFC 8259 and the depth.
//!
//! It takes what nearly every frame is and gives up on the rest: names with escapes, numbers that may
//! be out of range, and whatever is wrong. `None` is therefore no judgement: the caller reads the text
//! again with `serde_json`, which knows what to say about it.

/// More digits than this in a row may be a number above `f64::MAX`.
const LONGEST_SURE_NUMBER: usize = 308;

/// Hands the name and the JSON text of each member of the object `text` to `on_member`. `None` where
/// the text is not an object of that plain kind, nested at most `max_depth` deep; members may have been
/// handed over by then.
pub(crate) fn read<'a>(
    text: &'a str,
    max_depth: usize,
    mut on_member: impl FnMut(&'a str, &'a str),
) -> Option<()> {
    let mut cursor = Cursor {
        text,
        bytes: text.as_bytes(),
        at: 0,
    };
    let inside = max_depth.checked_sub(1)?;
    cursor.object(|cursor, name| {
        let start = cursor.at;
        cursor.value(inside)?;
        on_member(name, cursor.text.get(start..cursor.at)?);
        Some(())
    })?;
    (cursor.at == text.len()).then_some(())
}

/// A position in the text. Each method moves it behind what it names, or gives up.
struct Cursor<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Cursor<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_space(&mut self) {
        // One comparison is enough where there is none, as mostly.
        while let Some(byte) = self.peek()
            && byte <= b' '
            && matches!(byte, b' ' | b'\n' | b'\r' | b'\t')
        {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether another element follows: a comma, or the end of what `close` ends.
    fn goes_on(&mut self, close: u8) -> Option<bool> {
        self.skip_space();
        let byte = self.peek()?;
        self.at += 1;
        match byte {
            b',' => Some(true),
            byte if byte == close => Some(false),
            _ => None,
        }
    }

    /// An object; `member` reads the value behind each name.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        self.skip_space();
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_space();
            let name = self.name()?;
            self.skip_space();
            self.expect(b':')?;
            self.skip_space();
            member(self, name)?;
            if !self.goes_on(b'}')? {
                return Some(());
            }
        }
    }

    fn array(&mut self, depth_left: usize) -> Option<()> {
        self.expect(b'[')?;
        self.skip_space();
        if self.peek()? == b']' {
            self.at += 1;
            return Some(());
        }
        loop {
            self.skip_space();
            self.value(depth_left)?;
            if !self.goes_on(b']')? {
                return Some(());
            }
        }
    }

    /// Any value, with at most `depth_left` arrays and objects in one another.
    fn value(&mut self, depth_left: usize) -> Option<()> {
        match self.peek()? {
            b'"' => self.string(),
            b'{' => {
                let inside = depth_left.checked_sub(1)?;
                self.object(|cursor, _| cursor.value(inside))
            }
            b'[' => self.array(depth_left.checked_sub(1)?),
            b't' => self.literal(b"true"),
            b'f' => self.literal(b"false"),
            b'n' => self.literal(b"null"),
            _ => self.number(),
        }
    }

    /// A name without escapes, without its quotes.
    fn name(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let start = self.at;
        self.skip_plain();
        let name = self.text.get(start..self.at)?;
        self.expect(b'"')?;
        Some(name)
    }

    fn string(&mut self) -> Option<()> {
        self.expect(b'"')?;
        loop {
            self.skip_plain();
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => self.escape()?,
                _ => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        let digits = match *self.bytes.get(self.at + 1)? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => 0,
            b'u' => 4,
            _ => return None,
        };
        let end = self.at + 2 + digits;
        let all_hex = self.bytes.get(self.at + 2..end)?.iter();
        if !all_hex.clone().all(u8::is_ascii_hexdigit) {
            return None;
        }
        self.at = end;
        Some(())
    }

    /// Moves to the next quote, backslash or control character, eight bytes at a time.
    fn skip_plain(&mut self) {
        while let Some(eight) = self.bytes[self.at..].first_chunk() {
            let special = special_bytes(u64::from_le_bytes(*eight));
            if special != 0 {
                self.at += special.trailing_zeros() as usize / 8;
                return;
            }
            self.at += 8;
        }
        while self.peek().is_some_and(|byte| !is_special(byte)) {
            self.at += 1;
        }
    }

    fn literal(&mut self, word: &[u8]) -> Option<()> {
        let found = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        found.then_some(())
    }

    /// A number without an exponent.
    fn number(&mut self) -> Option<()> {
        if self.peek()? == b'-' {
            self.at += 1;
        }
        let leading_zero = self.peek()? == b'0';
        let whole = self.digits()?;
        if leading_zero && whole > 1 {
            return None;
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            self.digits()?;
        }
        let has_exponent = matches!(self.peek(), Some(b'e' | b'E'));
        (whole <= LONGEST_SURE_NUMBER && !has_exponent).then_some(())
    }

    /// How many digits there are, at least one.
    fn digits(&mut self) -> Option<usize> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(self.at - start)
    }
}

fn is_special(byte: u8) -> bool {
    byte < 0x20 || byte == b'"' || byte == b'\\'
}

/// Eight bytes at once: the high bit of each special byte, exact up to and including the first one.
///
/// A byte is zero where subtracting one borrows from its high bit (Sean Eron Anderson, "Bit Twiddling
/// Hacks", "Determine if a word has a zero byte"); the same with 0x20 finds the control characters.
fn special_bytes(word: u64) -> u64 {
    const ONES: u64 = u64::MAX / 255;
    const HIGH: u64 = ONES << 7;
    let zero_of = |word: u64, step: u64| word.wrapping_sub(ONES * step) & !word;
    let quotes = zero_of(word ^ (ONES * u64::from(b'"')), 1);
    let backslashes = zero_of(word ^ (ONES * u64::from(b'\\')), 1);
    (zero_of(word, 0x20) | quotes | backslashes) & HIGH
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;
    use serde_json::{Value, value::RawValue};

    use super::*;

    fn members(text: &str, max_depth: usize) -> Option<Vec<(&str, &str)>> {
        let mut all = Vec::new();
        read(text, max_depth, |name, value| all.push((name, value))).map(|()| all)
    }

    #[test]
    fn members_are_handed_over_as_they_are_written() {
        let text = r#"{"a" : [1,{"b":"]"}] ,"":-0.5,"c":"x\"}\u00e9","d":{ },"e":null}"#;
        let expected = vec![
            ("a", r#"[1,{"b":"]"}]"#),
            ("", "-0.5"),
            ("c", r#""x\"}\u00e9""#),
            ("d", "{ }"),
            ("e", "null"),
        ];
        assert_eq!(members(text, 3), Some(expected));
        assert_eq!(members("{}", 1), Some(Vec::new()));
    }

    #[test]
    fn the_depth_counts_the_object_itself() {
        assert!(members(r#"{"a":[[]]}"#, 3).is_some());
        assert!(members(r#"{"a":[[]]}"#, 2).is_none());
        assert!(members("{}", 0).is_none());
    }

    #[test]
    fn what_needs_a_closer_look_is_left_to_it() {
        for text in [
            "",
            "[]",
            "{",
            "{}x",
            "{} ",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":01}"#,
            r#"{"a":1.}"#,
            r#"{"a":-}"#,
            r#"{"a":1e3}"#,
            r#"{"a":tru}"#,
            r#"{"a":"\x"}"#,
            r#"{"a":"\u12g4"}"#,
            r#"{"\u0061":1}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":[1,]}"#,
            "{a:1}",
            r#"{"a":"#,
            r#"{"a":"b"#,
            r#"{"a":+1}"#,
        ] {
            assert_eq!(members(text, 9), None, "{text}");
        }
        let long = format!(r#"{{"a":{}}}"#, "9".repeat(309));
        assert_eq!(members(&long, 9), None);
    }

    #[test]
    fn every_special_byte_is_found_at_every_place() {
        for byte in 0..=u8::MAX {
            for place in 0..8 {
                let mut bytes = [b'a', 0x80, 0xFF, b'~', b' ', b'!', b'#', b'['];
                bytes[place] = byte;
                let found = special_bytes(u64::from_le_bytes(bytes));
                let first = bytes.iter().position(|byte| is_special(*byte));
                let seen = (found != 0).then(|| found.trailing_zeros() as usize / 8);
                assert_eq!(seen, first, "{byte} at {place}");
            }
        }
    }

    /// JSON of any shape, as text, with spaces here and there.
    fn json() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            any::<i64>().prop_map(|n| n.to_string()),
            (-1e9..1e9).prop_map(|n: f64| n.to_string()),
            any::<String>().prop_map(|text| Value::from(text).to_string()),
            prop::sample::select(vec!["true", "null", "-0", "1E5", r#""\ud83d\/""#])
                .prop_map(str::to_owned),
        ];
        leaf.prop_recursive(5, 40, 5, |inner| {
            let member = (any::<String>(), inner.clone())
                .prop_map(|(name, value)| format!("{} :{value}", Value::from(name)));
            prop_oneof![
                prop::collection::vec(inner, 0..5).prop_map(|all| format!("[{}]", all.join(", "))),
                prop::collection::vec(member, 0..5)
                    .prop_map(|all| format!("{{{}}}", all.join(","))),
            ]
        })
    }

    proptest! {
        /// What is taken here is JSON for `serde_json` as well, member by member.
        #[test]
        fn nothing_is_taken_that_is_not_json(text in json(), cut in any::<prop::sample::Index>(), byte in any::<char>()) {
            let mut spoilt: Vec<char> = text.chars().collect();
            let at = cut.index(spoilt.len());
            spoilt[at] = byte;
            for text in [text, spoilt.into_iter().collect()] {
                let Some(all) = members(&text, 64) else { continue };
                let known: HashMap<String, &RawValue> = serde_json::from_str(&text).expect("JSON");
                if let Some((name, value)) = all.last() {
                    prop_assert_eq!(known[*name].get(), *value);
                }
            }
        }
    }
}
