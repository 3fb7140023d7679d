//! `uninstall`: stops the daemon and removes what was installed.

use crate::{
    cli::{
        command::Command,
        commands::lifecycle::onboard::dialogue::Dialogue,
        context::Context,
        installed_daemon::{DRY_RUN, Installation, SYSTEM, ServiceOptions, VERBOSE},
        parser::{CommandSpec, JSON, switch},
    },
    error::{Error, Result},
    service::uninstall::{purged, uninstall},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "uninstall",
    summary: "Stop the daemon and remove what was installed",
    usage: &["[--purge [--yes]] [--system] [--dry-run]"],
    details: "The .env and the messages stay, unless --purge, which names what goes for good\n\
              and asks first. Files that were not written by cleudocodebot stay in any case.",
    options: &[
        switch("purge", "Remove the settings and the messages too"),
        switch("yes", "Do not ask before a purge").short('y'),
        SYSTEM,
        DRY_RUN,
        VERBOSE,
        JSON,
    ],
    examples: &[
        ("cleudocodebot uninstall", "settings and messages stay"),
        ("cleudocodebot uninstall --purge", "nothing stays"),
    ],
    parse: |args| {
        Ok(Box::new(UninstallCommand {
            options: ServiceOptions::of(args),
            purge: args.flag("purge"),
            yes: args.flag("yes"),
        }))
    },
};

/// Removes the installed daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UninstallCommand {
    /// The options that the commands about the installed daemon share.
    pub options: ServiceOptions,
    /// Remove the settings and the messages too.
    pub purge: bool,
    /// Without asking.
    pub yes: bool,
}

impl Command for UninstallCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        if self.purge && !self.yes && !self.options.mode.dry {
            self.ask_first(context)?;
        }
        Installation::change(self.options, context, |target, executor| {
            uninstall(target, executor, self.purge)
        })
    }

    fn is_about_the_machine(&self) -> bool {
        self.options.system
    }
}

impl UninstallCommand {
    /// Says what a purge removes for good, and asks. Where nobody can be asked, that is an error.
    fn ask_first(&self, context: &mut Context<'_>) -> Result<()> {
        let installation = Installation::of(context, self.options.system)?;
        let gone = purged(&installation.target);
        if gone.is_empty() {
            return Ok(());
        }
        let mut dialogue = Dialogue::of_process(self.options.json);
        if !dialogue.is_person() {
            let all: Vec<_> = gone.iter().map(|path| path.display().to_string()).collect();
            let all = all.join(", ");
            return Err(Error::Usage(format!(
                "a purge removes the settings, the token and all messages for good: {all}; \
                 if that is meant, say --yes"
            )));
        }
        let terminal = &mut context.terminal;
        terminal.line("This goes for good, with the settings, the token and all messages:")?;
        for path in &gone {
            terminal.exact(&format!("  {}", path.display()))?;
        }
        if dialogue.confirm(terminal, "Remove all of it?", false)? {
            return Ok(());
        }
        Err(Error::Failed("nothing was removed".to_owned()))
    }
}
