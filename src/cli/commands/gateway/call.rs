//! `call`: one raw action, for scripts and for trying things out.

use serde_json::{Value, json};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    spec::{CommandSpec, ParsedArgs, switch},
};
use crate::{
    error::{Error, Result},
    protocol::describe::ACTIONS,
};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "call",
    summary: "Do one action of the protocol and print its answer",
    usage: &["ACTION [JSON]", "ACTION -"],
    details: "JSON is the payload, {} unless told; a - reads it from standard input.\n\
              `cleudocodebot call describe` lists every action with its fields.",
    options: &[
        switch("raw", "Print the answer on one line"),
        switch("json", "The same as --raw"),
    ],
    examples: &[
        ("cleudocodebot call describe", "the protocol, by itself"),
        (
            "cleudocodebot call cancel '{\"message_id\":\"m-17\"}'",
            "withdraw a message",
        ),
    ],
    first_word: || ACTIONS.iter().map(|action| action.name).collect(),
    read,
};

/// What to call.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Options {
    /// The action's name; the gateway knows which there are.
    pub action: String,
    /// Its payload; `None` where it comes from standard input.
    pub payload: Option<Value>,
    /// One line.
    pub raw: bool,
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let action = args.required_word("ACTION")?;
    let payload = match args.word().as_deref() {
        None => Some(json!({})),
        Some("-") => None,
        Some(text) => Some(object(text)?),
    };
    Ok(Command::Call(Options {
        action,
        payload,
        raw: args.flag("raw") || args.flag("json"),
    }))
}

fn object(text: &str) -> Result<Value> {
    let wrong = |why: String| Error::Usage(format!("the payload is no JSON object: {why}"));
    let value: Value = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    if value.is_object() {
        return Ok(value);
    }
    Err(wrong(format!("it is {value}")))
}

pub(super) async fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let payload = match &options.payload {
        Some(payload) => payload.clone(),
        None => object(&context.read_input()?)?,
    };
    let mut connection = connect(context).await?;
    let answer = connection.client.call(&options.action, &payload).await;
    let answer = answer.map_err(|error| match error {
        Error::Refused { code, message } => Error::Failed(format!("{code}: {message}")),
        other => other,
    })?;
    if options.raw {
        return context.terminal.json(&answer);
    }
    context.terminal.line(format!("{answer:#}"))
}
