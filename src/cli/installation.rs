//! What the commands about the installed daemon share: where it is, how to reach it, and how to tell
//! what was done.

use std::{cell::RefCell, path::Path, thread};

use serde_json::json;

use super::{
    command::{Common, Invocation},
    context::Context,
    spec::{Opt, switch},
    terminal::Terminal,
};
use crate::{
    config::{self, Environment, Source, keys},
    error::{Error, Result},
    service::{
        launchers::systemd,
        report::ServiceReport,
        system::{
            change::SystemChange,
            executor::{Executor, ExecutorMode, World},
            platform::System,
            probe::SocketProbe,
            this_machine::ThisMachine,
        },
        target::{InstallTarget, MACHINE_HOME, Scope},
    },
};

pub(super) const SYSTEM: Opt = switch("system", "The daemon of the machine, not of this user");
pub(super) const FORCE: Opt = switch("force", "Replace files changed by hand, and restart");
pub(super) const DRY_RUN: Opt = switch("dry-run", "Show every file and command, change nothing");
pub(super) const VERBOSE: Opt = switch("verbose", "Show every file and command");
pub(super) const TASK: Opt = switch("task", "Windows: a scheduled task, not a Run value");

/// How a command was asked to do it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Style {
    /// How thorough to be.
    pub mode: ExecutorMode,
    /// The daemon of the machine.
    pub system: bool,
    /// A value for scripts.
    pub json: bool,
    /// Every file and command.
    pub verbose: bool,
}

/// The shared options, with the home folder of the machine's daemon where that is meant: because it
/// was asked for, or because root has no other. So `sudo cleudocodebot logs` finds the logs.
pub(super) fn with_home_meant(invocation: &Invocation, environment: &Environment) -> Common {
    let mut common = invocation.common.clone();
    let is_named = common.overrides.home.is_some()
        || common.overrides.env_file.is_some()
        || environment
            .get(keys::HOME)
            .is_some_and(|home| !home.is_empty());
    let is_meant = invocation.command.is_about_the_machine()
        || !is_named && common.host.is_none() && systemd::is_of_the_machine();
    if is_meant && common.overrides.home.is_none() && System::current() == System::Linux {
        common.set_home(MACHINE_HOME.into());
    }
    common
}

/// The installation that a command line means.
pub(super) struct Installation {
    /// Its surroundings.
    pub target: InstallTarget,
    /// Its daemon.
    pub probe: SocketProbe,
}

impl Installation {
    /// The one of this user, or with `system` (or its home folder) of the machine.
    pub(super) fn of(context: &Context<'_>, system: bool) -> Result<Self> {
        if context.common.overrides.env_file.is_some() {
            return Err(Error::Usage(
                "an installed daemon reads the .env in its home folder; leave out --env-file"
                    .to_owned(),
            ));
        }
        if system && System::current() != System::Linux {
            return Err(Error::Usage(
                "--system is for Linux with systemd".to_owned(),
            ));
        }
        let home = context.places()?.home;
        let is_of_the_machine =
            System::current() == System::Linux && home == Path::new(MACHINE_HOME);
        let scope = if system || is_of_the_machine {
            Scope::Machine
        } else {
            Scope::User
        };
        let target = InstallTarget::survey(scope, home, context.environment, &ThisMachine)?;
        let probe = SocketProbe::new(target.home.clone(), context.environment);
        Ok(Self { target, probe })
    }

    /// Lets `work` look through a hand that changes nothing.
    pub(super) fn look<T>(&self, work: impl FnOnce(&InstallTarget, &Executor<'_>) -> T) -> T {
        let world = World {
            runner: &ThisMachine,
            probe: &self.probe,
            pause: &thread::sleep,
            progress: &|_| {},
        };
        let mode = ExecutorMode {
            dry: true,
            force: false,
        };
        work(&self.target, &Executor::new(world, mode))
    }

    /// Lets `work` be done by a hand in this world, then tells what it did. The report's line comes
    /// from `work`; so do all notes.
    pub(super) fn work(
        &self,
        style: Style,
        context: &mut Context<'_>,
        work: impl FnOnce(&InstallTarget, &mut Executor<'_>) -> Result<ServiceReport>,
    ) -> Result<ServiceReport> {
        let terminal = RefCell::new(&mut context.terminal);
        let progress = |text: &str| terminal.borrow_mut().note(text);
        let world = World {
            runner: &ThisMachine,
            probe: &self.probe,
            pause: &thread::sleep,
            progress: &progress,
        };
        let mut executor = Executor::new(world, style.mode);
        let outcome = work(&self.target, &mut executor);
        let mut terminal = terminal.borrow_mut();
        tell(&outcome, &executor, style, &mut terminal)?;
        outcome
    }

    /// Settings that count for this command only.
    pub(super) fn overruled(context: &Context<'_>) -> Vec<String> {
        let Ok(lookup) = config::look_up(&context.overrides(), context.environment) else {
            return Vec::new();
        };
        let from_elsewhere = |name: &&str| {
            let found = lookup.find(name).map(|(_, source)| source);
            matches!(found, Some(Source::Environment | Source::CommandLine))
        };
        let names = keys::all().map(|key| key.name);
        let names = names.filter(|name| *name != keys::HOME);
        names.filter(from_elsewhere).map(str::to_owned).collect()
    }
}

fn tell(
    outcome: &Result<ServiceReport>,
    executor: &Executor<'_>,
    style: Style,
    terminal: &mut Terminal,
) -> Result<()> {
    if style.json {
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
    if style.verbose || style.mode.dry {
        for change in executor.changes() {
            terminal.line(change)?;
            if let SystemChange::Wrote(_, Some(text)) = change {
                terminal.text(&indented(text))?;
            }
        }
    }
    if let Ok(report) = outcome {
        terminal.line(report.line())?;
    }
    for note in executor.notes() {
        terminal.line(format!("note: {note}"))?;
    }
    Ok(())
}

fn indented(text: &str) -> String {
    let lines = text.trim_start_matches('\u{feff}').lines();
    lines.fold(String::new(), |all, line| all + "        | " + line + "\n")
}
