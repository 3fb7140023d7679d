//! What the README says, in English and in Portuguese.

use super::{file, read};

/// Lines of the README at most: one reads it, and the rest is in the manual.
const MAX_LINES: usize = 250;

const BOTH: [&str; 2] = ["README.md", "README.pt-BR.md"];

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

/// The levels of the headings, and the blocks of code.
fn skeleton(text: &str) -> (Vec<usize>, Vec<&str>) {
    let mut blocks = text.split("```").enumerate();
    let code = blocks
        .by_ref()
        .filter(|(at, _)| at % 2 == 1)
        .map(|(_, block)| block)
        .collect();
    let prose = text.split("```").step_by(2).flat_map(str::lines);
    let levels = prose
        .filter(|line| line.starts_with('#'))
        .map(|line| line.find(' ').unwrap_or_default());
    (levels.collect(), code)
}

/// What people say and call things in the examples, in both languages.
const SAID: [(&str, &str); 5] = [
    ("\"Hello\"", "\"Olá\""),
    ("\"Tea is ready\"", "\"O chá está pronto\""),
    ("add card ", "add cartao "),
    ("--reason lunch", "--reason almoço"),
    ("pair phone", "pair celular"),
];

/// A block without its comments, which each language has its own of.
fn commands(block: &str) -> Vec<&str> {
    let lines = block.lines().map(|line| line.split("  #").next());
    lines.flatten().map(str::trim_end).collect()
}

/// An English block with what people say in it in Portuguese.
fn in_portuguese(block: &str) -> String {
    let start = block.to_owned();
    SAID.iter().fold(start, |text, (english, portuguese)| {
        text.replace(english, portuguese)
    })
}

#[test]
fn both_languages_have_the_same_headings_and_code() {
    let (english, portuguese) = (read(BOTH[0]), read(BOTH[1]));
    let ((levels, code), (others, other_code)) = (skeleton(&english), skeleton(&portuguese));
    assert_eq!(levels, others, "headings");
    assert_eq!(code.len(), other_code.len(), "blocks of code");
    for (block, other) in code.iter().zip(&other_code) {
        assert_eq!(commands(&in_portuguese(block)), commands(other));
    }
}

#[test]
fn the_readme_is_short_and_its_links_lead_somewhere() {
    for name in BOTH {
        let text = read(name);
        let count = text.lines().count();
        assert!(count < MAX_LINES, "{name} has {count} lines");
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http")) {
            assert!(file(link).exists(), "{name} leads to {link}");
        }
    }
}

#[test]
fn links_of_the_manual_lead_somewhere() {
    let folder = file("src/manual");
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("text");
        let links = text
            .split("](")
            .skip(1)
            .filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.starts_with("http") && !link.starts_with('#')) {
            assert!(
                folder.join(link).exists(),
                "{} leads to {link}",
                path.display()
            );
        }
    }
}
