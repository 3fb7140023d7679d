//! The installation that a command acts on: where it is, how to reach its daemon, and changing it.

use std::{cell::RefCell, path::Path, thread};

use super::{options::ServiceOptions, report};
use crate::{
    cli::context::Context,
    config::{self, Source, keys},
    error::{Error, Result},
    service::{
        report::ServiceReport,
        system::{
            executor::{Executor, ExecutorMode, World},
            platform::System,
            probe::SocketProbe,
            this_machine::ThisMachine,
        },
        target::{InstallTarget, MACHINE_HOME, Scope},
    },
};

/// The installation that a command acts on.
pub(crate) struct Installation {
    /// The system, user and folders it is for.
    pub target: InstallTarget,
    /// Asks its daemon.
    pub probe: SocketProbe,
}

impl Installation {
    /// That of this user, or of the machine with `system` or if its home folder is named.
    pub(crate) fn of(context: &Context<'_>, system: bool) -> Result<Self> {
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

    /// Inspects it: `work` gets an executor that changes nothing.
    pub(crate) fn inspect<T>(&self, work: impl FnOnce(&InstallTarget, &Executor<'_>) -> T) -> T {
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

    /// Changes it: `work` gets an executor that does what the options allow. Prints what was done,
    /// even if it failed half-way.
    pub(crate) fn apply(
        &self,
        options: ServiceOptions,
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
        let mut executor = Executor::new(world, options.mode);
        let outcome = work(&self.target, &mut executor);
        let mut terminal = terminal.borrow_mut();
        report::print(&outcome, &executor, options, &mut terminal)?;
        outcome
    }

    /// Finds the installation and applies the work of a command that does nothing else.
    pub(crate) fn change(
        options: ServiceOptions,
        context: &mut Context<'_>,
        work: impl FnOnce(&InstallTarget, &mut Executor<'_>) -> Result<ServiceReport>,
    ) -> Result<()> {
        let installation = Self::of(context, options.system)?;
        installation.apply(options, context, work).map(drop)
    }

    /// Our own settings that the environment of this command has. The installed daemon does not see them.
    pub(crate) fn of_the_shell(context: &Context<'_>) -> Vec<(String, String)> {
        let Ok(lookup) = config::look_up(&context.overrides(), context.environment) else {
            return Vec::new();
        };
        let names = keys::all().map(|key| key.name);
        let names = names.filter(|name| name.starts_with(keys::PREFIX) && *name != keys::HOME);
        let set = names.filter_map(|name| {
            let (value, source) = lookup.find(name)?;
            (source == Source::Environment).then(|| (name.to_owned(), value.to_owned()))
        });
        set.collect()
    }

    /// The keys that the environment or the command line set for this command. The installed daemon
    /// does not see those.
    pub(crate) fn overruled(context: &Context<'_>) -> Vec<String> {
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
