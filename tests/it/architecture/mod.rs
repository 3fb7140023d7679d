//! The rules of the house that a compiler does not keep: which way imports point, what each file
//! says of itself, how long a file may be, and what stands at the top level.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

/// The floors from the ground up. A module may name those of lower floors and of its own.
const FLOORS: &[&[&str]] = &[
    &[
        "error", "level", "clock", "random", "fs", "backoff", "shutdown", "panics", "body", "qr",
        "phone",
    ],
    &["log"],
    &["message", "config"],
    &["protocol"],
    &["client", "store", "router"],
    &["integrations"],
    &["gateway", "service"],
    &["daemon"],
    &["cli"],
    &["main", "lib"],
];

/// Longest file a reader should meet.
const MAX_LINES: usize = 450;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder)
            .expect("a folder of ours")
            .map(|entry| entry.expect("an entry").path())
        {
            if entry.is_dir() {
                folders.push(entry);
            } else if entry.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&entry).expect("a file of ours");
                found.push((entry, text));
            }
        }
    }
    found.sort();
    found
}

/// The top-level module a file of `src` belongs to.
fn module_of(path: &Path) -> String {
    let inside = path.strip_prefix(root().join("src")).expect("in src");
    let first = inside
        .components()
        .next()
        .expect("a name")
        .as_os_str()
        .to_string_lossy();
    first.trim_end_matches(".rs").to_owned()
}

fn floor_of(module: &str) -> usize {
    FLOORS
        .iter()
        .position(|floor| floor.contains(&module))
        .unwrap_or_else(|| panic!("the module {module} has no floor: add it to FLOORS"))
}

/// The first names behind each `crate::`, also those of a brace that spans several lines.
fn named(text: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (at, found) in text.match_indices("crate::") {
        let rest = &text[at + found.len()..];
        match rest.strip_prefix('{') {
            None => drop(names.insert(first_name(rest))),
            Some(inside) => {
                names.extend(elements(inside).iter().map(|element| first_name(element)));
            }
        }
    }
    names
}

fn first_name(path: &str) -> String {
    path.trim_start()
        .chars()
        .take_while(|c| c.is_ascii_alphanumeric() || *c == '_')
        .collect()
}

/// The elements of a brace whose opening is past, split at its own commas.
fn elements(inside: &str) -> Vec<String> {
    let (mut depth, mut all) = (0, vec![String::new()]);
    for c in inside.chars() {
        match c {
            '}' if depth == 0 => break,
            ',' if depth == 0 => all.push(String::new()),
            _ => {
                depth += i32::from(c == '{') - i32::from(c == '}');
                all.last_mut().expect("never empty").push(c);
            }
        }
    }
    all
}

#[test]
fn imports_point_downward_only() {
    let mut wrong = Vec::new();
    let mut arrows: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (path, text) in sources("src")
        .iter()
        .filter(|(path, _)| !path.starts_with(root().join("src/bin")))
    {
        let (module, text) = (
            module_of(path),
            text.split("#[cfg(test)]\nmod tests {")
                .next()
                .unwrap_or_default(),
        );
        for other in named(text)
            .into_iter()
            .filter(|other| FLOORS.iter().any(|floor| floor.contains(&other.as_str())))
        {
            if other != module && floor_of(&other) > floor_of(&module) {
                wrong.push(format!(
                    "{}: {module} names {other}, which stands above it",
                    path.display()
                ));
            }
            if other != module {
                arrows.entry(module.clone()).or_default().insert(other);
            }
        }
    }
    for (from, to) in &arrows {
        for other in to
            .iter()
            .filter(|other| arrows.get(*other).is_some_and(|back| back.contains(from)))
        {
            wrong.push(format!("{from} and {other} name each other"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_says_what_lives_in_it_and_fits_a_reader() {
    let mut wrong = Vec::new();
    for (path, text) in ["src", "tests", "benches"]
        .iter()
        .flat_map(|folder| sources(folder))
    {
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not begin with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > MAX_LINES {
            wrong.push(format!("{} has {lines} lines", path.display()));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_top_level_is_what_a_visitor_expects() {
    let allowed = [
        ".ci",
        ".env.example",
        ".git",
        ".gitignore",
        "Cargo.lock",
        "Cargo.toml",
        "LICENSE",
        "README.md",
        "benches",
        "src",
        "target",
        "tests",
    ];
    for entry in fs::read_dir(root()).expect("the project") {
        let name = entry
            .expect("an entry")
            .file_name()
            .to_string_lossy()
            .into_owned();
        assert!(
            allowed.contains(&name.as_str()),
            "{name} does not belong at the top level"
        );
    }
}
