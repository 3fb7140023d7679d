//! JSON5 (<https://spec.json5.org>), which people write by hand: comments, commas at the end, keys without quotes. Read
//! into the values of JSON.
//!
//! Not here: writing it.

use serde_json::{Map, Number, Value};

/// How deep values may be within each other.
const MAX_DEPTH: usize = 64;

/// Reads a text. The error says in which line something else was expected.
pub fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    reader.skip('\u{feff}');
    let value = reader.value(0)?;
    reader.blanks()?;
    match reader.peek() {
        None => Ok(value),
        Some(_) => Err(reader.wrong("the end")),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Passes over this character, if it is next.
    fn skip(&mut self, wanted: char) -> bool {
        let is_it = self.peek() == Some(wanted);
        if is_it {
            self.at += wanted.len_utf8();
        }
        is_it
    }

    /// Never quotes what is there, which may be a secret.
    fn wrong(&self, expected: &str) -> String {
        let line = self.text[..self.at].matches('\n').count() + 1;
        format!("line {line}: expected {expected}")
    }

    /// Passes over blanks and comments.
    fn blanks(&mut self) -> Result<(), String> {
        loop {
            let rest = &self.text[self.at..];
            if rest.starts_with("//") {
                self.at += rest
                    .find(['\n', '\r', '\u{2028}', '\u{2029}'])
                    .unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                let end = rest
                    .find("*/")
                    .ok_or_else(|| self.wrong("the end of a comment"))?;
                self.at += end + 2;
            } else if self
                .peek()
                .is_some_and(|c| c.is_whitespace() || c == '\u{feff}')
            {
                self.next();
            } else {
                return Ok(());
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Value, String> {
        if depth > MAX_DEPTH {
            return Err(self.wrong("fewer values within each other"));
        }
        self.blanks()?;
        match self.peek() {
            Some('{') => self.object(depth),
            Some('[') => self.array(depth),
            Some('"' | '\'') => self.string().map(Value::String),
            Some(c) if c.is_ascii_digit() || "+-.IN".contains(c) => self.number(),
            Some(_) => self.word(),
            None => Err(self.wrong("a value")),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut fields = Map::new();
        loop {
            self.blanks()?;
            if self.skip('}') {
                return Ok(Value::Object(fields));
            }
            let key = match self.peek() {
                Some('"' | '\'') => self.string()?,
                _ => self.name()?,
            };
            self.blanks()?;
            if !self.skip(':') {
                return Err(self.wrong("a colon"));
            }
            let value = self.value(depth + 1)?;
            fields.insert(key, value);
            self.comma_or('}')?;
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        self.next();
        let mut values = Vec::new();
        loop {
            self.blanks()?;
            if self.skip(']') {
                return Ok(Value::Array(values));
            }
            values.push(self.value(depth + 1)?);
            self.comma_or(']')?;
        }
    }

    /// A comma, or the end, which is left.
    fn comma_or(&mut self, end: char) -> Result<(), String> {
        self.blanks()?;
        if self.skip(',') || self.peek() == Some(end) {
            return Ok(());
        }
        Err(self.wrong("a comma"))
    }

    /// A key without quotes, or a word.
    fn name(&mut self) -> Result<String, String> {
        let rest = &self.text[self.at..];
        let is_of_name = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
        let end = rest.find(|c| !is_of_name(c)).unwrap_or(rest.len());
        if end == 0 || rest.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(self.wrong("a key"));
        }
        self.at += end;
        Ok(rest[..end].to_owned())
    }

    fn word(&mut self) -> Result<Value, String> {
        let before = self.at;
        match self.name().as_deref() {
            Ok("true") => Ok(Value::Bool(true)),
            Ok("false") => Ok(Value::Bool(false)),
            Ok("null") => Ok(Value::Null),
            _ => {
                self.at = before;
                Err(self.wrong("a value"))
            }
        }
    }

    /// What JSON has no number for is none.
    fn number(&mut self) -> Result<Value, String> {
        let rest = &self.text[self.at..];
        let is_of_number = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = rest.find(|c| !is_of_number(c)).unwrap_or(rest.len());
        let written = &rest[..end];
        let digits = written.trim_start_matches(['+', '-']);
        let sign = if written.starts_with('-') { "-" } else { "" };
        let hex = digits
            .strip_prefix("0x")
            .or_else(|| digits.strip_prefix("0X"));
        let number = match hex {
            Some(hex) => i64::from_str_radix(&format!("{sign}{hex}"), 16)
                .ok()
                .map(Number::from),
            None if matches!(digits, "Infinity" | "NaN") => {
                self.at += end;
                return Ok(Value::Null);
            }
            None => {
                let whole = format!("{sign}{digits}")
                    .parse::<i64>()
                    .ok()
                    .map(Number::from);
                let any = || {
                    format!("{sign}{digits}")
                        .parse::<f64>()
                        .ok()
                        .and_then(Number::from_f64)
                };
                whole.or_else(any)
            }
        };
        let number = number.ok_or_else(|| self.wrong("a number"))?;
        self.at += end;
        Ok(Value::Number(number))
    }

    fn string(&mut self) -> Result<String, String> {
        let quote = self.next().unwrap_or('"');
        let mut text = String::new();
        loop {
            match self.next() {
                None | Some('\n' | '\r') => return Err(self.wrong("the end of a string")),
                Some(c) if c == quote => return Ok(text),
                Some('\\') => self.escape(&mut text)?,
                Some(c) => text.push(c),
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Result<(), String> {
        let c = match self.next() {
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('v') => '\u{b}',
            Some('0') => '\0',
            Some('x') => return self.code(2).map(|code| text.push(letter(code))),
            Some('u') => return self.unicode(text),
            // The line goes on.
            Some('\r') => {
                self.skip('\n');
                return Ok(());
            }
            Some('\n' | '\u{2028}' | '\u{2029}') => return Ok(()),
            Some(c) => c,
            None => return Err(self.wrong("the end of a string")),
        };
        text.push(c);
        Ok(())
    }

    /// A letter beyond the first 65,536 is written as two codes.
    fn unicode(&mut self, text: &mut String) -> Result<(), String> {
        let high = self.code(4)?;
        let rest = &self.text[self.at..];
        if (0xd800..0xdc00).contains(&high) && rest.starts_with("\\u") {
            self.at += 2;
            let low = self.code(4)?;
            let both = 0x1_0000 + ((high - 0xd800) << 10) + (low.wrapping_sub(0xdc00) & 0x3ff);
            text.push(letter(both));
            return Ok(());
        }
        text.push(letter(high));
        Ok(())
    }

    fn code(&mut self, digits: usize) -> Result<u32, String> {
        let written = self.text[self.at..].get(..digits);
        let code = written.and_then(|written| u32::from_str_radix(written, 16).ok());
        let code = code.ok_or_else(|| self.wrong("hexadecimal digits"))?;
        self.at += digits;
        Ok(code)
    }
}

fn letter(code: u32) -> char {
    char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn what_people_write_is_read() {
        let text = "\u{feff}// how it is\n{\n  /* a\n  block */ plain: 'it\\'s', \"quoted\": \"a//b\",\n  \
                    list: [1, -2.5, +3, 0x1F, .5, 5., true, null,],\n  $a_1: { },\n  long: 'a\\\nb', é: '\\u00e9\\ud83d\\ude00\\x41',\n}\n";
        let expected = json!({"plain": "it's", "quoted": "a//b",
            "list": [1, -2.5, 3, 31, 0.5, 5.0, true, null], "$a_1": {}, "long": "ab", "é": "é😀A"});
        assert_eq!(parse(text), Ok(expected));
        assert_eq!(parse("[Infinity, NaN]"), Ok(json!([null, null])));
    }

    #[test]
    fn what_is_wrong_is_told_by_its_line_and_not_quoted() {
        for (text, expected) in [
            ("", "line 1: expected a value"),
            ("{\n a: secret\n}", "line 2: expected a value"),
            ("{a 1}", "line 1: expected a colon"),
            ("{a: 1 b: 2}", "line 1: expected a comma"),
            ("{a: 'x\n'}", "line 2: expected the end of a string"),
            ("/* a", "line 1: expected the end of a comment"),
            ("{} {}", "line 1: expected the end"),
            ("{1: 2}", "line 1: expected a key"),
            ("[1-2]", "line 1: expected a number"),
        ] {
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
        let deep = "[".repeat(1000);
        assert!(parse(&deep).is_err_and(|error| error.contains("fewer")));
    }

    proptest! {
        #[test]
        fn all_of_json_is_read_as_json_is(numbers: Vec<i64>, texts: Vec<String>, word: bool) {
            let value = json!({"numbers": numbers, "texts": texts, "word": word});
            prop_assert_eq!(parse(&value.to_string()), Ok(value));
        }

        #[test]
        fn whatever_is_read_there_is_no_panic(text in r#"[\[\]{}:,'"/*\\a-u0-9 \n.+-]{0,40}"#, any: String) {
            let _ = (parse(&text), parse(&any));
        }
    }
}
