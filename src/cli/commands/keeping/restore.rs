//! `restore`: makes a home of a backup.
//!
//! Not here: how (`crate::backup`).

use std::path::PathBuf;

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, JSON, ParsedArgs, switch},
    },
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "restore",
    summary: "Put a backup into an empty home folder",
    usage: &["FILE [--force] [--peer] [--json]"],
    details: "The daemon must be stopped. All of the backup is checked before anything is\n\
              put in place. With --force the messages that are there are moved aside into\n\
              a folder before-restore-... of the home folder, which you may delete.\n\
              With --peer this becomes another machine of the cluster that the backup is\n\
              of: it takes messages and files, and leaves schedules, keys, webhooks,\n\
              pauses and who was let in to the one it came from.",
    options: &[
        switch("force", "Move aside what is there"),
        switch("peer", "Messages and files alone, for another machine"),
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot --home new restore monday.tar",
            "into another folder",
        ),
        (
            "zstd -d < monday.tar.zst | cleudocodebot restore -",
            "one that was compressed",
        ),
    ],
    parse,
};

/// Restores a backup.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RestoreCommand {
    /// Where it is.
    pub path: PathBuf,
    /// Whether what is there may be moved aside.
    pub force: bool,
    /// Whether it becomes another machine of the cluster.
    pub peer: bool,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    Ok(Box::new(RestoreCommand {
        path: args.required_word("FILE")?.into(),
        force: args.flag("force"),
        peer: args.flag("peer"),
        json: args.flag("json"),
    }))
}

impl Command for RestoreCommand {
    #[cfg(feature = "store")]
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        restoring::run(self, context)
    }

    #[cfg(not(feature = "store"))]
    fn run(&self, _context: &mut Context<'_>) -> Result<()> {
        Err(crate::error::Error::Failed(
            "this build keeps messages in memory only: a backup needs a build with the feature store"
                .to_owned(),
        ))
    }
}

#[cfg(feature = "store")]
mod restoring {
    //! With a message file.

    use serde_json::json;

    use super::RestoreCommand;
    use crate::{
        backup::{self, Restored},
        cli::{
            commands::keeping::backup::making::{input, line, report, told},
            context::Context,
            output::printable,
        },
        clock,
        error::{Error, Result},
        fs::{Lock, create_private_dir},
        service::system::runtime_file,
        store::Taken,
    };

    pub(super) fn run(command: &RestoreCommand, context: &mut Context<'_>) -> Result<()> {
        let home = context.places()?.home;
        let input = input(&command.path, context)?;
        create_private_dir(&home)?;
        let Some(_lock) = Lock::try_take(&home.join(runtime_file::LOCK))? else {
            return Err(Error::Failed(
                "the daemon is running; stop it first: cleudocodebot stop".to_owned(),
            ));
        };
        if !command.force && backup::is_occupied(&home) {
            return Err(Error::Failed(format!(
                "{} has messages already; --force moves them aside, or name an empty folder with --home",
                home.display()
            )));
        }
        let rows = if command.peer {
            Taken::Messages
        } else {
            Taken::All
        };
        let restored = backup::restore(input, &home, rows, clock::now_ms(), |_| ());
        let Restored { summary, aside } = restored
            .map_err(|error| Error::Failed(format!("{}; nothing was changed", told(&error))))?;
        let aside = aside.map(|path| path.display().to_string());
        if command.json {
            let mut report = report(&summary, None);
            report["aside"] = json!(aside);
            return context.terminal.json(&report);
        }
        context.terminal.line(line(&summary))?;
        if let Some(aside) = aside {
            let text = format!("what was there before is in {}", printable(&aside));
            context.terminal.note(text);
        }
        if !summary.manifest.with_secrets {
            context
                .terminal
                .note("settings and tokens are not in it: those of this home folder count");
        }
        context.terminal.hint("start it: cleudocodebot start");
        Ok(())
    }
}
