//! The state of the installation as `status` and `doctor` show it: whether it comes back by itself,
//! and what is wrong with it.

use serde_json::{Value, json};

use super::{
    context::Context,
    installation::Installation,
    layout::{Cell, Style},
};
use crate::{
    error::Result,
    service::{
        diagnosis::{Finding, Severity, findings},
        launchers::launcher::Registration,
        state::{InstallState, InstalledLauncher},
        target::Scope,
    },
};

/// What was found out.
pub(super) struct Findings {
    state: InstallState,
    moment: Option<String>,
    /// What is wrong, what matters most first.
    pub list: Vec<Finding>,
}

/// Looks at the installation of this machine; nothing where the command is about another one.
pub(super) fn gather(context: &Context<'_>, system: bool) -> Result<Option<Findings>> {
    let common = context.common;
    if common.host.is_some() || common.overrides.env_file.is_some() {
        return Ok(None);
    }
    let installation = Installation::of(context, system)?;
    let overruled = Installation::overruled(context);
    let state =
        installation.look(|target, executor| InstallState::gather(target, executor, overruled));
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
    Ok(Some(Findings {
        state,
        moment,
        list,
    }))
}

impl Findings {
    /// The home folder's daemon is installed.
    pub(super) fn is_installed(&self) -> bool {
        !self.state.installed.is_empty()
    }

    /// How the daemon is installed.
    pub(super) fn moment(&self) -> &str {
        self.moment.as_deref().unwrap_or("not installed")
    }

    /// Rows for the overview.
    pub(super) fn specs(&self) -> Vec<Vec<Cell>> {
        let spec = |name: &str, value: Cell| vec![Cell::styled(Style::Dim, name), value];
        let mut specs = vec![match &self.moment {
            Some(text) => spec("service", text.as_str().into()),
            None => spec("service", Cell::styled(Style::Doubtful, "not installed")),
        }];
        let mut exits = self.state.installed.iter();
        if let Some(code) = exits.find_map(|one| one.status.last_exit) {
            specs.push(spec("last exit", format!("code {code}").into()));
        }
        specs
    }

    /// Every finding and what mends it, in two lines each.
    pub(super) fn tell(&self, context: &mut Context<'_>) -> Result<()> {
        for finding in &self.list {
            let (word, style) = match finding.severity {
                Severity::Broken => ("broken", Style::Bad),
                Severity::Doubtful => ("warning", Style::Doubtful),
            };
            let word = context.terminal.painted(style, word);
            let text = finding.text.replace('\n', "\n  ");
            context.terminal.line(format!("{word}: {text}"))?;
            context
                .terminal
                .line(format!("  fix: {}", finding.command))?;
        }
        Ok(())
    }

    /// For scripts.
    pub(super) fn json(&self) -> Value {
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
