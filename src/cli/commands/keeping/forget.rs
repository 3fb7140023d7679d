//! `forget`: removes for good what is kept of a person.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        commands::messages::recipient,
        connection::connect,
        context::Context,
        output::{printable, shown_peer, units},
        parser::{CHANNEL, CommandSpec, JSON, ParsedArgs, switch},
        runtime::block_on,
    },
    error::{Error, Result},
    language::Translator,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "forget",
    summary: "Remove for good what is kept of a person",
    usage: &["PEER --channel CHANNEL [--yes] [--json]"],
    details: "Their messages in both directions and in groups, files, names, pairing,\n\
              schedules, what agents remember, and lines of the log. Without --yes it\n\
              only says what there is. What others wrote of them stays. Backups that\n\
              were made before keep it until they are deleted.",
    options: &[
        CHANNEL,
        switch("yes", "Remove it; nothing brings it back"),
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot forget 11987654321 -c whatsapp",
            "what there is of somebody",
        ),
        (
            "cleudocodebot forget \"Ana Lima\" -c whatsapp --yes",
            "remove it for good",
        ),
    ],
    parse,
};

/// Removes a person.
#[derive(Debug, PartialEq)]
pub(crate) struct ForgetCommand {
    /// The payload of the action.
    pub payload: Value,
    /// For scripts.
    pub json: bool,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let peer = args.required_word("PEER")?;
    let Some(channel) = args.text("channel") else {
        return Err(Error::Usage(
            "say on which channel: forget PEER --channel CHANNEL".to_owned(),
        ));
    };
    Ok(Box::new(ForgetCommand {
        payload: json!({"channel": channel, "peer": peer, "confirm": args.flag("yes")}),
        json: args.flag("json"),
    }))
}

impl Command for ForgetCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl ForgetCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let mut payload = self.payload.clone();
        recipient::resolve_person(&mut connection.client, &mut payload, "peer").await?;
        let answer = connection.client.call("forget", &payload).await?;
        let is_confirmed = payload["confirm"] == true;
        if self.json {
            context.terminal.json(&answer)?;
        } else {
            for line in lines(&answer, context.terminal.translator()) {
                context.terminal.foreign(line)?;
            }
        }
        if answer["being_sent"].as_u64().unwrap_or(0) > 0 {
            return Err(Error::Failed(
                "a message to them is being sent right now and stayed; run this again in a moment"
                    .to_owned(),
            ));
        }
        if self.json {
            return Ok(());
        }
        if is_nothing(&answer) {
            context.terminal.note(
                "nothing is kept of anybody called so; all names and numbers: cleudocodebot conversations",
            );
        } else if is_confirmed {
            context
                .terminal
                .note("forgotten; backups made before still have it");
        } else {
            context
                .terminal
                .note("nothing was removed yet; to remove it for good, add --yes");
        }
        Ok(())
    }
}

/// What is counted, and how a line names it.
const COUNTS: [(&str, &str); 7] = [
    ("in_groups", "of these written in groups"),
    ("waiting", "of these waiting to be sent"),
    (
        "mentions",
        "messages of others that name them (the name is taken out)",
    ),
    ("files", "files of these"),
    ("turns", "turns of agents"),
    ("agent_files", "files of what agents remember"),
    ("log_lines", "lines of the log"),
];

/// What is named, and how a line names it.
const LISTS: [(&str, &str); 5] = [
    ("called", "what the service calls them"),
    ("names", "known as"),
    ("schedules", "schedules for them"),
    ("damaged_copies", "copies of a damaged message file"),
    ("settings", "named in .env, which is yours to change"),
];

/// Whether there is nothing but what was asked for.
fn is_nothing(answer: &Value) -> bool {
    let is_none = |name: &str| match &answer[name] {
        Value::Array(all) => all.is_empty(),
        number => number.as_u64().unwrap_or(0) == 0,
    };
    let all = COUNTS.iter().chain(&LISTS).map(|(name, _)| *name);
    let mut all = all.filter(|name| *name != "names");
    is_none("messages") && all.all(is_none) && answer["paired"] != true
}

/// What there is, or was, a line each.
fn lines(answer: &Value, translator: Translator) -> Vec<String> {
    let text = |name: &str| printable(answer[name].as_str().unwrap_or("?"));
    let all = |name: &str| {
        let all = answer[name].as_array().into_iter().flatten();
        let all = all.filter_map(Value::as_str).map(printable);
        all.collect::<Vec<_>>().join(", ")
    };
    let number = |name: &str| answer[name].as_u64().unwrap_or(0);
    let (channel, peer) = (text("channel"), text("peer"));
    let mut lines = vec![format!("{channel} {}", shown_peer(&channel, &peer))];
    let messages = units::counted(&answer["messages"], units::Noun::Message);
    lines.push(translator.sentence(&messages).into_owned());
    let counts = COUNTS.iter().filter(|(name, _)| number(name) > 0);
    lines.extend(counts.map(|(name, what)| format!("{}: {}", translator.word(what), number(name))));
    let lists = LISTS.iter().map(|(name, what)| (what, all(name)));
    let lists = lists.filter(|(_, names)| !names.is_empty());
    lines.extend(lists.map(|(what, names)| format!("{}: {names}", translator.word(what))));
    if answer["paired"] == true {
        let text = translator.word("they were let in by pairing");
        lines.push(text.into_owned());
    }
    lines
}
