//! The generated parts of the README and of the manual.
//!
//! `UPDATE_DOCUMENTS=1 cargo test documents` rewrites them.

use std::{fmt::Write as _, fs};

use cleudocodebot::{
    config::keys,
    protocol::{
        describe::{ACTIONS, EVENTS, action},
        error_code::ROWS,
        role::{EVERYONE, Least},
    },
};

use super::{file, read};

/// Escapes bars, which would end the cell.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
}

fn keys() -> String {
    keys::all().fold(String::new(), |mut rows, key| {
        let default = if key.default.is_empty() {
            String::new()
        } else {
            format!("`{}`", key.default)
        };
        let _ = writeln!(rows, "| `{}` | {default} | {} |", key.name, cell(key.doc));
        rows
    })
}

/// The least role on the ladder, and those beside it.
fn roles(least: Least) -> String {
    if least == EVERYONE {
        return "all".to_owned();
    }
    let also = least.also.iter().map(|role| role.as_str());
    let all: Vec<_> = std::iter::once(least.role.as_str()).chain(also).collect();
    all.join(", ")
}

fn actions() -> String {
    ACTIONS.iter().fold(String::new(), |mut rows, action| {
        let fields = action
            .request
            .iter()
            .map(|field| format!("{}{}", field.name, if field.required { "" } else { "?" }));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let aliases = action
            .aliases
            .iter()
            .fold(String::new(), |all, alias| format!("{all} (`{alias}`)"));
        let _ = writeln!(
            rows,
            "| `{}`{aliases} `{{{fields}}}` | {} | {} |",
            action.name,
            roles(action.least),
            cell(action.summary)
        );
        rows
    })
}

fn events() -> String {
    EVENTS.iter().fold(String::new(), |mut rows, event| {
        let _ = writeln!(
            rows,
            "| `{}` | {} | {} |",
            event.name,
            roles(event.least),
            cell(event.summary)
        );
        rows
    })
}

fn errors() -> String {
    ROWS.iter().fold(String::new(), |mut rows, row| {
        let _ = writeln!(
            rows,
            "| `{}` | {} | {} | {} |",
            row.name,
            row.number,
            row.http,
            cell(row.meaning)
        );
        rows
    })
}

/// Of the settings and actions, those that the README shows.
const SHOWN_SETTINGS: [&str; 12] = [
    "TELEGRAM_BOT_TOKEN",
    "TELEGRAM_ALLOW_FROM",
    "DISCORD_BOT_TOKEN",
    "WHATSAPP_SERVER",
    "WHATSAPP_BASE_URL",
    "WHATSAPP_API_TOKEN_INSTANCE",
    "WHATSAPP_ALLOW_FROM",
    "AGENT",
    "OLLAMA_HOST",
    "CLEUDOCODEBOT_COUNTRY",
    "CLEUDOCODEBOT_LANG",
    "CLEUDOCODEBOT_PUBLIC_URL",
];
const SHOWN_ACTIONS: [&str; 7] = [
    "send",
    "history",
    "conversations",
    "read",
    "subscribe",
    "integrations",
    "status",
];

fn shown_keys() -> String {
    SHOWN_SETTINGS.iter().fold(String::new(), |mut rows, name| {
        let key = keys::row(name).unwrap_or_else(|| panic!("no setting {name}"));
        let _ = writeln!(rows, "| `{name}` | {} |", cell(key.doc));
        rows
    })
}

fn shown_actions() -> String {
    SHOWN_ACTIONS.iter().fold(String::new(), |mut rows, name| {
        let action = action(name).unwrap_or_else(|| panic!("no action {name}"));
        let _ = writeln!(rows, "| `{name}` | {} |", cell(action.summary));
        rows
    })
}

/// Replaces the text between `heading` (the two first lines of a table, or a fence) and the next `end`.
fn replace_behind(text: &str, heading: &str, end: &str, content: &str) -> String {
    let start = text
        .find(heading)
        .unwrap_or_else(|| panic!("there is no {heading:?}"))
        + heading.len();
    let stop = start + text[start..].find(end).expect("an end");
    format!("{}{content}{}", &text[..start], &text[stop..])
}

/// A file, and what is generated in it: the text before, the text behind, and what stands between.
struct Generated {
    file: &'static str,
    parts: Vec<(&'static str, &'static str, String)>,
}

fn generated() -> [Generated; 3] {
    let rows = |heading, rows: String| (heading, "\n\n", rows.trim_end().to_owned());
    let client = |fence, name: &str| {
        let source = read(&format!("tests/clients/{name}"));
        (fence, "\n```", source.trim_end().to_owned())
    };
    [
        Generated {
            file: "README.md",
            parts: vec![
                rows("| setting | what it is |\n|---|---|\n", shown_keys()),
                rows(
                    "| the first to know | what it does |\n|---|---|\n",
                    shown_actions(),
                ),
                client("```python\n", "ping.py"),
            ],
        },
        Generated {
            file: "src/manual/settings.md",
            parts: vec![rows(
                "| key | default | what it is |\n|---|---|---|\n",
                keys(),
            )],
        },
        Generated {
            file: "src/manual/protocol.md",
            parts: vec![
                rows(
                    "| action | least role | what it does |\n|---|---|---|\n",
                    actions(),
                ),
                rows("| event | least role | when |\n|---|---|---|\n", events()),
                rows(
                    "| error code | JSON-RPC | HTTP | meaning |\n|---|---|---|---|\n",
                    errors(),
                ),
                client("```python\n", "ping.py"),
                client("```js\n", "ping.mjs"),
                client("```sh\n", "rpc.sh"),
            ],
        },
    ]
}

#[test]
fn tables_are_current() {
    for Generated { file: name, parts } in generated() {
        let text = read(name);
        let current = parts
            .iter()
            .fold(text.clone(), |text, (heading, end, content)| {
                replace_behind(&text, heading, end, content)
            });
        if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
            fs::write(file(name), &current).expect("written");
        } else {
            assert!(
                current == text,
                "{name}: run: UPDATE_DOCUMENTS=1 cargo test documents"
            );
        }
    }
}
