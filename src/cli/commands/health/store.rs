//! `store`: saves what can be read of a damaged message file.
//!
//! Not here: how (`store::salvage`).

use crate::{
    cli::{
        command::Command,
        context::Context,
        parser::{CommandSpec, JSON, ParsedArgs},
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "store",
    summary: "Save what can be read of a damaged message file",
    usage: &["salvage [--json]"],
    details: "Makes a new message file of all that can be read, with the same ids, and\n\
              keeps the damaged one beside it. The daemon must be stopped. What may have\n\
              been sent or not is marked as failed, so that nothing is sent twice.",
    options: &[JSON],
    examples: &[(
        "cleudocodebot store salvage",
        "when the daemon says that messages.redb is damaged",
    )],
    parse,
};

/// Saves what can be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SalvageCommand {
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    match args.word().as_deref() {
        Some("salvage") => Ok(Box::new(SalvageCommand {
            json: args.flag("json"),
        })),
        _ => Err(Error::Usage("expected: store salvage".to_owned())),
    }
}

impl Command for SalvageCommand {
    #[cfg(feature = "store")]
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        salvaging::run(self.json, context)
    }

    #[cfg(not(feature = "store"))]
    fn run(&self, _context: &mut Context<'_>) -> Result<()> {
        Err(Error::Failed(
            "this build keeps messages in memory only: there is no message file".to_owned(),
        ))
    }
}

#[cfg(feature = "store")]
mod salvaging {
    //! With a message file.

    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use crate::{
        cli::context::Context,
        clock,
        error::{Error, Result},
        fs::Lock,
        message::MessageId,
        service::system::runtime_file,
        store::{self, Salvaged},
    };

    /// How many ids of messages are written out.
    const SHOWN_IDS: usize = 20;

    pub(super) fn run(json: bool, context: &mut Context<'_>) -> Result<()> {
        let home = context.places()?.home;
        let path = home.join(store::FILE);
        if path.symlink_metadata().is_err() {
            let text = format!("there is no {}", path.display());
            return Err(Error::Failed(text));
        }
        let Some(_lock) = Lock::try_take(&home.join(runtime_file::LOCK))? else {
            return Err(Error::Failed(
                "the daemon is running; stop it first: cleudocodebot stop".to_owned(),
            ));
        };
        // Reading damaged pages may panic many times over; each is expected and contained.
        let hook = std::panic::take_hook();
        std::panic::set_hook(Box::new(|_| ()));
        let salvaged = store::salvage(&path, clock::now_ms());
        std::panic::set_hook(hook);
        let salvaged = salvaged?;
        if json {
            return context.terminal.json(&report(&salvaged));
        }
        for line in lines(&salvaged) {
            context.terminal.line(line)?;
        }
        Ok(())
    }

    fn ids(numbers: &BTreeSet<u64>) -> Vec<String> {
        let shown = numbers.iter().take(SHOWN_IDS);
        shown.map(|number| MessageId(*number).to_string()).collect()
    }

    fn report(salvaged: &Salvaged) -> Value {
        json!({
            "kept_as": salvaged.kept_as.display().to_string(),
            "trees_readable": salvaged.has_trees,
            "trees_outdated": salvaged.is_older,
            "messages": salvaged.messages,
            "changes": salvaged.changes,
            "unreadable_rows": salvaged.unreadable_rows,
            "lost": salvaged.lost.len(),
            "lost_ids": ids(&salvaged.lost),
            "uncertain": salvaged.uncertain.len(),
            "uncertain_ids": ids(&salvaged.uncertain),
            "missing_events": salvaged.missing_events,
        })
    }

    fn lines(salvaged: &Salvaged) -> Vec<String> {
        let mut lines = vec![format!(
            "saved: {} messages and {} changes of their states",
            salvaged.messages, salvaged.changes
        )];
        let named = |count: usize, numbers: &BTreeSet<u64>| {
            let more = if count > SHOWN_IDS { ", ..." } else { "" };
            format!("{}{more}", ids(numbers).join(", "))
        };
        let (lost, uncertain) = (salvaged.lost.len(), salvaged.uncertain.len());
        if lost > 0 {
            let which = named(lost, &salvaged.lost);
            lines.push(format!("not saved: {lost} messages ({which})"));
        }
        if uncertain > 0 {
            let which = named(uncertain, &salvaged.uncertain);
            lines.push(format!(
                "may have been sent or not, now failed: {uncertain} messages ({which}); see: cleudocodebot outbox"
            ));
        }
        if salvaged.missing_events > 0 {
            lines.push(format!(
                "sequence numbers without an event: {} at most lost, the rest removed before",
                salvaged.missing_events
            ));
        }
        if salvaged.unreadable_rows > 0 {
            lines.push(format!(
                "rows that could not be read: {}",
                salvaged.unreadable_rows
            ));
        }
        if salvaged.is_older {
            lines.push("only the tables of an earlier commit could be opened; old pages were searched too, so messages that had been removed may be back, and the last changes may be missing".to_owned());
        }
        if !salvaged.has_trees {
            lines.push("its tables could not be opened; old pages were searched, so messages that had been removed may be back".to_owned());
        }
        lines.push(format!(
            "the damaged file is kept as {}",
            salvaged.kept_as.display()
        ));
        lines.push("start the daemon again: cleudocodebot daemon (or start)".to_owned());
        lines
    }
}
