//! What a command did with the installation, as text or as JSON.

use serde_json::json;

use super::options::ServiceOptions;
use crate::{
    cli::output::Terminal,
    error::Result,
    service::{
        report::ServiceReport,
        system::{change::SystemChange, executor::Executor},
    },
};

/// Prints what was done, or would be, and the outcome. The error of a failed change is left to
/// `main`, but scripts get it here too, with what was done before it.
pub(super) fn print(
    outcome: &Result<ServiceReport>,
    executor: &Executor<'_>,
    options: ServiceOptions,
    terminal: &mut Terminal,
) -> Result<()> {
    if options.json {
        let value = match outcome {
            Ok(report) => report.json(executor),
            Err(error) => {
                let done: Vec<_> = executor.changes().iter().map(SystemChange::json).collect();
                json!({"error": error.to_string(), "exit_code": error.exit_code(),
                    "done": done, "notes": executor.notes()})
            }
        };
        return terminal.json(&value);
    }
    if options.verbose || options.mode.dry {
        for change in executor.changes() {
            match change.command() {
                Some((verb, command)) => {
                    let verb = terminal.translator().word(verb);
                    terminal.foreign(format!("{verb:<7} {command}"))?;
                }
                None => terminal.line(change)?,
            }
            if let SystemChange::Wrote(_, Some(text)) = change {
                terminal.text(&indented(text))?;
            }
        }
    }
    if let Ok(report) = outcome {
        let line = report.line(terminal.translator());
        terminal.foreign(line)?;
    }
    for note in executor.notes() {
        let translator = terminal.translator();
        let (word, note) = (translator.word("note"), translator.sentence(note));
        terminal.foreign(format!("{word}: {note}"))?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    let lines = text.trim_start_matches('\u{feff}').lines();
    lines.fold(String::new(), |all, line| all + "        | " + line + "\n")
}
