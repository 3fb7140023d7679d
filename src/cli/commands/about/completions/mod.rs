//! `completions`: scripts for shells, made from the table of commands.
//!
//! Each shell has its file, a pure function from the table to text; `flags` is what they share.

mod bash;
mod fish;
mod flags;
mod powershell;
mod zsh;

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, CommandTable, FirstWord, ParsedArgs},
    },
    error::{Error, Result},
    language::Translator,
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
    first_word: FirstWord::Listed(|| SHELLS.iter().map(|(name, _)| *name).collect()),
    parse,
};

/// Prints the script for a shell.
#[derive(Debug)]
pub(crate) struct CompletionsCommand {
    /// Every command.
    pub commands: CommandTable,
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
    Ok(Box::new(CompletionsCommand {
        commands: args.commands(),
        shell: *shell,
    }))
}

impl Command for CompletionsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let translator = context.terminal.translator();
        let script = script(self.shell, self.commands, translator);
        context.terminal.text(&script)
    }
}

fn script(shell: Shell, commands: &[&CommandSpec], translator: Translator) -> String {
    match shell {
        Shell::Bash => bash::script(commands),
        Shell::Zsh => zsh::script(commands, translator),
        Shell::Fish => fish::script(commands, translator),
        Shell::Power => powershell::script(commands, translator),
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::Write as _,
        process::{Command as Process, Stdio},
    };

    use super::{flags::options_of, *};
    use crate::cli::commands::COMMANDS;

    #[test]
    fn every_script_knows_every_command_and_option() {
        for (name, shell) in SHELLS {
            let script = script(shell, COMMANDS, Translator::default());
            for spec in COMMANDS {
                assert!(script.contains(spec.name), "{name} lacks {}", spec.name);
                for option in options_of(spec) {
                    assert!(script.contains(option.name), "{name} lacks {}", option.name);
                }
            }
        }
    }

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
        accepts(
            "bash",
            &["-n"],
            &script(Shell::Bash, COMMANDS, Translator::default()),
        );
        accepts(
            "zsh",
            &["-n"],
            &script(Shell::Zsh, COMMANDS, Translator::default()),
        );
        accepts(
            "fish",
            &["--no-execute"],
            &script(Shell::Fish, COMMANDS, Translator::default()),
        );
    }

    #[test]
    fn bash_completes_commands_options_and_words() {
        let complete = |words: &str, index: usize| {
            format!(
                "COMP_WORDS=({words}); COMP_CWORD={index}; _cleudocodebot; \
                 echo \"${{COMPREPLY[*]}}\"\n"
            )
        };
        let lines = [
            (complete("cleudocodebot stat", 1), "status"),
            (complete("cleudocodebot --home /tmp pin", 3), "ping"),
            (complete("cleudocodebot ping --cou", 2), "--count"),
            (complete("cleudocodebot config uns", 2), "unset"),
            (complete("cleudocodebot logs --level wa", 3), "warn"),
        ];
        let calls: String = lines.iter().map(|(call, _)| call.as_str()).collect();
        let run = Process::new("bash")
            .arg("-c")
            .arg(script(Shell::Bash, COMMANDS, Translator::default()) + &calls)
            .output();
        let Ok(output) = run else {
            eprintln!("skipped: no bash here");
            return;
        };
        let expected: Vec<&str> = lines.iter().map(|(_, expected)| *expected).collect();
        let told = String::from_utf8_lossy(&output.stdout);
        assert_eq!(told.lines().collect::<Vec<_>>(), expected);
    }
}
