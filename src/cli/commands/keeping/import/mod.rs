//! `import`: takes over what another program is set up with: tokens, and who may write. A key that is set here is never
//! changed, and no secret is shown.
//!
//! - `python`: the program in Python that this one follows. `openclaw`: `OpenClaw`.
//! - `taking`: what is taken of what was found.

mod openclaw;
mod python;
mod taking;

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use self::taking::{Offer, Taking};
use crate::{
    cli::{
        command::Command,
        context::Context,
        output::{Cell, TextStyle, printable},
        parser::{CommandSpec, JSON, ParsedArgs, switch},
    },
    config::dotenv,
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "import",
    summary: "Take over tokens and allow-lists of another program",
    usage: &[
        "python PATH [--yes] [--json]",
        "openclaw PATH [--yes] [--json]",
    ],
    details: "PATH is the folder of the other program, or its file: .env of the program in\n\
              Python, openclaw.json of OpenClaw. Without --yes it only says what it would\n\
              take. Keys that are set in .env here stay as they are.",
    options: &[switch("yes", "Write it into .env"), JSON],
    examples: &[
        (
            "cleudocodebot import python ~/cleudocode",
            "what there is to take",
        ),
        (
            "cleudocodebot import openclaw ~/.openclaw --yes",
            "take the bots and who may write to them",
        ),
    ],
    parse,
};

/// The other program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OtherProgram {
    /// The program in Python.
    Python,
    /// `OpenClaw`.
    OpenClaw,
}

/// Takes over settings.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ImportCommand {
    /// Of which program.
    pub from: OtherProgram,
    /// Its folder, or its file.
    pub path: PathBuf,
    /// Whether they are written.
    pub yes: bool,
    /// For scripts.
    pub json: bool,
}

/// What was found.
#[derive(Debug, Default, PartialEq, Eq)]
struct Found {
    offers: Vec<Offer>,
    /// What cannot be taken, and what to do about it.
    notes: Vec<String>,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let from = match args.required_word("PROGRAM")?.as_str() {
        "python" => OtherProgram::Python,
        "openclaw" => OtherProgram::OpenClaw,
        other => {
            let text = format!("{other:?} is not one of python, openclaw");
            return Err(Error::Usage(text));
        }
    };
    Ok(Box::new(ImportCommand {
        from,
        path: args.required_word("PATH")?.into(),
        yes: args.flag("yes"),
        json: args.flag("json"),
    }))
}

impl Command for ImportCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let found = match self.from {
            OtherProgram::Python => python::find(&self.path)?,
            OtherProgram::OpenClaw => openclaw::find(&self.path, context.environment)?,
        };
        let file = context.places()?.env_file;
        let ours = dotenv::read_file(&file)?.unwrap_or_default();
        let taking = taking::judge(&found.offers, &ours);
        if self.yes {
            dotenv::edit_file(&file, |document| {
                // Looked at once more: it may have been changed meanwhile.
                for (key, value) in taking::wanted(&taking::judge(&found.offers, document)) {
                    document.set(key, value)?;
                }
                Ok(())
            })?;
        }
        self.tell(&taking, &found.notes, &file, context)
    }
}

impl ImportCommand {
    fn tell(
        &self,
        taking: &[(&Offer, Taking)],
        notes: &[String],
        file: &Path,
        context: &mut Context<'_>,
    ) -> Result<()> {
        if self.json {
            let keys: Vec<Value> = taking
                .iter()
                .map(|(offer, how)| row_json(offer, how))
                .collect();
            let report = json!({"keys": keys, "notes": notes, "done": self.yes});
            return context.terminal.json(&report);
        }
        let rows: Vec<Vec<Cell>> = taking
            .iter()
            .map(|(offer, how)| row(offer, how, self.yes))
            .collect();
        context.terminal.columns(&rows)?;
        for note in notes {
            context.terminal.note(printable(note));
        }
        let count = taking
            .iter()
            .filter(|(_, how)| *how == Taking::Taken)
            .count();
        if count == 0 {
            context.terminal.note("there is nothing to take");
        } else if self.yes {
            let file = file.display();
            context.terminal.note(match count {
                1 => format!("1 key was written into {file}"),
                _ => format!("{count} keys were written into {file}"),
            });
            context.terminal.note("apply it with: cleudocodebot reload");
        } else {
            context
                .terminal
                .note("nothing was written yet; to take it, add --yes");
        }
        Ok(())
    }
}

fn row(offer: &Offer, how: &Taking, is_done: bool) -> Vec<Cell> {
    let how = match how {
        Taking::Taken if is_done => Cell::word(TextStyle::Good, "taken"),
        Taking::Taken => Cell::word(TextStyle::Good, "would be taken"),
        Taking::Kept => Cell::word(TextStyle::Dim, "set here already: it stays"),
        Taking::Wrong(why) => Cell::word(TextStyle::Bad, why.clone()),
    };
    vec![
        Cell::from(offer.key.clone()),
        how,
        if offer.is_hidden() {
            Cell::word(TextStyle::Plain, offer.shown())
        } else {
            Cell::from(printable(&offer.shown()))
        },
        Cell::from(printable(&offer.place)),
    ]
}

fn row_json(offer: &Offer, how: &Taking) -> Value {
    let mut row = json!({"key": offer.key, "from": offer.place, "shown": offer.shown()});
    row["taken"] = json!(*how == Taking::Taken);
    if let Taking::Wrong(why) = how {
        row["error"] = json!(why);
    }
    row
}
