//! `doctor`: checks what commonly breaks and says the remedy.
//!
//! `local` checks this machine (`message_file` the stored messages), `remote` the port and the daemon behind it,
//! `reach` how other devices come to it, `agents` those who answer, `whatsapp` which server speaks for that channel,
//! `service` how the daemon is installed, `cluster` the other
//! machines. `check` is one result of theirs.

mod agents;
mod check;
#[cfg(feature = "nats")]
mod cluster;
mod local;
#[cfg(feature = "store")]
mod message_file;
#[cfg(not(feature = "nats"))]
mod no_cluster;
mod reach;
mod remote;
mod service;
mod whatsapp;

use self::check::{Check, CheckResult};
use crate::{
    cli::{
        command::Command,
        context::Context,
        output::{Cell, cells},
        parser::{CommandSpec, JSON},
        runtime::block_on,
    },
    error::{Error, Result},
    language::Translator,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "doctor",
    summary: "Check what commonly breaks and say the remedy",
    usage: &["[--json]"],
    details: "Exit code 1 where a check fails; warnings alone are success.",
    options: &[JSON],
    examples: &[("cleudocodebot doctor", "before asking anyone else")],
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
        checks.extend(block_on(async { Ok(whatsapp::check(context).await) })?);
        #[cfg(feature = "nats")]
        checks.extend(block_on(async { Ok(cluster::checks(context).await) })?);
        #[cfg(not(feature = "nats"))]
        checks.extend(no_cluster::check(context));
        checks.extend(service::checks(context));
        let translator = context.terminal.translator();
        let names = checks.iter().map(|check| translator.word(check.name));
        let width = names.map(|name| cells(&name)).max().unwrap_or(0);
        for check in &checks {
            if self.json {
                context.terminal.json(&check.json())?;
            } else {
                context.terminal.columns(&rows(check, width, translator))?;
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

/// Result, name and text, and below it the remedy. A text may have several lines, such as all mistakes of a
/// file at once.
fn rows(check: &Check, width: usize, translator: Translator) -> Vec<Vec<Cell>> {
    let word = translator.word(check.result.word());
    let result = Cell::styled(check.result.style(), format!("{word:<5}"));
    let text = translator.sentence(&check.text);
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default();
    let name = format!("{:<width$}", translator.word(check.name));
    let mut rows = vec![vec![result, name.into(), first.into()]];
    let fix = translator.word("fix");
    let remedy = check.remedy.iter();
    let remedy = remedy.map(|remedy| format!("{fix}: {}", translator.sentence(remedy)));
    let more = lines.map(str::to_owned).chain(remedy);
    rows.extend(more.map(|line| vec![" ".repeat(5).into(), " ".repeat(width).into(), line.into()]));
    rows
}
