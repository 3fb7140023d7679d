//! Parsing the `.reg` files that `reg export` writes. They are UTF-16, so no code page damages a path.

use crate::service::system::utf16;

/// One value of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RegistryValue {
    /// `"text"`, `REG_SZ`.
    Text(String),
    /// `hex:…`, `REG_BINARY`.
    Bytes(Vec<u8>),
    /// Any other type.
    Other,
}

/// The value of this name in the key itself, not in the keys below it, which are exported as well.
pub(crate) fn value(file: &[u8], key: &str, name: &str) -> Option<RegistryValue> {
    let text = utf16::decode(file)?;
    let wanted = format!("{}=", quoted(name)).to_lowercase();
    let mut in_key = false;
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            in_key = section.eq_ignore_ascii_case(key);
        } else if in_key && line.to_lowercase().starts_with(&wanted) {
            let mut data = line[wanted.len()..].to_owned();
            // A backslash continues a long binary value on the next line.
            while data.ends_with('\\') && data.starts_with("hex") {
                data.pop();
                data.push_str(lines.next()?.trim());
            }
            return Some(parsed(&data));
        }
    }
    None
}

fn parsed(data: &str) -> RegistryValue {
    if let Some(text) = data.strip_prefix('"').and_then(|d| d.strip_suffix('"')) {
        return RegistryValue::Text(unquoted(text));
    }
    let bytes = data.strip_prefix("hex:").map(|list| {
        let parse = |digits: &str| u8::from_str_radix(digits.trim(), 16).ok();
        list.split(',').map(parse).collect::<Option<Vec<u8>>>()
    });
    bytes
        .flatten()
        .map_or(RegistryValue::Other, RegistryValue::Bytes)
}

/// Text as it is written in such a file.
pub(crate) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

fn unquoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KEY: &str = r"HKEY_CURRENT_USER\Software\A";

    fn file(lines: &str) -> Vec<u8> {
        utf16::encode(&format!(
            "Windows Registry Editor Version 5.00\r\n\r\n[{KEY}]\r\n{lines}\r\n"
        ))
    }

    #[test]
    fn values_are_read_from_their_own_key_only() {
        let exported = file(
            "\"B\"=hex:03,00,\\\r\n  ff\r\n\"C\"=dword:00000001\r\n\r\n\
             [HKEY_CURRENT_USER\\Software\\A\\Below]\r\n\"D\"=\"no\"",
        );
        let read = |name| value(&exported, KEY, name);
        assert_eq!(read("b"), Some(RegistryValue::Bytes(vec![3, 0, 255])));
        assert_eq!(read("C"), Some(RegistryValue::Other));
        assert_eq!(read("D"), None);
        assert_eq!(value(b"not UTF-16", KEY, "B"), None);
    }

    proptest! {
        #[test]
        fn quoted_text_is_read_back(text in "[^\0\r\n]{0,30}") {
            let exported = file(&format!("\"Cleudocodebot\"={}", quoted(&text)));
            prop_assert_eq!(value(&exported, KEY, "Cleudocodebot"), Some(RegistryValue::Text(text)));
        }
    }
}
