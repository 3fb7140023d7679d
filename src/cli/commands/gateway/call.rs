//! `call`: one raw action, for scripts and for trying things out.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        parser::{CommandSpec, ParsedArgs, switch},
        runtime::block_on,
    },
    error::{Error, Result},
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
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
    parse,
};

/// Does one action and prints its answer.
#[derive(Debug, PartialEq)]
pub(crate) struct CallCommand {
    /// The action's name; the gateway knows which there are.
    pub action: String,
    /// Its payload; `None` if it comes from standard input.
    pub payload: Option<Value>,
    /// The answer on one line.
    pub raw: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let action = args.required_word("ACTION")?;
    let payload = match args.word().as_deref() {
        None => Some(json!({})),
        Some("-") => None,
        Some(text) => Some(object(text)?),
    };
    Ok(Box::new(CallCommand {
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

impl Command for CallCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.call(context))
    }
}

impl CallCommand {
    async fn call(&self, context: &mut Context<'_>) -> Result<()> {
        let payload = match &self.payload {
            Some(payload) => payload.clone(),
            None => object(&context.read_input()?)?,
        };
        let mut connection = connect(context).await?;
        let answer = connection.client.call(&self.action, &payload).await;
        // Scripts match on the code, which other commands leave out.
        let answer = answer.map_err(|error| match error {
            Error::Refused { code, message } => Error::Failed(format!("{code}: {message}")),
            other => other,
        })?;
        if self.raw {
            return context.terminal.json(&answer);
        }
        context.terminal.json_text(&format!("{answer:#}"))
    }
}
