//! `schedule`: what is sent again and again.

use serde_json::{Value, json};

use super::{later::GRACE, send};
use crate::{
    cli::{
        command::Command,
        connection::{connect, names},
        context::Context,
        output::{Cell, Names, TextStyle, Times, content, cut, printable, units},
        parser::{CommandSpec, JSON, OptionSpec, ParsedArgs, Takes, not_one_of, option},
        runtime::block_on,
    },
    error::{Error, Result},
    language::Translator,
};

/// How much of the text is shown, in columns.
const SHOWN: usize = 40;

const CHANNEL: OptionSpec = option("channel", Takes::Text("CHANNEL"), "The integration").short('c');
const TO: OptionSpec =
    option("to", Takes::Text("PEER"), "The address or the name there").short('t');

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "schedule",
    summary: "Send something again and again",
    usage: &[
        "[list] [--json]",
        "add NAME --cron TIMES -c CHANNEL -t PEER TEXT",
        "add NAME --every SPAN -c CHANNEL -t PEER TEXT",
        "remove|pause|resume|run NAME",
    ],
    details: "TIMES are minute, hour, day of the month, month and day of the week, as\n\
              \"0 8 * * mon-fri\", or @daily, in the zone of CLEUDOCODEBOT_ZONE. A change of\n\
              the clocks neither skips nor repeats a daily time. What a downtime missed is\n\
              sent once at most, within --grace. To change a schedule, add it again: it\n\
              takes the place of the one of that name, and stays paused where that was.\n\
              run sends it now, besides its times.",
    options: &[
        option("cron", Takes::Text("TIMES"), "When, as \"0 8 * * mon-fri\""),
        option("every", Takes::Text("SPAN"), "Or how often: 30m, 2h, 1d"),
        option(
            "zone",
            Takes::Text("ZONE"),
            "The zone of the times, as America/Sao_Paulo",
        ),
        option(
            "until",
            Takes::Text("TIME"),
            "No later than this time or day, as 2026-12-24",
        ),
        option("count", Takes::Text("N"), "So many times"),
        GRACE,
        CHANNEL,
        TO,
        OF_SEND_FILE,
        OF_SEND_MARKDOWN,
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot schedule add tea --every 1d -c webchat -t ada \"Tea is ready\"",
            "once a day",
        ),
        ("cleudocodebot schedule pause tea", "not for a while"),
    ],
    parse,
};

const OF_SEND_FILE: OptionSpec =
    option("file", Takes::Text("PATH"), "A file to send, or several").short('f');
const OF_SEND_MARKDOWN: OptionSpec =
    crate::cli::parser::switch("markdown", "The text is markdown; it arrives formatted");

/// Shows schedules, adds one, or changes one.
#[derive(Debug, PartialEq)]
pub(crate) enum ScheduleCommand {
    /// Show them.
    List {
        /// For scripts.
        json: bool,
    },
    /// Add one: its payload without the message, and the message.
    Add {
        payload: Value,
        message: send::SendCommand,
        json: bool,
    },
    /// Do this action with the one of this name.
    Each {
        action: &'static str,
        payload: Value,
        json: bool,
    },
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.word();
    let (action, paused) = match word.as_deref() {
        None | Some("list") => {
            let json = args.flag("json");
            return Ok(Box::new(ScheduleCommand::List { json }));
        }
        Some("add") => return add(args),
        Some("remove") => ("schedule.remove", None),
        Some("pause") => ("schedule.pause", Some(true)),
        Some("resume") => ("schedule.pause", Some(false)),
        Some("run") => ("schedule.run", None),
        Some(other) => {
            return Err(not_one_of(
                other,
                &["list", "add", "remove", "pause", "resume", "run"],
            ));
        }
    };
    let mut payload = json!({"name": args.required_word("NAME")?});
    if let Some(paused) = paused {
        payload["paused"] = json!(paused);
    }
    let json = args.flag("json");
    Ok(Box::new(ScheduleCommand::Each {
        action,
        payload,
        json,
    }))
}

fn add(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let mut payload = json!({"name": args.required_word("NAME")?});
    for name in ["cron", "every", "zone", "until", "grace"] {
        if let Some(value) = args.text(name) {
            payload[name] = json!(value);
        }
    }
    if let Some(count) = args.number("count", &(1..=1_000_000))? {
        payload["count"] = json!(count);
    }
    let wrong = match (payload.get("cron"), payload.get("every")) {
        (Some(_), Some(_)) => "--cron and --every exclude each other: give one of them",
        (None, None) => "one of --cron and --every is needed",
        _ => "",
    };
    if !wrong.is_empty() {
        return Err(Error::Usage(wrong.to_owned()));
    }
    let json = args.flag("json");
    let mut message = send::message(args)?;
    // It is how late each occurrence may be; the message itself has no time of its own.
    if let Some(fields) = message.payload.as_object_mut() {
        fields.remove("grace");
    }
    Ok(Box::new(ScheduleCommand::Add {
        payload,
        message,
        json,
    }))
}

impl Command for ScheduleCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.ask(context))
    }
}

impl ScheduleCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        match self {
            Self::List { json } => {
                let answer = connection.client.call("schedules", &json!({})).await?;
                if *json {
                    return context.terminal.json(&answer);
                }
                let all = answer["schedules"].as_array().cloned().unwrap_or_default();
                if all.is_empty() {
                    context.terminal.note("nothing is sent again and again");
                    context
                        .terminal
                        .hint("the first one: cleudocodebot schedule --help");
                }
                let names = names(&mut connection.client, None).await;
                show(&all, &names, context)
            }
            Self::Add {
                payload,
                message,
                json,
            } => {
                let mut payload = payload.clone();
                payload["send"] = message.ready(&mut connection, context).await?;
                let all = connection.client.call("schedules", &json!({})).await?;
                let told = connection.client.call("schedule.add", &payload).await?;
                let mut before = all["schedules"].as_array().into_iter().flatten();
                if let Some(before) = before.find(|one| one["name"] == told["name"]) {
                    let text = printable(before["text"].as_str().unwrap_or_default());
                    let text = cut(&text, SHOWN);
                    let note = format!("it took the place of the one of that name: {text}");
                    context.terminal.note(note);
                    if told["state"] == "paused" {
                        let name = printable(told["name"].as_str().unwrap_or_default());
                        let note = format!(
                            "it stays paused; to let it go on: cleudocodebot schedule resume {name}"
                        );
                        context.terminal.note(note);
                    }
                }
                if *json {
                    return context.terminal.json(&told);
                }
                let names = names(&mut connection.client, told["channel"].as_str()).await;
                show(&[told], &names, context)?;
                context.terminal.hint("all of them: cleudocodebot schedule");
                Ok(())
            }
            Self::Each {
                action,
                payload,
                json,
            } => {
                let told = connection.client.call(action, payload).await?;
                if *json {
                    return context.terminal.json(&told);
                }
                match *action {
                    "schedule.run" => queued(&told, context),
                    "schedule.remove" => {
                        let name = printable(told["name"].as_str().unwrap_or("?"));
                        let verb = context.terminal.translator().word("removed").into_owned();
                        context.terminal.foreign(format!("{verb}: {name}"))
                    }
                    _ => {
                        let names = names(&mut connection.client, told["channel"].as_str()).await;
                        show(&[told], &names, context)
                    }
                }
            }
        }
    }
}

/// Says which message a schedule has just sent, as `send` does.
fn queued(told: &Value, context: &mut Context<'_>) -> Result<()> {
    let last = &told["last"];
    if last["message_id"].is_null() {
        let why = printable(last["error"].as_str().unwrap_or("no reason given"));
        return Err(Error::Failed(format!("nothing was queued: {why}")));
    }
    let answer = json!({"state": "queued", "message_id": last["message_id"]});
    send::tell(&answer, context)?;
    context
        .terminal
        .hint("what becomes of it: cleudocodebot outbox");
    Ok(())
}

/// What schedules are shown by.
struct Shown<'a> {
    names: &'a Names,
    times: &'a Times,
    translator: Translator,
    /// The zone of times for which none was named.
    zone: Option<&'a str>,
}

/// Shows schedules in columns.
fn show(all: &[Value], names: &Names, context: &mut Context<'_>) -> Result<()> {
    let zone = context.client_config()?.zone;
    let shown = Shown {
        names,
        times: &context.terminal.times,
        translator: context.terminal.translator(),
        zone: zone.name(),
    };
    let rows: Vec<_> = all.iter().map(|one| row(one, &shown)).collect();
    context.terminal.columns(&rows)
}

/// A schedule in columns.
fn row(one: &Value, shown: &Shown<'_>) -> Vec<Cell> {
    let text = |name: &str| printable(one[name].as_str().unwrap_or_default());
    let when = match one["every_ms"].as_u64() {
        Some(ms) => Cell::word(
            TextStyle::Plain,
            format!(
                "every {}",
                units::duration(std::time::Duration::from_millis(ms))
            ),
        ),
        // By the zone of the gateway unless another is named.
        None => match one["zone"]
            .as_str()
            .filter(|zone| Some(*zone) != shown.zone)
        {
            Some(zone) => format!("{} ({})", text("cron"), printable(zone)).into(),
            None => Cell::from(text("cron")),
        },
    };
    let state = match one["state"].as_str() {
        Some("active") => Cell::word(TextStyle::Good, "active"),
        Some("paused") => Cell::word(TextStyle::Doubtful, "paused"),
        _ => Cell::word(TextStyle::Dim, "over"),
    };
    let number = |name: &str| one[name].as_u64();
    // A paused one has a next time too, at which it sends nothing.
    let next = number("next_ms").filter(|_| one["state"] == "active");
    let limits = [
        next.map(|at_ms| format!("next {}", shown.times.full(at_ms))),
        number("until_ms").map(|at_ms| format!("until {}", shown.times.full(at_ms))),
        number("count").map(|count| format!("left to send: {count}")),
    ];
    let limits: Vec<_> = limits.into_iter().flatten().collect();
    let channel = text("channel");
    let to = shown
        .names
        .shown(&channel, one["to"].as_str().unwrap_or_default());
    let said = cut(&content(one, shown.translator), SHOWN);
    vec![
        Cell::from(text("name")),
        state,
        when,
        Cell::word(TextStyle::Plain, limits.join(", ")),
        format!("{channel} {to}").into(),
        said.into(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::output::columns;

    fn line(one: &Value, names: &Names) -> String {
        let shown = Shown {
            names,
            times: &Times::new(Some("UTC0"), false, false),
            translator: Translator::default(),
            zone: Some("America/Sao_Paulo"),
        };
        columns(&[row(one, &shown)], None, |_, text| text.to_owned())
    }

    #[test]
    fn what_is_sent_until_when_and_by_which_clock_is_shown() {
        let mut one = json!({"name": "tea", "state": "active", "cron": "0 8 * * *", "zone": "Asia/Tokyo",
            "channel": "webchat", "to": "ana", "text": "", "next_ms": 3_600_000, "until_ms": 7_200_000,
            "count": 3, "media": {"kind": "image", "name": "tea.png"}});
        let shown = line(&one, &Names::default());
        assert_eq!(
            shown,
            "tea  active  0 8 * * * (Asia/Tokyo)  next 1970-01-01 01:00, until 1970-01-01 02:00, \
             left to send: 3  webchat ana  <image tea.png>\n"
        );
        one["state"] = json!("paused");
        one["zone"] = json!("America/Sao_Paulo");
        let shown = line(&one, &Names::default());
        assert!(
            shown.contains("paused  0 8 * * *  until 1970-01-01 02:00,"),
            "{shown}"
        );
    }

    #[test]
    fn who_gets_it_is_named_where_a_name_is_known() {
        let names = Names::of(&json!({"conversations": [
            {"channel": "whatsapp", "peer": "1203@g.us", "name": "Família"}]}));
        let schedule = |to: &str| {
            let one = json!({"name": "tea", "state": "active", "cron": "@daily",
                "channel": "whatsapp", "to": to, "text": "Tea is ready"});
            line(&one, &names)
        };
        let shown = schedule("1203@g.us");
        assert!(shown.contains("  whatsapp Família  "), "{shown}");
        let shown = schedule("1204@g.us");
        assert!(shown.contains("  whatsapp 1204@g.us  "), "{shown}");
    }
}
