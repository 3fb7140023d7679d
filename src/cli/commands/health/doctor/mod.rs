//! `doctor`: checks what commonly breaks and says the remedy.
//!
//! `local` checks this machine (`message_file` the stored messages), `remote` the port and the daemon behind it, `reach` how other devices come to it, `agents` those who answer, `service` how the
//! daemon is installed. `check` is one result of theirs.

mod agents;
mod check;
mod local;
#[cfg(feature = "store")]
mod message_file;
mod reach;
mod remote;
mod service;

use self::check::{Check, CheckResult};
use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, FirstWord, JSON},
        runtime::block_on,
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "doctor",
    summary: "Check what commonly breaks and say the remedy",
    usage: &["[--json]"],
    details: "Exit code 1 where a check fails; warnings alone are success.",
    options: &[JSON],
    examples: &[("cleudocodebot doctor", "before asking anyone else")],
    first_word: FirstWord::Any,
    parse: |args| {
        Ok(Box::new(DoctorCommand {
            json: args.flag("json"),
        }))
    },
};

/// Checks what commonly breaks.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct DoctorCommand {
    /// For scripts.
    pub json: bool,
}

impl Command for DoctorCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let mut checks = local::checks(context);
        checks.extend(block_on(async { Ok(remote::checks(context).await) })?);
        checks.extend(reach::checks(context));
        checks.extend(block_on(async { Ok(agents::checks(context).await) })?);
        checks.extend(service::checks(context));
        for check in &checks {
            if self.json {
                context.terminal.json(&check.json())?;
            } else {
                print(check, context)?;
            }
        }
        let broken = checks
            .iter()
            .filter(|check| check.result == CheckResult::Broken);
        match broken.count() {
            0 => Ok(()),
            count => Err(Error::Failed(format!(
                "{count} of {} checks failed",
                checks.len()
            ))),
        }
    }
}

/// Indents the further lines of a text, such as all mistakes of a file at once.
fn print(check: &Check, context: &mut Context<'_>) -> Result<()> {
    const MARGIN: &str = "\n                     ";
    let translator = context.terminal.translator();
    let word = format!("{:<5}", translator.word(check.result.word()));
    let word = context.terminal.painted(check.result.style(), &word);
    let (name, text) = (
        translator.word(check.name),
        translator.sentence(&check.text),
    );
    let text = text.replace('\n', MARGIN);
    context
        .terminal
        .foreign(format!("{word}  {name:<12}  {text}"))?;
    let Some(remedy) = &check.remedy else {
        return Ok(());
    };
    let (fix, remedy) = (translator.word("fix"), translator.sentence(remedy));
    context
        .terminal
        .foreign(format!("{}{fix}: {remedy}", &MARGIN[1..]))
}
