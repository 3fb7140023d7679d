//! The README in both languages, the manual and `--help` agree with the code and with each other: `tables` are those
//! that are generated, `readme` what is written, `commands` runs every command of it.

#[cfg(unix)]
mod commands;
mod readme;
mod tables;

use std::{fs, path::PathBuf};

use crate::support::{Scratch, program, run};

fn file(path: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(path)
}

fn read(path: &str) -> String {
    fs::read_to_string(file(path)).expect("a file of the project")
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
