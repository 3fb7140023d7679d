//! Service files: whatever a path holds, the launcher reads back exactly that path, and no more lines,
//! keys or arguments than were meant.

#![no_main]

use cleudocodebot::service::launchers::texts::{
    desktop_entry, plist, run_value, startup_bat, system_unit, task_xml, user_unit,
};
use libfuzzer_sys::fuzz_target;

/// The words of a command line in double quotes or none; `unescape` gets the rest of the line, the
/// character it has come to, and the place of the word.
fn words(
    line: &str,
    unescape: impl Fn(&mut std::str::Chars<'_>, char, usize) -> char,
) -> Vec<String> {
    let (mut all, mut word, mut quoted) = (Vec::new(), String::new(), false);
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => quoted = !quoted,
            ' ' if !quoted => all.push(std::mem::take(&mut word)),
            c => word.push(unescape(&mut chars, c, all.len())),
        }
    }
    assert!(!quoted, "an open quote in {line:?}");
    all.push(word);
    all
}

/// systemd.service(5) and systemd.unit(5): `%%`, `$$` but in the program, and escapes as in C.
fn systemd_words(line: &str) -> Vec<String> {
    words(line, |rest, c, place| match c {
        '$' if place == 0 => c,
        '%' | '$' => {
            assert_eq!(rest.next(), Some(c), "a specifier or variable");
            c
        }
        '\\' => rest.next().expect("an escaped character"),
        c => c,
    })
}

/// The Desktop Entry Specification: strings of a key first, then the quoting of `Exec`.
fn desktop_words(line: &str) -> Vec<String> {
    let mut value = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => value.push(match chars.next().expect("an escaped character") {
                's' => ' ',
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                other => other,
            }),
            c => value.push(c),
        }
    }
    words(&value, |rest, c, _| match c {
        '%' => {
            assert_eq!(rest.next(), Some('%'), "a field code");
            '%'
        }
        '\\' => rest.next().expect("an escaped character"),
        c => c,
    })
}

fn of_key<'t>(text: &'t str, key: &str) -> &'t str {
    let mut found = text.lines().filter_map(|line| line.strip_prefix(key));
    let value = found.next().unwrap_or_else(|| panic!("{key} in {text:?}"));
    assert_eq!(found.next(), None, "{key} twice");
    value
}

/// The texts of one element, wherever it is (XML 1.0 §4.6).
fn elements(xml: &str, name: &str) -> Vec<String> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let parts = xml.split(&open).skip(1);
    parts
        .map(|part| {
            let raw = part.split_once(&close).expect("closed").0;
            assert!(!raw.contains(['<', '>']), "{raw:?}");
            let entities = [
                ("&lt;", "<"),
                ("&gt;", ">"),
                ("&quot;", "\""),
                ("&apos;", "'"),
            ];
            let plain = entities
                .iter()
                .fold(raw.to_owned(), |text, (entity, c)| text.replace(entity, c));
            plain.replace("&amp;", "&")
        })
        .collect()
}

fuzz_target!(|input: (&str, &str)| {
    let (program, home) = input;
    // The installer refuses these before anything is written.
    if [program, home]
        .iter()
        .any(|text| text.contains(char::is_control))
    {
        return;
    }
    let (program, home) = (&*format!("/{program}"), &*format!("/{home}"));
    let unit = user_unit(program, home);
    let line = systemd_words(of_key(&unit, "ExecStart="));
    // A shell may stand in front.
    let line = &line[line.len().saturating_sub(4)..];
    assert_eq!(line, [program, "daemon", "--home", home], "{unit}");
    assert_eq!(unit.lines().count(), user_unit("/a", "/b").lines().count());
    let unit = system_unit(program, home, "ada");
    assert_eq!(
        unit.lines().count(),
        system_unit("/a", "/b", "ada").lines().count()
    );
    let text = plist(program, home, "/log");
    let strings = elements(&text, "string");
    assert!(strings[1] == program && strings[5] == home, "{text}");
    if let Ok(entry) = desktop_entry(program, home) {
        let line = desktop_words(of_key(&entry, "Exec="));
        assert_eq!(
            line,
            [program, "daemon", "--quiet", "--home", home],
            "{entry}"
        );
    }
    let task = task_xml("S-1-5-21", home, true);
    assert_eq!(
        task.lines().count(),
        task_xml("S-1-5-21", "/b", true).lines().count()
    );
    assert!(
        elements(&task, "Command")
            .concat()
            .contains(home.trim_end_matches(['/', '\\'])),
        "{task}"
    );
    // What cmd.exe makes of these has a model in the unit tests; here they must only not panic.
    let _ = (run_value(home, true), run_value(home, false));
    let _ = startup_bat(home, "C:\\Users\\ada\\AppData\\Local", true);
});
