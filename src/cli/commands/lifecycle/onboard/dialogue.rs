//! Questions to a person, each with a default, secrets typed unseen. Without a person every answer
//! is its default, so that a script never waits.

use std::{
    io::{self, BufRead, IsTerminal as _},
    process::{Command, Stdio},
};

use crate::{
    cli::output::Terminal,
    error::{Error, Result},
};

/// How often a question is asked before its answers are given up as unusable.
const TRIES: u32 = 5;

/// Where answers come from.
pub(in crate::cli::commands::lifecycle) enum Dialogue<'a> {
    /// Nobody answers: every answer is its default.
    Nobody,
    /// A person's lines.
    Person(Box<dyn BufRead + 'a>),
}

impl Dialogue<'_> {
    /// A person if both streams are a terminal and `silent` does not forbid questions.
    pub(in crate::cli::commands::lifecycle) fn of_process(silent: bool) -> Self {
        if silent || !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Self::Nobody;
        }
        Self::Person(Box::new(io::stdin().lock()))
    }

    /// Whether somebody answers.
    pub(in crate::cli::commands::lifecycle) fn is_person(&self) -> bool {
        matches!(self, Self::Person(_))
    }

    /// Asks for a line; an empty one means the default. `check` returns what it expects instead.
    pub(in crate::cli::commands::lifecycle) fn ask(
        &mut self,
        terminal: &mut Terminal,
        question: &str,
        default: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        let Self::Person(lines) = self else {
            return Ok(default.to_owned());
        };
        let asked = terminal.translator().sentence(question).into_owned();
        for _ in 0..TRIES {
            let none = terminal.translator().word("none");
            let shown = if default.is_empty() { &none } else { default };
            terminal.text(&format!("{asked} [{shown}]: "))?;
            let line = read_line(lines)?;
            let answer = if line.is_empty() { default } else { &line };
            match check(answer) {
                Ok(()) => return Ok(answer.to_owned()),
                Err(expected) => terminal.line(format!("  expected {expected}"))?,
            }
        }
        Err(Error::Usage(format!("no usable answer to: {question}")))
    }

    /// Asks for yes or no.
    pub(in crate::cli::commands::lifecycle) fn confirm(
        &mut self,
        terminal: &mut Terminal,
        question: &str,
        default: bool,
    ) -> Result<bool> {
        let Self::Person(lines) = self else {
            return Ok(default);
        };
        let asked = terminal.translator().sentence(question).into_owned();
        let shown = if default { "Y/n" } else { "y/N" };
        let shown = terminal.translator().word(shown);
        for _ in 0..TRIES {
            terminal.text(&format!("{asked} [{shown}]: "))?;
            match read_line(lines)?.to_lowercase().as_str() {
                "" => return Ok(default),
                "y" | "yes" | "s" | "sim" => return Ok(true),
                "n" | "no" | "não" | "nao" => return Ok(false),
                _ => terminal.line("  expected y or n")?,
            }
        }
        Err(Error::Usage(format!("no usable answer to: {question}")))
    }

    /// Asks for a secret, which the terminal does not echo. Empty for none.
    pub(in crate::cli::commands::lifecycle) fn ask_secret(
        &mut self,
        terminal: &mut Terminal,
        question: &str,
        check: impl Fn(&str) -> Result<(), String>,
    ) -> Result<String> {
        let Self::Person(lines) = self else {
            return Ok(String::new());
        };
        let translator = terminal.translator();
        let hint = translator.sentence(" (not shown; empty for none): ");
        let question_shown = format!("{}{hint}", translator.sentence(question));
        for _ in 0..TRIES {
            let secret = unseen_line(lines, terminal, &question_shown)?;
            match check(&secret) {
                Ok(()) => return Ok(secret),
                Err(expected) => terminal.line(format!("  expected {expected}"))?,
            }
        }
        Err(Error::Usage(format!("no usable answer to: {question}")))
    }
}

fn unseen_line(lines: &mut dyn BufRead, terminal: &mut Terminal, question: &str) -> Result<String> {
    if !cfg!(test) && io::stdin().is_terminal() {
        if let Some(secret) = read_unseen(question) {
            terminal.line("")?;
            return Ok(secret);
        }
        terminal.line("\nThis terminal shows what you type.")?;
    }
    terminal.text(question)?;
    read_line(lines)
}

/// The end of input means that the person gave up.
fn read_line(lines: &mut dyn BufRead) -> Result<String> {
    let mut line = String::new();
    match lines.read_line(&mut line) {
        Ok(0) => Err(Error::Usage(
            "the input ended before the last question; nothing was changed".to_owned(),
        )),
        Ok(_) => Ok(line.trim().to_owned()),
        Err(error) => Err(Error::Failed(format!("cannot read the answer: {error}"))),
    }
}

/// Lets the system's own commands switch the echo off, ask (only then, so that nothing is typed
/// before) and switch it on again whatever ends them: `sh` by its trap, also for Ctrl-C; PowerShell
/// by itself.
fn read_unseen(question: &str) -> Option<String> {
    let mut command = if cfg!(windows) {
        let mut command = Command::new("powershell.exe");
        command.args(["-NoProfile", "-Command", POWERSHELL]);
        command
    } else {
        let mut command = Command::new("sh");
        command.args(["-c", SHELL]);
        command
    };
    let output = command
        .env("QUESTION", question)
        .stdin(Stdio::inherit())
        .stderr(Stdio::inherit())
        .output()
        .ok()?;
    let secret = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| secret.trim().to_owned())
}

const SHELL: &str = "trap 'stty echo' EXIT; trap 'exit 130' INT TERM HUP; stty -echo || exit 1; \
     printf %s \"$QUESTION\" >&2; IFS= read -r line && printf %s \"$line\"";

const POWERSHELL: &str = "[Console]::Error.Write($env:QUESTION); $s = Read-Host -AsSecureString; \
     [Runtime.InteropServices.Marshal]::PtrToStringBSTR(\
     [Runtime.InteropServices.Marshal]::SecureStringToBSTR($s))";

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::captured;

    fn typed(text: &'static str) -> Dialogue<'static> {
        Dialogue::Person(Box::new(text.as_bytes()))
    }

    fn number(text: &str) -> Result<(), String> {
        text.parse::<u16>()
            .map(drop)
            .map_err(|_| "a number".to_owned())
    }

    #[test]
    fn nobody_takes_every_default_and_is_asked_nothing() {
        let (mut terminal, out, _) = captured::terminal();
        let mut nobody = Dialogue::Nobody;
        assert_eq!(
            nobody
                .ask(&mut terminal, "Port", "7", number)
                .expect("answered"),
            "7"
        );
        assert!(
            nobody
                .confirm(&mut terminal, "Sure?", true)
                .expect("answered")
        );
        assert_eq!(
            nobody
                .ask_secret(&mut terminal, "Key", number)
                .expect("answered"),
            ""
        );
        assert_eq!(out.text(), "");
    }

    #[test]
    fn a_wrong_answer_is_explained_and_asked_again() {
        let (mut terminal, out, _) = captured::terminal();
        let mut person = typed("x\n 8 \nmaybe\nNo\n\n");
        assert_eq!(
            person
                .ask(&mut terminal, "Port", "7", number)
                .expect("answered"),
            "8"
        );
        assert!(
            !person
                .confirm(&mut terminal, "Sure?", true)
                .expect("answered")
        );
        assert_eq!(
            person
                .ask(&mut terminal, "Port", "7", number)
                .expect("answered"),
            "7"
        );
        assert!(
            out.text()
                .starts_with("Port [7]:   expected a number\nPort [7]: Sure? [Y/n]: ")
        );
    }

    #[test]
    fn the_end_of_input_ends_the_dialogue() {
        let (mut terminal, ..) = captured::terminal();
        let ended = typed("").ask(&mut terminal, "Port", "7", number);
        assert_eq!(ended.expect_err("ended").exit_code(), 2);
        let useless = typed("x\nx\nx\nx\nx\nx\n").ask(&mut terminal, "Port", "7", number);
        assert!(useless.is_err());
    }
}
