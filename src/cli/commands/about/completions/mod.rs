//! `completions`: scripts for shells. They know nothing of the commands: all pass the words of the line to
//! `complete`, and show what that answers in the way of their shell.

mod bash;
mod fish;
mod powershell;
mod zsh;

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, ParsedArgs},
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "completions",
    summary: "Print a completion script for a shell",
    usage: &["bash|zsh|fish|powershell"],
    details: "Load it from the start file of the shell.",
    options: &[],
    examples: &[
        ("source <(cleudocodebot completions bash)", "in ~/.bashrc"),
        (
            "cleudocodebot completions zsh > ~/.zfunc/_cleudocodebot",
            "a folder of $fpath",
        ),
        (
            "cleudocodebot completions fish | source",
            "in ~/.config/fish/config.fish",
        ),
        (
            "cleudocodebot completions powershell | Out-String | Invoke-Expression",
            "in $PROFILE",
        ),
    ],
    parse,
};

/// Prints the script for a shell.
#[derive(Debug)]
pub(crate) struct CompletionsCommand {
    /// The shell that will run the script.
    pub shell: Shell,
}

/// A shell that can complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shell {
    /// GNU Bash 4 or later.
    Bash,
    /// The Z shell.
    Zsh,
    /// The friendly interactive shell.
    Fish,
    /// `PowerShell` 5 or later.
    Power,
}

const SHELLS: [(&str, Shell); 4] = [
    ("bash", Shell::Bash),
    ("zsh", Shell::Zsh),
    ("fish", Shell::Fish),
    ("powershell", Shell::Power),
];

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.required_word("bash, zsh, fish or powershell")?;
    let shell = SHELLS.iter().find(|(name, _)| *name == word);
    let unknown = || {
        Error::Usage(format!(
            "{word:?} is no shell known here; expected bash, zsh, fish or powershell"
        ))
    };
    let (_, shell) = shell.ok_or_else(unknown)?;
    Ok(Box::new(CompletionsCommand { shell: *shell }))
}

impl Command for CompletionsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        context.terminal.drawing(script(self.shell))
    }
}

fn script(shell: Shell) -> &'static str {
    match shell {
        Shell::Bash => bash::SCRIPT,
        Shell::Zsh => zsh::SCRIPT,
        Shell::Fish => fish::SCRIPT,
        Shell::Power => powershell::SCRIPT,
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command as Process, Stdio},
    };

    use super::*;

    /// The shell's own parser, where the shell is installed.
    fn accepts(shell: &str, arguments: &[&str], script: &str) {
        let run = Process::new(shell)
            .args(arguments)
            .stdin(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let Ok(mut run) = run else {
            eprintln!("skipped: no {shell} here");
            return;
        };
        let mut input = run.stdin.take().expect("a pipe");
        input.write_all(script.as_bytes()).expect("written");
        drop(input);
        let output = run.wait_with_output().expect("ended");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && told.is_empty(),
            "{shell}: {told}"
        );
    }

    #[test]
    fn the_shells_accept_their_scripts() {
        accepts("bash", &["-n"], script(Shell::Bash));
        accepts("zsh", &["-n"], script(Shell::Zsh));
        accepts("fish", &["--no-execute"], script(Shell::Fish));
    }
}
