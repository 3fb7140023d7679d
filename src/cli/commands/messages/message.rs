//! `message`: what is done to one message: `delete`, and another way to write `send`, for scripts that call it so.

use serde_json::json;

use super::send;
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::printable,
        parser::{CommandSpec, ParsedArgs, not_one_of},
        runtime::block_on,
    },
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "message",
    summary: "Take back what was sent, for everybody",
    usage: &[
        "delete ID...",
        "send --channel CHANNEL --target PEER --message TEXT",
    ],
    details: "`delete` takes a message back for everybody, where its service can; what was\n\
              not sent yet is withdrawn by `outbox cancel`. `send` is everything that the\n\
              command `send` can do.",
    options: send::OPTIONS,
    examples: &[
        (
            "cleudocodebot message delete m-17",
            "take one back for everybody",
        ),
        (
            "cleudocodebot message send --channel webchat --target ada --message Hi",
            "one line",
        ),
    ],
    parse: |args| match args.required_word("delete or send")?.as_str() {
        "send" => send::parse(args),
        "delete" => Ok(Box::new(DeleteCommand::parse(args)?)),
        other => Err(not_one_of(other, &["delete", "send"])),
    },
};

/// Takes messages back.
#[derive(Debug, PartialEq)]
pub(crate) struct DeleteCommand {
    /// Which.
    pub(crate) ids: Vec<String>,
}

impl DeleteCommand {
    fn parse(args: &mut ParsedArgs) -> Result<Self> {
        let mut ids = vec![args.required_word("ID")?];
        ids.extend(std::iter::from_fn(|| args.word()));
        Ok(Self { ids })
    }

    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        for id in &self.ids {
            let asked = json!({"message_id": id});
            connection.client.call("delete", &asked).await?;
            let deleted = context.terminal.translator().word("deleted").into_owned();
            context
                .terminal
                .foreign(format!("{deleted} {}", printable(id)))?;
        }
        Ok(())
    }
}

impl Command for DeleteCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}
