//! `agents`: who answers and how each is, where a person answers instead, what runs and what failed.

use serde_json::{Value, json};

use crate::{
    cli::{
        command::Command,
        commands::messages::recipient,
        connection::connect,
        context::Context,
        output::{
            Cell, TextStyle, printable, shown_peer, trouble,
            units::{self, Noun, counted},
        },
        parser::{CommandSpec, JSON, OptionSpec, ParsedArgs, Takes, not_one_of, option},
        runtime::block_on,
    },
    clock,
    error::Result,
};

/// Longest time for which a conversation is taken over, in minutes.
const MAX_MINUTES: u64 = 10_080;

const MINUTES: OptionSpec = option(
    "minutes",
    Takes::Text("N"),
    "takeover: for so long (default AGENT_HANDOVER)",
);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "agents",
    summary: "Show who answers and how; stop, retry, take over",
    usage: &[
        "[list] [--json]",
        "abort|retry TURN",
        "takeover CHANNEL PEER [--minutes N]",
        "resume CHANNEL PEER",
        "start|stop NAME",
    ],
    details: "AGENT in .env says who answers. A turn is what an agent answers: one message, or\n\
              several that came together. One that failed can be tried again. Whoever writes\n\
              in a conversation by hand takes it over; resume gives it back to the agent.\n\
              In the chat itself /pause, /resume, /new and /stop do the same.",
    options: &[MINUTES, JSON],
    examples: &[
        ("cleudocodebot agents", "how each is"),
        ("cleudocodebot agents retry t-17", "answer it after all"),
        (
            "cleudocodebot agents takeover whatsapp 5511987654321",
            "answer there yourself",
        ),
    ],
    parse,
};

/// Shows the agents, or does something with one, a turn or a conversation.
#[derive(Debug, PartialEq)]
pub(crate) enum AgentsCommand {
    /// Show all.
    List {
        /// For scripts.
        json: bool,
    },
    /// Do this action with this payload.
    Change {
        /// The action.
        action: &'static str,
        /// Its payload.
        payload: Value,
        /// For scripts.
        json: bool,
    },
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let json = args.flag("json");
    let word = args.word();
    let word = word.as_deref().unwrap_or("list");
    if word == "list" {
        return Ok(Box::new(AgentsCommand::List { json }));
    }
    let (action, names): (_, &[(&str, &str)]) = match word {
        "abort" => ("agent.abort", &[("turn_id", "TURN")]),
        "retry" => ("agent.retry", &[("turn_id", "TURN")]),
        "takeover" => ("agent.takeover", CONVERSATION),
        "resume" => ("agent.resume", CONVERSATION),
        "start" => ("agent.start", &[("name", "NAME")]),
        "stop" => ("agent.stop", &[("name", "NAME")]),
        other => {
            return Err(not_one_of(
                other,
                &[
                    "list", "abort", "retry", "takeover", "resume", "start", "stop",
                ],
            ));
        }
    };
    let mut payload = json!({});
    for (field, shown) in names {
        payload[field] = json!(args.required_word(shown)?);
    }
    if let Some(minutes) = args.number("minutes", &(1..=MAX_MINUTES))? {
        payload["minutes"] = json!(minutes);
    }
    Ok(Box::new(AgentsCommand::Change {
        action,
        payload,
        json,
    }))
}

const CONVERSATION: &[(&str, &str)] = &[("channel", "CHANNEL"), ("peer", "PEER")];

impl Command for AgentsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl AgentsCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::List { json } => {
                let listed = connection.client.call("agents", &json!({})).await?;
                if *json {
                    return context.terminal.json(&listed);
                }
                list(&listed, context)
            }
            Self::Change {
                action,
                payload,
                json,
            } => {
                let mut payload = payload.clone();
                recipient::resolve(&mut connection.client, &mut payload, "peer", context).await?;
                let answer = connection.client.call(action, &payload).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                changed(action, &payload, &answer, context)
            }
        }
    }
}

fn list(listed: &Value, context: &mut Context<'_>) -> Result<()> {
    let now = clock::now_ms();
    let agents = all(listed, "agents").map(|one| agent(one, now));
    let agents: Vec<_> = agents.collect();
    if agents.is_empty() {
        let note = "nobody answers; set AGENT in .env, then: cleudocodebot reload";
        context.terminal.note(note);
    } else {
        context.terminal.columns(&agents)?;
    }
    let held: Vec<_> = all(listed, "held").map(|one| held(one, now)).collect();
    section("A person answers in", &held, context)?;
    let open: Vec<_> = all(listed, "running").map(|one| turn(one, now)).collect();
    section("Turns under way", &open, context)?;
    let failed: Vec<_> = all(listed, "failed").map(|one| turn(one, now)).collect();
    section("Turns that failed (agents retry TURN)", &failed, context)
}

fn all<'v>(listed: &'v Value, name: &str) -> impl Iterator<Item = &'v Value> {
    listed[name].as_array().into_iter().flatten()
}

fn section(title: &str, rows: &[Vec<Cell>], context: &mut Context<'_>) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    context.terminal.line("")?;
    let title = context.terminal.translator().sentence(title);
    let title = context.terminal.painted(TextStyle::Strong, &title);
    context.terminal.foreign(title)?;
    context.terminal.columns(rows)
}

fn text(one: &Value, name: &str) -> String {
    printable(one[name].as_str().unwrap_or_default())
}

fn peer(one: &Value) -> String {
    let channel = text(one, "channel");
    let peer = shown_peer(&channel, one["peer"].as_str().unwrap_or_default());
    format!("{channel}/{}", printable(&peer))
}

fn ago(one: &Value, field: &str, now_ms: u64) -> Cell {
    let then = one[field].as_u64().unwrap_or(now_ms);
    Cell::word(
        TextStyle::Dim,
        format!("for {}", units::since(then, now_ms)),
    )
}

fn agent(one: &Value, now_ms: u64) -> Vec<Cell> {
    let state = text(one, "state");
    let counters = &one["counters"];
    let failed = counters["failed"].as_u64().unwrap_or(0);
    let mut row = vec![
        text(one, "name").into(),
        Cell::word(TextStyle::of_state(&state), state),
        ago(one, "since_ms", now_ms),
        Cell::word(
            TextStyle::Plain,
            format!(
                "{}, {failed} failed",
                counted(&counters["answered"], Noun::Answer)
            ),
        ),
    ];
    if let Some(until) = one["until_ms"].as_u64() {
        let wait = units::since(now_ms, until);
        row.push(Cell::word(
            TextStyle::Plain,
            format!("starts again in {wait}"),
        ));
    }
    row.extend(trouble(one).map(|text| Cell::word(TextStyle::Plain, text).below()));
    if one["advice"].is_string() {
        row.push(Cell::word(TextStyle::Plain, text(one, "advice")).below());
    }
    row
}

fn held(one: &Value, now_ms: u64) -> Vec<Cell> {
    let until = one["until_ms"].as_u64().unwrap_or(now_ms);
    let why = match one["by"].as_str() {
        Some("hand") => "somebody wrote there",
        Some("loop") => "two programs answered each other",
        _ => "somebody asked for it",
    };
    vec![
        peer(one).into(),
        Cell::word(
            TextStyle::Plain,
            format!("for {} more", units::since(now_ms, until)),
        ),
        Cell::word(TextStyle::Dim, why),
    ]
}

fn turn(one: &Value, now_ms: u64) -> Vec<Cell> {
    let state = text(one, "state");
    let mut row = vec![
        text(one, "turn_id").into(),
        peer(one).into(),
        text(one, "agent").into(),
        Cell::word(TextStyle::of_state(&state), state),
        ago(one, "updated_ms", now_ms),
    ];
    if one["error"].is_string() {
        row.push(Cell::word(TextStyle::Plain, text(one, "error")));
    }
    row
}

fn changed(action: &str, payload: &Value, answer: &Value, context: &mut Context<'_>) -> Result<()> {
    let now = clock::now_ms();
    match action {
        "agent.start" | "agent.stop" => {
            // It does so in its own time: its state is still the one before.
            let (name, what) = (text(answer, "name"), &action["agent.".len()..]);
            context.terminal.line(format!("{name} is told to {what}"))
        }
        "agent.takeover" => context.terminal.columns(&[held(answer, now)]),
        "agent.resume" if answer["released"] == false => {
            let line = format!("{} was not held", peer(payload));
            context.terminal.line(line)
        }
        "agent.resume" => {
            let line = format!("{} is the agent's again", peer(payload));
            context.terminal.line(line)
        }
        _ => {
            let state = text(answer, "state");
            let state = context.terminal.translator().word(&state);
            let line = format!("{}: {state}", text(payload, "turn_id"));
            context.terminal.foreign(line)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    fn shown(row: Vec<Cell>) -> String {
        columns(&[row], None, |_, text| text.to_owned())
    }

    #[test]
    fn each_row_tells_what_matters() {
        let pi = json!({"name": "pi", "state": "backing_off", "since_ms": 0, "until_ms": 9000,
            "supervised": true, "last_error": "no model", "advice": "set AGENT_PI_MODEL",
            "counters": {"answered": 1, "failed": 2}});
        assert_eq!(
            shown(agent(&pi, 5000)),
            "pi  backing_off  for 5s  1 answer, 2 failed  starts again in 4s  no model  set AGENT_PI_MODEL\n"
        );
        let ana = json!({"channel": "whatsapp", "peer": "5511987654321", "until_ms": 65_000, "by": "hand"});
        let told = shown(held(&ana, 5000));
        assert!(told.contains("for 1m more  somebody wrote there"), "{told}");
        let failed = json!({"turn_id": "t-7", "channel": "webchat", "peer": "ana", "agent": "pi",
            "state": "failed", "updated_ms": 0, "error": "no\nmodel"});
        let told = "t-7  webchat/ana  pi  failed  for 5s  no\\nmodel\n";
        assert_eq!(shown(turn(&failed, 5000)), told);
    }
}
