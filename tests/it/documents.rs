//! The README and `--help` agree with the tables of the code.
//!
//! `UPDATE_DOCUMENTS=1 cargo test documents` rewrites the generated parts of the README.

use std::{fmt::Write as _, fs, path::PathBuf};

use cleudocodebot::{
    config::keys,
    protocol::{
        describe::{ACTIONS, EVENTS},
        error_code::ROWS,
        role::{EVERYONE, Least},
    },
};

use crate::support::{Scratch, program, run};

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(file(path)).expect("a file of the project")
}

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

/// Replaces the text between `heading` (the two first lines of a table, or a fence) and the next `end`.
fn replace_behind(text: &str, heading: &str, end: &str, content: &str) -> String {
    let start = text
        .find(heading)
        .unwrap_or_else(|| panic!("the README has no {heading:?}"))
        + heading.len();
    let stop = start + text[start..].find(end).expect("an end");
    format!("{}{content}{}", &text[..start], &text[stop..])
}

#[test]
fn readme_tables_are_current() {
    let readme = read("README.md");
    let mut current = readme.clone();
    for (heading, rows) in [
        ("| key | default | what it is |\n|---|---|---|\n", keys()),
        (
            "| action | least role | what it does |\n|---|---|---|\n",
            actions(),
        ),
        ("| event | least role | when |\n|---|---|---|\n", events()),
        (
            "| error code | JSON-RPC | HTTP | meaning |\n|---|---|---|---|\n",
            errors(),
        ),
    ] {
        current = replace_behind(&current, heading, "\n\n", rows.trim_end());
    }
    for (fence, client) in [
        ("```python\n", "ping.py"),
        ("```js\n", "ping.mjs"),
        ("```sh\n", "rpc.sh"),
    ] {
        let source = read(&format!("tests/clients/{client}"));
        current = replace_behind(&current, fence, "\n```", source.trim_end());
    }
    if std::env::var_os("UPDATE_DOCUMENTS").is_some() {
        fs::write(file("README.md"), &current).expect("written");
    } else {
        assert!(
            current == readme,
            "run: UPDATE_DOCUMENTS=1 cargo test documents"
        );
    }
}

#[test]
fn readme_names_the_ci_command() {
    let ci = read(".ci/run");
    let last = ci.lines().last().expect("a command");
    assert!(read("README.md").contains(&format!("$ {last}\n")), "{last}");
    assert!(
        ci.contains("cargo fmt --check")
            && ci.contains("cargo clippy --all-targets -- -D warnings")
    );
}

#[test]
fn readme_commands_exist() {
    let home = Scratch::new();
    let (code, help, _) = run(program(&home.0, &["--help"]));
    assert_eq!(code, 0);
    let readme = read("README.md");
    for line in readme
        .lines()
        .filter_map(|line| line.strip_prefix("$ cleudocodebot "))
    {
        let command = line.split(' ').next().expect("a word");
        assert!(
            help.contains(&format!("\n  {command} ")),
            "{command} is not in --help"
        );
    }
}

#[test]
fn help_fits_a_terminal() {
    let home = Scratch::new();
    let (_, help, _) = run(program(&home.0, &["--help"]));
    let commands = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty());
    for command in commands.filter_map(|line| line.split_whitespace().next()) {
        let (code, text, stderr) = run(program(&home.0, &[command, "--help"]));
        assert_eq!(code, 0, "{command}: {stderr}");
        assert!(
            text.contains(command) && text.lines().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
}
