//! `integrations`: the channels and their states; start, stop, restart, forget. `connect` pairs a
//! phone, `groups` lists the groups it is in.

mod connect;
mod control;
mod groups;

use serde_json::{Value, json};

use self::connect::ConnectOptions;
use crate::{
    cli::{
        command::Command,
        connection,
        context::Context,
        output::{
            Cell, TextStyle, printable, trouble,
            units::{self, Noun, counted},
        },
        parser::{CommandSpec, JSON, ParsedArgs, not_one_of},
        runtime::block_on,
    },
    clock,
    error::Result,
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "integrations",
    summary: "Show the channels and how each is; start, stop, connect",
    usage: &[
        "[list] [--json]",
        "start|stop|restart|forget NAME",
        "connect NAME [--timeout SECONDS]",
        "groups NAME [--json]",
    ],
    details: "What is sent to a channel that is stopped, impaired, parked or away waits. It is\n\
              impaired while its service is there and cannot send, such as a phone that is\n\
              off, and parked when the service refused the credentials: mend .env, reload.\n\
              Connecting draws a QR code to scan with the phone, anew whenever it changes,\n\
              until the phone is paired. A bridge of your own is away while it is not\n\
              connected; forget gives up one that will not come back, and what waits for it.\n\
              Groups asks the service for those the account is in, also where nobody wrote\n\
              yet, with the address that send and schedule take; they take the name too.",
    options: &[connect::TIMEOUT, JSON],
    examples: &[
        ("cleudocodebot integrations", "a table"),
        (
            "cleudocodebot integrations restart telegram",
            "start it anew",
        ),
        (
            "cleudocodebot integrations connect whatsapp",
            "pair a phone",
        ),
        (
            "cleudocodebot integrations groups whatsapp",
            "where a picture can be sent to",
        ),
        (
            "cleudocodebot integrations forget old-bridge",
            "its channel goes",
        ),
    ],
    parse,
};

/// Shows the channels, or does something with one.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum IntegrationsCommand {
    /// Show all.
    List {
        /// For scripts.
        json: bool,
    },
    /// Pair a phone with one of them.
    Connect(ConnectOptions),
    /// Show the groups of the one of this name.
    Groups {
        /// Which.
        name: String,
        /// For scripts.
        json: bool,
    },
    /// Do this action with the one of this name.
    Control(&'static str, String),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.word();
    let action = match word.as_deref() {
        None | Some("list") => {
            let json = args.flag("json");
            return Ok(Box::new(IntegrationsCommand::List { json }));
        }
        Some("start") => "integration.start",
        Some("stop") => "integration.stop",
        Some("connect") => {
            let options = ConnectOptions::parse(args)?;
            return Ok(Box::new(IntegrationsCommand::Connect(options)));
        }
        Some("groups") => {
            let (name, json) = (args.required_word("NAME")?, args.flag("json"));
            return Ok(Box::new(IntegrationsCommand::Groups { name, json }));
        }
        Some("restart") => "integration.restart",
        Some("forget") => "integration.forget",
        Some(other) => {
            return Err(not_one_of(
                other,
                &[
                    "list", "start", "stop", "restart", "connect", "groups", "forget",
                ],
            ));
        }
    };
    let name = args.required_word("NAME")?;
    Ok(Box::new(IntegrationsCommand::Control(action, name)))
}

impl Command for IntegrationsCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl IntegrationsCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connection::connect(context).await?;
        match self {
            Self::Connect(options) => options.follow(&mut connection.client, context).await,
            Self::Groups { name, json } => {
                groups::show(&mut connection.client, name, *json, context).await
            }
            Self::List { json } => {
                let answer = connection.client.call("integrations", &json!({})).await?;
                let all = answer["integrations"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                if *json {
                    return all.iter().try_for_each(|one| context.terminal.json(one));
                }
                context.terminal.columns(&rows(&all, clock::now_ms()))
            }
            Self::Control(action, name) => {
                let client = &mut connection.client;
                if *action == "integration.forget" {
                    let status = client.call(action, &json!({"name": name})).await?;
                    let given_up = counted(&status["given_up"], Noun::Message);
                    let line = format!("forgot {}; {given_up} given up", printable(name));
                    return context.terminal.line(line);
                }
                let status = control::control(client, action, name).await?;
                let is_stopped = status["state"] == "stopped";
                context
                    .terminal
                    .columns(&rows(&[status], clock::now_ms()))?;
                if is_stopped {
                    let name = printable(name);
                    let next = format!("start it again: cleudocodebot integrations start {name}");
                    context.terminal.hint(next);
                }
                Ok(())
            }
        }
    }
}

/// One row each: name, state, since when, counters, the last error and what to do about it.
fn rows(all: &[Value], now_ms: u64) -> Vec<Vec<Cell>> {
    all.iter()
        .map(|one| {
            let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
            let state = text("state");
            let since = one["since_ms"].as_u64().unwrap_or(now_ms);
            let count = |name: &str| one["counters"][name].as_u64().unwrap_or(0);
            let mut row = vec![
                text("name").into(),
                Cell::word(TextStyle::of_state(&state), state.clone()),
                Cell::word(
                    TextStyle::Dim,
                    format!("for {}", units::since(since, now_ms)),
                ),
                Cell::word(TextStyle::Plain, counters(count("sent"), count("failed"))),
            ];
            if let Some(until) = one["until_ms"].as_u64() {
                let wait = units::since(now_ms, until);
                row.push(Cell::word(
                    TextStyle::Plain,
                    format!("starts again in {wait}"),
                ));
            }
            if one["held"].is_string() {
                row.push(Cell::word(TextStyle::Doubtful, text("held")));
            }
            row.extend(trouble(one).map(|text| Cell::word(TextStyle::Plain, text).below()));
            if one["advice"].is_string() {
                row.push(Cell::word(TextStyle::Plain, text("advice")).below());
            }
            row
        })
        .collect()
}

/// How many messages went out, and how many did not.
fn counters(sent: u64, failed: u64) -> String {
    match sent {
        1 => format!("1 sent, {failed} failed"),
        _ => format!("{sent} sent, {failed} failed"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cli::output::columns,
        language::{Language, Translator},
    };

    #[test]
    fn one_message_that_went_out_is_told_as_one() {
        let portuguese = Translator::of(Language::BrazilianPortuguese);
        let told = |sent, failed| portuguese.sentence(&counters(sent, failed)).into_owned();
        assert_eq!(told(1, 0), "1 enviada, 0 com falha");
        assert_eq!(told(2, 1), "2 enviadas, 1 com falha");
    }

    #[test]
    fn trouble_is_told_with_what_to_do() {
        let parked = json!({"name": "telegram", "state": "parked", "since_ms": 0,
            "counters": {"sent": 2, "failed": 1}, "last_error": "401", "advice": "reload"});
        let shown = columns(&rows(&[parked], 5000), None, |_, text| text.to_owned());
        assert_eq!(
            shown,
            "telegram  parked  for 5s  2 sent, 1 failed  401  reload\n"
        );
        let well = json!({"name": "telegram", "state": "running", "since_ms": 0, "last_error": "401",
            "counters": {"sent": 2, "failed": 1}});
        let shown = columns(&rows(&[well], 5000), None, |_, text| text.to_owned());
        assert!(shown.ends_with("  2 sent, 1 failed\n"), "{shown}");
    }

    #[test]
    fn an_impaired_channel_is_worth_a_look_and_says_why() {
        let impaired = json!({"name": "whatsapp", "state": "impaired", "since_ms": 0,
            "counters": {"sent": 2, "failed": 1}, "last_error": "the phone is off",
            "advice": "turn it on"});
        let shown = columns(&rows(&[impaired], 5000), None, |style, text| match style {
            TextStyle::Doubtful => format!("!{text}"),
            _ => text.to_owned(),
        });
        assert_eq!(
            shown,
            "whatsapp  !impaired  for 5s  2 sent, 1 failed  the phone is off  turn it on\n"
        );
    }
}
