//! `message send`: another way to write `send`, for scripts that call it so.

use super::send::{OPTIONS, parse};
use crate::{cli::parser::CommandSpec, error::Error};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "message",
    summary: "The same as `message send`, for scripts that call it so",
    usage: &["send --channel CHANNEL --target PEER --message TEXT"],
    details: "Everything that `send` can do.",
    options: OPTIONS,
    examples: &[(
        "cleudocodebot message send --channel webchat --target ada --message Hi",
        "one line",
    )],
    parse: |args| match args.required_word("send")?.as_str() {
        "send" => parse(args),
        other => Err(Error::Usage(format!(
            "{other:?} is not known; expected send"
        ))),
    },
};
