//! The state of the installation as `status` and `doctor` show it: whether it starts by itself, and
//! what is wrong with it.

use serde_json::{Value, json};

use super::installation::Installation;
use crate::{
    cli::{
        context::Context,
        output::{Cell, TextStyle},
    },
    error::Result,
    service::{
        diagnosis::{Finding, Severity, findings},
        launchers::launcher::Registration,
        state::{InstallState, InstalledLauncher},
        target::Scope,
    },
};

/// What was found out about an installation.
pub(crate) struct Findings {
    state: InstallState,
    /// How the daemon is installed, and when it starts; `None` if it is not.
    moment: Option<String>,
    /// What is wrong, the most severe first.
    pub list: Vec<Finding>,
}

impl Findings {
    /// Inspects the installation on this machine; `None` if the command is about a daemon elsewhere
    /// or one with an `.env` of its own, which cannot be installed here.
    pub(crate) fn gather(context: &Context<'_>, system: bool) -> Result<Option<Self>> {
        let common = context.common;
        if common.host.is_some() || common.overrides.env_file.is_some() {
            return Ok(None);
        }
        let installation = Installation::of(context, system)?;
        let overruled = Installation::overruled(context);
        let state = installation
            .inspect(|target, executor| InstallState::gather(target, executor, overruled));
        let list = findings(&installation.target, &state);
        let moment = state.installed.first().map(|installed| {
            let scope = match installation.target.scope {
                Scope::User => "",
                Scope::Machine => ", for the whole machine",
            };
            format!(
                "{}, {}{scope}",
                installed.kind.title(),
                installed.kind.moment(state.lingers == Some(true))
            )
        });
        Ok(Some(Self {
            state,
            moment,
            list,
        }))
    }

    /// Whether the home folder's daemon is installed.
    pub(crate) fn is_installed(&self) -> bool {
        !self.state.installed.is_empty()
    }

    /// How the daemon is installed, and when it starts.
    pub(crate) fn moment(&self) -> &str {
        self.moment.as_deref().unwrap_or("not installed")
    }

    /// Rows for the overview.
    pub(crate) fn rows(&self) -> Vec<Vec<Cell>> {
        let row = |name: &str, value: Cell| vec![Cell::word(TextStyle::Dim, name), value];
        let mut rows = vec![match &self.moment {
            Some(text) => row("service", Cell::word(TextStyle::Plain, text.as_str())),
            None => row("service", Cell::word(TextStyle::Doubtful, "not installed")),
        }];
        let mut exits = self.state.installed.iter();
        if let Some(code) = exits.find_map(|one| one.status.last_exit) {
            rows.push(row(
                "last exit",
                Cell::word(TextStyle::Plain, format!("code {code}")),
            ));
        }
        rows
    }

    /// Prints every finding and the command that fixes it, in two lines each.
    pub(crate) fn print(&self, context: &mut Context<'_>) -> Result<()> {
        for finding in &self.list {
            let (word, style) = match finding.severity {
                Severity::Broken => ("broken", TextStyle::Bad),
                Severity::Doubtful => ("warning", TextStyle::Doubtful),
            };
            let translator = context.terminal.translator();
            let word = context.terminal.painted(style, &translator.word(word));
            let text = translator.sentence(&finding.text).replace('\n', "\n  ");
            context.terminal.foreign(format!("{word}: {text}"))?;
            let (fix, command) = (
                translator.word("fix"),
                translator.sentence(&finding.command),
            );
            context.terminal.foreign(format!("  {fix}: {command}"))?;
        }
        Ok(())
    }

    /// The same for scripts.
    pub(crate) fn json(&self) -> Value {
        let installed: Vec<Value> = self.state.installed.iter().map(installed_json).collect();
        let list: Vec<Value> = self.list.iter().map(Finding::json).collect();
        json!({"installed": installed, "findings": list})
    }
}

fn installed_json(installed: &InstalledLauncher) -> Value {
    let (registration, why) = match &installed.registration {
        Registration::None => ("none", None),
        Registration::Elsewhere => ("elsewhere", None),
        Registration::Complete => ("complete", None),
        Registration::Different(why) => ("different", Some(why)),
        Registration::SwitchedOff(by) => ("switched_off", Some(by)),
    };
    let files: Vec<Value> = installed
        .files
        .iter()
        .map(|(path, standing)| json!({"path": path, "state": standing.as_str()}))
        .collect();
    json!({
        "way": installed.kind.as_str(),
        "registration": registration,
        "why": why,
        "files": files,
        "pid": installed.status.pid,
        "last_exit": installed.status.last_exit,
        "gave_up": installed.status.gave_up,
    })
}
