//! Rich messages as plain text (<https://core.telegram.org/bots/api#richmessage>, since 10.1): a tree of
//! blocks, whose texts are trees of their own.

use serde_json::Value;

use crate::message::text_at;

/// Blocks that are files, in the words a file without a caption has.
const FILES: [(&str, &str); 6] = [
    ("animation", "video"),
    ("audio", "audio"),
    ("photo", "image"),
    ("video", "video"),
    ("voice_note", "voice"),
    ("map", "location"),
];

/// All that a rich message says, a block a line; `None` where it says nothing.
pub(super) fn text(message: &Value) -> Option<String> {
    let mut lines = Vec::new();
    push_blocks(&mut lines, &message["blocks"], "");
    let text = lines.join("\n");
    (!text.is_empty()).then_some(text)
}

fn push_blocks(lines: &mut Vec<String>, blocks: &Value, indent: &str) {
    for block in blocks.as_array().into_iter().flatten() {
        push_block(lines, block, indent);
    }
}

/// A block of any type, also one that is newer than this: whatever of these fields it has.
fn push_block(lines: &mut Vec<String>, block: &Value, indent: &str) {
    let name = text_at(block, "type").unwrap_or_default();
    let mut push = |line: String| {
        if !line.trim().is_empty() {
            lines.push(format!("{indent}{line}"));
        }
    };
    if let Some((_, word)) = FILES.iter().find(|(file, _)| *file == name) {
        push(
            format!("[{word}] {}", place(&block["location"]))
                .trim_end()
                .to_owned(),
        );
    }
    if let Some(expression) = text_at(block, "expression") {
        push(expression.to_owned());
    }
    for field in ["summary", "text"] {
        push(plain(&block[field]));
    }
    for row in block["cells"].as_array().into_iter().flatten() {
        let cells = row.as_array().into_iter().flatten();
        let cells: Vec<String> = cells.map(|cell| plain(&cell["text"])).collect();
        push(cells.join(" | "));
    }
    for item in block["items"].as_array().into_iter().flatten() {
        push_item(lines, item, indent);
    }
    push_blocks(lines, &block["blocks"], indent);
    for end in [&block["caption"], &block["credit"]] {
        let words = [plain(end), plain(&end["credit"])].join(" ");
        if !words.trim().is_empty() {
            lines.push(format!("{indent}{}", words.trim()));
        }
    }
}

fn place(location: &Value) -> String {
    match (
        location["latitude"].as_f64(),
        location["longitude"].as_f64(),
    ) {
        (Some(lat), Some(lng)) => format!("{lat}, {lng}"),
        _ => String::new(),
    }
}

/// An item of a list: its label before its first line, the rest below.
fn push_item(lines: &mut Vec<String>, item: &Value, indent: &str) {
    let label = text_at(item, "label").unwrap_or("-");
    let mark = match (item["has_checkbox"] == true, item["is_checked"] == true) {
        (_, true) => " [x]",
        (true, false) => " [ ]",
        (false, false) => "",
    };
    let mut below = Vec::new();
    push_blocks(&mut below, &item["blocks"], "");
    let mut below = below.into_iter();
    let first = below.next().unwrap_or_default();
    lines.push(format!("{indent}{label}{mark} {first}"));
    lines.extend(below.map(|line| format!("{indent}  {line}")));
}

/// A text: a string, a list of texts, or an object with one. A link has its address behind it.
fn plain(text: &Value) -> String {
    match text {
        Value::String(text) => text.clone(),
        Value::Array(parts) => parts.iter().map(plain).collect(),
        Value::Object(_) => {
            let symbols = ["alternative_text", "expression"];
            let symbol = symbols.iter().find_map(|key| text_at(text, key));
            let words = symbol.map_or_else(|| plain(&text["text"]), str::to_owned);
            match text_at(text, "url") {
                Some(url) if !words.contains(url) => format!("{words} ({url})"),
                _ => words,
            }
        }
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn every_block_becomes_lines() {
        let bold = json!([{"type": "bold", "text": "Choir"}, " of ", {"type": "custom_emoji", "alternative_text": "🎵"}]);
        let message = json!({"blocks": [
            {"type": "heading", "text": bold},
            {"type": "paragraph", "text": {"type": "url", "text": "notes", "url": "https://a.example"}},
            {"type": "divider"}, {"type": "anchor", "name": "x"},
            {"type": "mathematical_expression", "expression": "a+b"},
            {"type": "list", "items": [
                {"label": "1.", "blocks": [{"type": "paragraph", "text": "one"}, {"type": "paragraph", "text": "more"}]},
                {"label": "2.", "has_checkbox": true, "is_checked": true, "blocks": [{"type": "paragraph", "text": "two"}]}]},
            {"type": "blockquote", "blocks": [{"type": "paragraph", "text": "said"}], "credit": "Ana"},
            {"type": "table", "cells": [[{"text": "a"}, {}], [{"text": "b"}, {"text": "c"}]], "caption": "T"},
            {"type": "details", "summary": "S", "blocks": [{"type": "pre", "text": "code"}]},
            {"type": "photo", "photo": [], "caption": {"text": "us", "credit": "Bia"}},
            {"type": "map", "location": {"latitude": 1.5, "longitude": 2}},
            {"type": "from the future", "text": "kept"}]});
        let expected = "Choir of 🎵\nnotes (https://a.example)\na+b\n1. one\n  more\n2. [x] two\nsaid\nAna\n\
                        a | \nb | c\nT\nS\ncode\n[image]\nus Bia\n[location] 1.5, 2\nkept";
        assert_eq!(text(&message).as_deref(), Some(expected));
        assert_eq!(text(&json!({"blocks": [{"type": "divider"}]})), None);
    }
}
