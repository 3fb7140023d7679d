//! Consistency of the table, and of `.env.example` with it.

use super::*;
use crate::config::{dotenv::Document, shown::is_secret};

const EXAMPLE: &str = include_str!("../../../.env.example");

fn rendered() -> String {
    let header = "\
# Settings of cleudocodebot: every key with its default. Copy what you change to the .env in its
# home folder (~/.cleudocodebot/.env), without the `# ` before it, and run: chmod 600 ~/.cleudocodebot/.env
# The command line overrules the environment, the environment overrules .env, .env overrules these.
";
    let rows = all().map(|key| {
        let heading = heading(key.name).map(|heading| format!("\n\n# === {heading} ===\n"));
        let heading = heading.unwrap_or_default();
        format!("{heading}\n# {}\n# {}={}\n", key.doc, key.name, key.default)
    });
    rows.fold(header.to_owned(), |text, row| text + &row)
}

#[test]
fn the_example_file_is_this_table() {
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        std::fs::write(".env.example", rendered()).expect("written");
    }
    assert_eq!(EXAMPLE.replace("\r\n", "\n"), rendered());
}

#[test]
fn the_example_file_reads_with_and_without_its_comment_signs() {
    Document::parse(EXAMPLE).expect("reads as it is");
    let uncommented = all().fold(EXAMPLE.to_owned(), |text, key| {
        text.replace(&format!("\n# {}=", key.name), &format!("\n{}=", key.name))
    });
    let document = Document::parse(&uncommented).expect("reads uncommented");
    for key in all() {
        assert_eq!(document.get(key.name).as_deref(), Some(key.default));
    }
}

#[test]
fn what_people_set_comes_first_and_limits_last() {
    let headings: Vec<_> = all().filter_map(|key| heading(key.name)).collect();
    assert_eq!(headings.len(), 7, "{headings:?}");
    let place = |name: &str| all().position(|key| key.name == name).expect("there");
    let order = [
        "TELEGRAM_BOT_TOKEN",
        "AGENT",
        COUNTRY,
        PORT,
        "CLEUDOCODEBOT_LOG_LEVEL",
        "TELEGRAM_RATE",
        "CLEUDOCODEBOT_MAX_CONNECTIONS",
    ];
    assert!(order.map(place).is_sorted(), "{:?}", order.map(place));
    let distinct: std::collections::BTreeSet<_> = all().map(|key| key.name).collect();
    assert_eq!(distinct.len(), all().count());
}

#[test]
fn every_default_is_valid_and_every_row_has_one_line_of_text() {
    for key in all() {
        assert!(key.doc.ends_with('.') && !key.doc.contains('\n'));
        assert_eq!(key.secret, is_secret(key.name), "{}", key.name);
        if !key.default.is_empty() && key.kind != Kind::Folder {
            assert_eq!(key.kind.check(key.default), Ok(()), "{}", key.name);
        }
    }
}

#[test]
fn a_single_value_is_checked_and_explained() {
    assert!(validate("CLEUDOCODEBOT_PORT", "0").is_ok());
    assert!(validate("SOMEONES_TOKEN", "any thing").is_ok());
    for name in ["TELEGRAM_TOKEN", "TELEGRAM_BOT_TOKEN_2", "TELEGRAM_TOKEN_5"] {
        assert!(validate(name, "any thing").is_err(), "{name}");
    }
    for other in ["TELEGRAM_TOKEN_6", "WHATSAPP_API_TOKEN_INSTANCE_2"] {
        assert!(validate(other, "any thing").is_ok(), "{other}");
    }
    let told = |name, value| validate(name, value).expect_err("refused").to_string();
    assert_eq!(
        told("CLEUDOCODEBOT_PORT", "70000"),
        "CLEUDOCODEBOT_PORT is \"70000\" (given here); expected a whole number from 0 to 65535"
    );
    assert_eq!(
        told("CLEUDOCODEBOT_PRT", "1"),
        "CLEUDOCODEBOT_PRT is not a key of this program; did you mean CLEUDOCODEBOT_PORT?"
    );
    assert!(told("CLEUDOCODEBOT_HOME", "/a").contains("--home"));
    assert!(told("A B", "1").contains("names are letters"));
    assert!(told("A", "\0").contains("NUL"));
}
