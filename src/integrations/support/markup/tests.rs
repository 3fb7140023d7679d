//! Tests of formatting: what markdown means, and how `WhatsApp` writes it.
#![cfg(feature = "markdown")]

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::integrations::support::split::Measure;

fn markdown_message(text: &str) -> Message {
    Message {
        text: text.to_owned(),
        meta: Some(json!({"format": "markdown"})),
        ..Message::sample("whatsapp", "5511")
    }
}

fn read(text: &str) -> Markup {
    Markup::of(&markdown_message(text)).unwrap_or_default()
}

fn sent(text: &str) -> String {
    whatsapp(&markdown_message(text), text, 4000).join("|")
}

#[test]
fn whatsapp_gets_its_own_signs() {
    for (text, expected) in [
        ("**b** *i* _i_ ~~s~~ `c`", "*b* _i_ _i_ ~s~ `c`"),
        ("***both***", "_*both*_"),
        ("# Title\ntext", "*Title*\ntext"),
        ("# **Title**", "*Title*"),
        ("a\n\nb\nc", "a\n\nb\nc"),
        ("- a\n- b\n  - c\n\nd", "• a\n• b\n  • c\n\nd"),
        ("3. a\n4. b", "3. a\n4. b"),
        ("- [x] done\n- [ ] not", "☑ done\n☐ not"),
        ("> q\n> **r**\n\na", "> q\n> *r*\n\na"),
        ("```rust\nlet a;\n\n  b\n```\nc", "```let a;\n\n  b```\nc"),
        ("[site](https://a.example) b", "site (https://a.example) b"),
        (
            "**[site](https://a.example)**",
            "*site* (https://a.example)",
        ),
        ("<https://a.example>", "https://a.example"),
        ("[x](https://x)[y](docs/y.md)", "x (https://x)y (docs/y.md)"),
        (
            "![alt](https://a/b.png) ![](https://c)",
            "alt (https://a/b.png) https://c",
        ),
        (
            "| a | bc |\n|---|---|\n| def | g |",
            "```a   | bc\ndef | g```",
        ),
        ("| a*b* | c |\n|---|---|\n", "```a*b* | c```"),
        ("a\n\n---\n\nb", "a\n\n———\n\nb"),
        // No sign works within a word, across lines or around itself.
        ("a**b**c snake_case_name 2*3*4", "abc snake_case_name 2*3*4"),
        ("**a\nb**", "*a*\n*b*"),
        ("**a \\* b**", "a * b"),
        (
            "\\*not\\* 1 < 2 <b>tag</b> &amp;",
            "*not* 1 < 2 <b>tag</b> &",
        ),
        ("    set in", "set in"),
        ("a\n\n    set in\n    too\n\nb", "a\n\nset in\ntoo\n\nb"),
        ("-", "•"),
        ("olá 👩‍👩‍👧 שלום", "olá 👩‍👩‍👧 שלום"),
    ] {
        assert_eq!(sent(text), expected, "{text}");
    }
}

#[test]
fn a_text_without_format_goes_as_it_is() {
    let plain_message = Message {
        text: "**a**".to_owned(),
        ..Message::sample("whatsapp", "5511")
    };
    assert_eq!(Markup::of(&plain_message), None);
    assert_eq!(whatsapp(&plain_message, "**a**", 100), ["**a**"]);
    assert_eq!(plain(&plain_message), None);
    assert_eq!(
        plain(&markdown_message("**a** [b](https://c)")).as_deref(),
        Some("a b (https://c)")
    );
}

#[test]
fn spans_are_nested_and_name_their_words() {
    let made = read("**a _b_** `c`\n> d");
    let spans: Vec<_> = made
        .spans
        .iter()
        .map(|one| (&made.text[one.start..one.end], one.style.clone()))
        .collect();
    assert_eq!(
        spans,
        [
            ("a b", Style::Bold),
            ("b", Style::Italic),
            ("c", Style::Code),
            ("d", Style::Quote)
        ]
    );
}

#[test]
fn each_part_of_a_long_text_has_its_own_formatting() {
    let text = format!("**{}**", "word ".repeat(300).trim());
    let parts = whatsapp(&markdown_message(&text), &text, 400);
    assert!(parts.len() > 3);
    for part in &parts {
        assert!(
            part.starts_with('*') && part.ends_with('*') && part.chars().count() <= 400,
            "{part}"
        );
    }
    // An address that is longer than the room stands there in full, or in parts of their own.
    let text = format!("[a](https://a.example/{})", "b".repeat(3000));
    let parts = whatsapp(&markdown_message(&text), &text, 400);
    assert!(parts.iter().all(|part| part.chars().count() <= 400));
    assert_eq!(parts.concat().matches('b').count(), 3000);
}

#[test]
fn the_numbers_of_a_list_are_those_that_were_written() {
    assert_eq!(sent("00. sugar"), "00. sugar");
    assert_eq!(sent("007. tea\n008. milk"), "007. tea\n008. milk");
    assert_eq!(sent("1. tea\n1. milk"), "1. tea\n2. milk");
}

proptest! {
    #[test]
    fn any_text_ends_within_its_limit(
        text in "(\\PC|[ \n*_~`>#\\-|\\[\\]()!\\\\]|```\n|\n\n|[a-z]{1,9}|https://a\\.b){0,200}",
        limit in 64_usize..300,
    ) {
        let message = markdown_message(&text);
        for part in whatsapp(&message, &text, limit) {
            prop_assert!(Measure::Chars.of(&part) <= limit);
        }
        let made = Markup::of(&message).unwrap_or_default();
        let mut outer: Vec<&Span> = Vec::new();
        for span in &made.spans {
            prop_assert!(span.start < span.end && span.end <= made.text.len());
            outer.retain(|one| one.end > span.start);
            prop_assert!(outer.iter().all(|one| span.end <= one.end), "{made:?}");
            outer.push(span);
        }
        for part in made.split(limit, Measure::Utf16) {
            prop_assert!(Measure::Utf16.of(&part.text) <= limit);
        }
    }

    #[test]
    fn words_without_signs_stay(text in "[a-zé0-9 ,.?]{1,300}") {
        let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
        prop_assert_eq!(words(&sent(&text).replace('|', " ")), words(&text));
    }
}
