//! The places that the recipes of `src/lib.rs` send a reader to.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::sources::root;

/// The section `# Recipes` of the crate's documentation.
fn recipes() -> String {
    let text = fs::read_to_string(root().join("src/lib.rs")).expect("lib.rs");
    let documentation = text.lines().filter_map(|line| line.strip_prefix("//!"));
    let section = documentation
        .map(str::trim)
        .skip_while(|line| *line != "# Recipes")
        .skip(1)
        .take_while(|line| !line.starts_with("# "));
    section.collect::<Vec<_>>().join("\n")
}

/// What stands between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Whether a quoted text names a place in the project, and if so, whether the place is there: a path from
/// the project's top or from `src`, or a path of modules that may end with an item.
fn place_exists(name: &str) -> Option<bool> {
    let is_type = name.starts_with(char::is_uppercase) && name.contains("::");
    let is_code = is_type || name.contains(|c: char| !c.is_alphanumeric() && !"/._-:".contains(c));
    if is_code {
        return None;
    }
    if name.contains("::") {
        return Some(item_exists(name));
    }
    let extension = Path::new(name).extension();
    let is_file = extension.is_some_and(|extension| extension == "rs" || extension == "md");
    let is_path = is_file || name.contains('/');
    is_path.then(|| {
        // `src/cli/commands/NAME.rs` stands for a file that the reader is to write.
        let is_placeholder =
            |part: &&str| part.trim_end_matches(".rs").chars().all(char::is_uppercase);
        let parts = name.split('/').take_while(|part| !is_placeholder(part));
        let place: PathBuf = parts.collect();
        root().join(&place).exists() || root().join("src").join(&place).exists()
    })
}

fn item_exists(path: &str) -> bool {
    let mut folder = root().join("src");
    let mut names = path.trim_start_matches("crate::").split("::").peekable();
    let mut file = folder.join("lib.rs");
    while let Some(name) = names.peek() {
        let found = [
            folder.join(format!("{name}.rs")),
            folder.join(name).join("mod.rs"),
        ];
        let Some(module) = found.into_iter().find(|module| module.exists()) else {
            break;
        };
        (file, folder) = (module, folder.join(name));
        names.next();
    }
    let text = fs::read_to_string(file).expect("a module");
    names.all(|name| text.contains(name))
}

#[test]
fn each_place_in_a_recipe_exists() {
    let recipes = recipes();
    assert!(!recipes.is_empty(), "src/lib.rs has no section # Recipes");
    let places = quoted(&recipes).filter_map(|name| Some((name, place_exists(name)?)));
    let places: Vec<_> = places.collect();
    assert!(!places.is_empty(), "the recipes name no place");
    let missing = places.into_iter().filter(|(_, exists)| !exists);
    let missing: Vec<_> = missing.map(|(name, _)| name).collect();
    assert!(missing.is_empty(), "places that are gone: {missing:?}");
}

#[test]
fn a_missing_place_is_found() {
    for (name, exists) in [
        ("src/lib.rs", Some(true)),
        ("tests/it/architecture", Some(true)),
        ("store", None),
        ("State::Sent", None),
        ("message::State", Some(true)),
        ("message::Nothing", Some(false)),
        ("src/nowhere.rs", Some(false)),
        ("src/NAME.rs", Some(true)),
        ("cargo test", None),
    ] {
        assert_eq!(place_exists(name), exists, "{name}");
    }
}
