//! `integrations`: the channels and how each is; start, stop, restart, forget. Pairing a phone is in
//! `scan`.

use serde_json::{Value, json};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    layout::{self, Cell, Style, counted, printable},
    scan,
    spec::{CommandSpec, JSON, ParsedArgs},
};
use crate::{
    clock,
    error::{Error, Result},
};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "integrations",
    summary: "Show the channels and how each is; start, stop, connect",
    usage: &[
        "[list] [--json]",
        "start|stop|restart|forget NAME",
        "connect NAME [--timeout SECONDS]",
    ],
    details: "What is sent to a stopped, parked or away channel waits. An integration is\n\
              parked when its service refused the credentials: mend .env, then reload.\n\
              Connecting draws a QR code to scan with the phone, anew whenever it changes,\n\
              until the phone is paired. A bridge of your own is away while it is not\n\
              connected; forget gives up one that will not come back, and what waits for it.",
    options: &[scan::TIMEOUT, JSON],
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
            "cleudocodebot integrations forget old-bridge",
            "its channel goes",
        ),
    ],
    first_word: || vec!["list", "start", "stop", "restart", "connect", "forget"],
    read,
};

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Options {
    /// Show all.
    List {
        /// For scripts.
        json: bool,
    },
    /// Pair a phone with one of them.
    Connect(scan::Options),
    /// Do this action with one of them.
    Steer(&'static str, String),
}

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let word = args.word();
    let action = match word.as_deref() {
        None | Some("list") => {
            let json = args.flag("json");
            return Ok(Command::Integrations(Options::List { json }));
        }
        Some("start") => "integration.start",
        Some("stop") => "integration.stop",
        Some("connect") => {
            let options = scan::read(args)?;
            return Ok(Command::Integrations(Options::Connect(options)));
        }
        Some("restart") => "integration.restart",
        Some("forget") => "integration.forget",
        Some(other) => {
            return Err(Error::Usage(format!(
                "{other:?} is not one of list, start, stop, restart, connect, forget"
            )));
        }
    };
    let name = args.required_word("NAME")?;
    Ok(Command::Integrations(Options::Steer(action, name)))
}

pub(super) async fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let mut connection = connect(context).await?;
    match options {
        Options::Connect(options) => scan::run(options, &mut connection.client, context).await,
        Options::List { json } => {
            let answer = connection.client.call("integrations", &json!({})).await?;
            let all = answer["integrations"]
                .as_array()
                .cloned()
                .unwrap_or_default();
            if *json {
                return all.iter().try_for_each(|one| context.terminal.json(one));
            }
            context.terminal.columns(&specs(&all, clock::now_ms()))
        }
        Options::Steer(action, name) => {
            let asked = json!({"name": name});
            let status = connection.client.call(action, &asked).await?;
            match *action {
                "integration.forget" => {
                    let given_up = counted(&status["given_up"], "message");
                    let line = format!("forgot {}; {given_up} given up", printable(name));
                    context.terminal.line(line)
                }
                _ => context.terminal.columns(&specs(&[status], clock::now_ms())),
            }
        }
    }
}

/// Name, state, since when, what it has done, what went wrong and what to do about it.
pub(super) fn specs(all: &[Value], now_ms: u64) -> Vec<Vec<Cell>> {
    all.iter()
        .map(|one| {
            let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
            let state = text("state");
            let since = one["since_ms"].as_u64().unwrap_or(now_ms);
            let count = |name: &str| one["counters"][name].as_u64().unwrap_or(0);
            let mut spec = vec![
                text("name").into(),
                Cell::styled(Style::of_state(&state), state.clone()),
                Cell::styled(Style::Dim, format!("for {}", layout::since(since, now_ms))),
                format!("{} sent, {} failed", count("sent"), count("failed")).into(),
            ];
            if let Some(until) = one["until_ms"].as_u64() {
                let wait = layout::since(now_ms, until);
                spec.push(format!("starts again in {wait}").into());
            }
            if one["last_error"].is_string() {
                let label = if state == "running" {
                    "last error: "
                } else {
                    ""
                };
                spec.push(format!("{label}{}", text("last_error")).into());
            }
            if one["advice"].is_string() {
                spec.push(text("advice").into());
            }
            spec
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trouble_is_told_with_what_to_do() {
        let parked = json!({"name": "telegram", "state": "parked", "since_ms": 0,
            "counters": {"sent": 2, "failed": 1}, "last_error": "401", "advice": "reload"});
        let shown = layout::columns(&specs(&[parked], 5000), |_, text| text.to_owned());
        assert_eq!(
            shown,
            "telegram  parked  for 5s  2 sent, 1 failed  401  reload\n"
        );
        let well = json!({"name": "telegram", "state": "running", "since_ms": 0, "last_error": "401",
            "counters": {"sent": 2, "failed": 1}});
        let shown = layout::columns(&specs(&[well], 5000), |_, text| text.to_owned());
        assert!(shown.ends_with("  last error: 401\n"), "{shown}");
    }
}
