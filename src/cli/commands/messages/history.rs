//! `history`: stored messages, oldest first.

use serde_json::Value;

use super::{page::page, recipient};
use crate::{
    cli::{
        command::Command,
        connection::{connect, names},
        context::Context,
        output::{Terminal, TextStyle, marked_line, moment, printable},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, Takes, option},
        runtime::block_on,
    },
    error::{Error, Result},
    words::WordQuery,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "history",
    summary: "Show stored messages, oldest first",
    usage: &["[--channel CHANNEL [--peer PEER]] [--limit N]"],
    details: "`->` went to the peer, `<-` came from it. --words finds all of the words\n\
              given, in any order, by their beginnings, and `acao` finds `Ação`; words in\n\
              quotation marks are found whole, as they follow on each other.",
    options: &[
        CHANNEL,
        option(
            "peer",
            Takes::Text("PEER"),
            "Only with this peer; needs --channel",
        )
        .short('p'),
        option(
            "limit",
            Takes::Text("N"),
            "At most so many (default 50, up to 1000)",
        )
        .short('n'),
        option("before", Takes::Text("ID"), "Only older than this message"),
        option("after", Takes::Text("ID"), "Only younger than this message"),
        option(
            "words",
            Takes::Text("WORDS"),
            "Only with these words, or words that begin so",
        )
        .short('w'),
        option(
            "contains",
            Takes::Text("TEXT"),
            "Only with this in their text, also within a word",
        ),
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot history -c webchat -p ada",
            "one conversation",
        ),
        (
            "cleudocodebot history --before m-17 --json",
            "the page before, for scripts",
        ),
        (
            "cleudocodebot history --words 'nota fiscal'",
            "where somebody wrote of it, whatever the case and the accents",
        ),
    ],
    parse,
};

/// Shows one page of stored messages.
#[derive(Debug, PartialEq)]
pub(crate) struct HistoryCommand {
    /// The payload of the action.
    pub payload: Value,
    /// What is marked in the texts.
    pub words: Option<WordQuery>,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let fields = ["channel", "peer", "before", "after", "contains", "words"];
    let payload = page(args, &fields)?;
    let words = payload["words"].as_str().map(WordQuery::parse);
    let words = words
        .transpose()
        .map_err(|why| Error::Usage(why.to_string()))?;
    if payload.get("peer").is_some() && payload.get("channel").is_none() {
        return Err(Error::Usage("--peer needs --channel".to_owned()));
    }
    Ok(Box::new(HistoryCommand {
        payload,
        words,
        json: args.flag("json"),
    }))
}

impl Command for HistoryCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.show(context))
    }
}

impl HistoryCommand {
    /// A text with what was looked for in it in colour.
    fn marked(&self, terminal: &Terminal, text: String) -> String {
        let Some(words) = self.words.as_ref().filter(|_| terminal.has_colors()) else {
            return text;
        };
        let (mut marked, mut from) = (String::with_capacity(text.len()), 0);
        for place in words.places(&text) {
            marked.push_str(&text[from..place.start]);
            marked.push_str(&terminal.painted(TextStyle::Found, &text[place.clone()]));
            from = place.end;
        }
        marked.push_str(&text[from..]);
        marked
    }

    async fn show(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let mut payload = self.payload.clone();
        recipient::resolve(&mut connection.client, &mut payload, "peer", context).await?;
        let answer = connection.client.call("history", &payload).await?;
        let channel = self.payload["channel"].as_str();
        let names = names(&mut connection.client, channel).await;
        for message in answer["messages"].as_array().into_iter().flatten() {
            if self.json {
                context.terminal.json(message)?;
            } else {
                let translator = context.terminal.translator();
                let terminal = &context.terminal;
                let mark = |text| self.marked(terminal, text);
                let line = marked_line(
                    message,
                    moment(message),
                    &names,
                    &terminal.times,
                    translator,
                    &mark,
                );
                context.terminal.dated(moment(message), line)?;
            }
        }
        let is_empty = answer["messages"].as_array().is_none_or(Vec::is_empty);
        if is_empty && answer["next"].is_null() && !self.json {
            let note =
                "no messages found; channels, names and numbers: cleudocodebot conversations";
            context.terminal.note(note);
        }
        if let Some(next) = answer["next"].as_str().filter(|_| !self.json) {
            let option = if self.payload.get("after").is_some() {
                "after"
            } else {
                "before"
            };
            context
                .terminal
                .note(format!("more: --{option} {}", printable(next)));
        }
        Ok(())
    }
}
