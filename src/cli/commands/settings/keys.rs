//! `keys`: the keys of other clients; makes, pairs, renames and revokes them, and shows what each role may do.

use serde_json::{Map, Value, json};

use super::places;
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        output::{Cell, TextStyle, printable, qr_drawing, units},
        parser::{CommandSpec, JSON, OptionSpec, ParsedArgs, Takes, not_one_of, option},
        runtime::block_on,
    },
    clock,
    error::{Error, Result},
    protocol::{
        describe::{ACTIONS, EVENTS},
        role::{Least, Role},
    },
    qr::Qr,
};

const ROLE: OptionSpec = option(
    "role",
    Takes::Text("ROLE"),
    "What it may do (send; pair: operator)",
);
const CHANNELS: OptionSpec = option(
    "channels",
    Takes::Text("CHANNEL,..."),
    "Only these channels; a bridge has exactly one",
);
const PEERS: OptionSpec = option(
    "peers",
    Takes::Text("CHANNEL/PEER,..."),
    "Only these conversations, with * for any",
);
const EXPIRES: OptionSpec = option(
    "expires",
    Takes::Text("TIME"),
    "Good so long: 12h, 30d (default: until revoked)",
);

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "keys",
    summary: "Give each client a key of its own; pair a phone; revoke",
    usage: &[
        "[list] [--json]",
        "add|pair NAME [--role ROLE] [--peers ...] [...]",
        "unpair CODE",
        "rename KEY NAME",
        "revoke KEY",
        "roles [--json]",
    ],
    details: "A key's token is shown once: only its hash is kept. The client shows it as\n\
              CLEUDOCODEBOT_TOKEN or in auth. pair draws a QR code, good once and for five\n\
              minutes; unpair takes it back, by the code or the address with it. Revoking\n\
              closes a key's connections at once. Roles are read, send, operator, bridge,\n\
              agent and owner. The token of .env stays the owner's. KEY is an id such as\n\
              k-3, or a name.",
    options: &[ROLE, CHANNELS, PEERS, EXPIRES, JSON],
    examples: &[
        ("cleudocodebot keys pair phone", "a QR code for the phone"),
        (
            "cleudocodebot keys add backup --role send --peers telegram/42",
            "for a script that may write to one person",
        ),
    ],
    parse,
};

/// What to do with the keys.
#[derive(Debug, PartialEq)]
pub(crate) struct KeysCommand {
    task: Task,
    json: bool,
}

#[derive(Debug, PartialEq)]
enum Task {
    List,
    Roles,
    /// Make one, with this payload.
    Add(Value),
    /// Show a code for one.
    Pair(Value),
    /// Take this code back.
    Unpair(String),
    /// Another action and its payload.
    Change(&'static str, Value),
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let task = match args.word().as_deref() {
        None | Some("list") => Task::List,
        Some("roles") => Task::Roles,
        Some("add") => Task::Add(asked(args)?),
        Some("pair") => Task::Pair(asked(args)?),
        Some("unpair") => {
            let shown = args.required_word("CODE")?;
            Task::Unpair(code(&shown).to_owned())
        }
        Some("rename") => {
            let key = args.required_word("KEY")?;
            let name = args.required_word("NAME")?;
            Task::Change("key.rename", json!({"key_id": key, "name": name}))
        }
        Some("revoke") => {
            let key = args.required_word("KEY")?;
            Task::Change("key.revoke", json!({"key_id": key}))
        }
        Some(other) => {
            return Err(not_one_of(
                other,
                &["list", "add", "pair", "unpair", "rename", "revoke", "roles"],
            ));
        }
    };
    let json = args.flag("json");
    Ok(Box::new(KeysCommand { task, json }))
}

/// The code in the address that `pair` shows, or by itself.
fn code(shown: &str) -> &str {
    let behind = shown.split_once("#pair=").map_or(shown, |(_, code)| code);
    behind.split('&').next().unwrap_or_default()
}

/// The payload of a key to make.
fn asked(args: &mut ParsedArgs) -> Result<Value> {
    let mut payload = Map::new();
    payload.insert("name".to_owned(), json!(args.required_word("NAME")?));
    if let Some(role) = args.text("role") {
        if role.parse::<Role>().is_err() {
            let names = Role::names();
            return Err(Error::Usage(format!(
                "--role {role:?} is not one of {names}"
            )));
        }
        if role == Role::Bridge.as_str() && args.all("channels").is_empty() {
            let text = "--channels is missing: a bridge has exactly one channel";
            return Err(Error::Usage(text.to_owned()));
        }
        payload.insert("role".to_owned(), json!(role));
    }
    for (option, field) in [("channels", "channels"), ("peers", "peers")] {
        if args.all(option).is_empty() {
            continue;
        }
        let all = args.list(option);
        // An empty variable of a script is not to make a key for everything.
        if all.is_empty() {
            return Err(Error::Usage(format!(
                "--{option} names nothing; leave it out for a key without that limit"
            )));
        }
        payload.insert(field.to_owned(), json!(all));
    }
    if let Some(text) = args.text("expires") {
        payload.insert("expires_in_s".to_owned(), json!(seconds(&text)?));
    }
    Ok(Value::Object(payload))
}

/// A life such as `12h` or `30d`, in seconds.
fn seconds(text: &str) -> Result<u64> {
    let expected = || {
        Error::Usage(format!(
            "--expires {text:?} is not a time such as 45m, 12h or 30d"
        ))
    };
    let last = text.char_indices().next_back();
    let (number, unit) = text.split_at(last.map_or(0, |(at, _)| at));
    let unit_s = match unit {
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return Err(expected()),
    };
    let number: u64 = number.parse().map_err(|_| expected())?;
    let seconds = number.checked_mul(unit_s).filter(|seconds| *seconds > 0);
    seconds.ok_or_else(expected)
}

impl Command for KeysCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        match &self.task {
            Task::Roles => self.show_roles(context),
            _ => block_on(self.ask(context)),
        }
    }
}

impl KeysCommand {
    async fn ask(&self, context: &mut Context<'_>) -> Result<()> {
        let mut connection = connect(context).await?;
        let (action, mut payload) = match &self.task {
            Task::List | Task::Roles => ("keys", json!({})),
            Task::Add(payload) => ("key.add", payload.clone()),
            Task::Pair(payload) => ("key.pair", payload.clone()),
            Task::Unpair(code) => ("key.pair", json!({"name": "-", "cancel": code})),
            Task::Change(action, payload) => (*action, payload.clone()),
        };
        if matches!(self.task, Task::Add(_) | Task::Pair(_)) {
            places::resolve(&mut connection.client, &mut payload, context).await?;
        }
        let answer = connection.client.call(action, &payload).await?;
        if self.json {
            return context.terminal.json(&answer);
        }
        match &self.task {
            Task::List | Task::Roles => show_list(&answer, context),
            Task::Add(_) => show_token(&answer, context),
            Task::Pair(_) => show_code(&answer, context),
            Task::Unpair(_) if answer["cancelled"] == true => context
                .terminal
                .line("the code is taken back: it opens nothing any more"),
            Task::Unpair(_) => {
                let text = "there is no such code; one that was used or has expired opens nothing any more";
                Err(Error::Failed(text.to_owned()))
            }
            Task::Change("key.revoke", _) => {
                let name = printable(answer["name"].as_str().unwrap_or("?"));
                let closed = units::counted(&answer["closed"], units::Noun::Connection);
                context
                    .terminal
                    .line(format!("revoked: {name}; {closed} closed"))
            }
            Task::Change(..) => {
                let name = printable(answer["key"]["name"].as_str().unwrap_or("?"));
                context.terminal.line(format!("renamed: {name}"))
            }
        }
    }

    fn show_roles(&self, context: &mut Context<'_>) -> Result<()> {
        let rows = role_rows();
        if self.json {
            return rows.iter().try_for_each(|(name, kind, roles)| {
                context
                    .terminal
                    .json(&json!({"name": name, "kind": kind, "roles": roles}))
            });
        }
        let roles = Role::ALL.map(|role| Cell::styled(TextStyle::Strong, role.as_str()));
        let heading = ["NAME", "KIND"].map(|name| Cell::word(TextStyle::Strong, name));
        let heading = heading.into_iter().chain(roles).collect();
        let rows = rows.into_iter().map(|(name, kind, roles)| {
            let marks = Role::ALL.map(|role| {
                if roles.contains(&role.as_str()) {
                    "yes"
                } else {
                    "-"
                }
            });
            let ours = [kind].into_iter().chain(marks);
            let ours = ours.map(|text| Cell::word(TextStyle::Plain, text));
            [Cell::from(name)].into_iter().chain(ours).collect()
        });
        let table: Vec<Vec<Cell>> = std::iter::once(heading).chain(rows).collect();
        context.terminal.columns(&table)
    }
}

/// Each action and event of `describe`, and the roles that may.
fn role_rows() -> Vec<(&'static str, &'static str, Vec<&'static str>)> {
    let roles = |least: Least| {
        let all = Role::ALL.into_iter().filter(|role| least.admits(*role));
        all.map(Role::as_str).collect()
    };
    let actions = ACTIONS
        .iter()
        .map(|row| (row.name, "action", roles(row.least)));
    let events = EVENTS
        .iter()
        .map(|row| (row.name, "event", roles(row.least)));
    actions.chain(events).collect()
}

fn show_list(answer: &Value, context: &mut Context<'_>) -> Result<()> {
    let keys = answer["keys"].as_array().map_or(&[][..], Vec::as_slice);
    if keys.is_empty() {
        let text =
            "only the token of .env opens this gateway; cleudocodebot keys add NAME makes a key";
        context.terminal.note(text);
        return Ok(());
    }
    let names = [
        "KEY",
        "NAME",
        "ROLE",
        "FOR",
        "LAST SEEN",
        "FROM",
        "CLIENTS",
        "EXPIRES",
    ];
    let heading = names
        .map(|name| Cell::word(TextStyle::Strong, name))
        .to_vec();
    let now_ms = clock::now_ms();
    let rows = keys.iter().map(|key| row(key, now_ms));
    let table: Vec<_> = std::iter::once(heading).chain(rows).collect();
    context.terminal.columns(&table)
}

fn row(key: &Value, now_ms: u64) -> Vec<Cell> {
    let text = |name: &str| printable(key[name].as_str().unwrap_or("-"));
    let names = |name: &str| {
        let all = key[name].as_array().into_iter().flatten();
        all.filter_map(Value::as_str)
            .map(printable)
            .collect::<Vec<_>>()
    };
    let mut places = names("peers");
    if places.is_empty() {
        places = names("channels");
    }
    let places = if places.is_empty() {
        "everything".to_owned()
    } else {
        places.join(", ")
    };
    let seen = key["last_seen_ms"].as_u64();
    let seen = seen.map_or_else(
        || "never".to_owned(),
        |then| format!("{} ago", units::since(then, now_ms)),
    );
    let end = key["expires_ms"].as_u64();
    let end = end.map_or_else(
        || "-".to_owned(),
        |end| format!("in {}", units::since(now_ms, end)),
    );
    vec![
        text("key_id").into(),
        text("name").into(),
        text("role").into(),
        Cell::word(TextStyle::Plain, places),
        Cell::word(TextStyle::Plain, seen),
        text("last_address").into(),
        key["clients"].to_string().into(),
        Cell::word(TextStyle::Plain, end),
    ]
}

/// The token alone is the answer, so that a script can take it; what else is to be said is a note.
fn show_token(answer: &Value, context: &mut Context<'_>) -> Result<()> {
    let text = |name: &str| printable(answer["key"][name].as_str().unwrap_or("?"));
    let (id, name, role) = (text("key_id"), text("name"), text("role"));
    context.terminal.note(format!(
        "{id} ({name}, role {role}); its token is shown this once:"
    ));
    context
        .terminal
        .foreign(answer["token"].as_str().unwrap_or_default())
}

fn show_code(answer: &Value, context: &mut Context<'_>) -> Result<()> {
    let url = answer["url"].as_str().unwrap_or_default();
    let terminal = &mut context.terminal;
    if let Some(square) = Qr::of(url).filter(|_| terminal.is_watched()) {
        let drawn = qr_drawing::drawn(&square, terminal.has_colors());
        terminal.drawing(&drawn)?;
    }
    terminal.foreign(printable(url))?;
    terminal.note("scan it with the camera of the other device, or open the address there: good once, for five minutes");
    if let Some(warning) = answer["warning"].as_str() {
        terminal.note(printable(warning));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_have_a_unit() {
        for (text, life_s) in [("45m", 2_700), ("12h", 43_200), ("30d", 2_592_000)] {
            assert_eq!(seconds(text).ok(), Some(life_s), "{text}");
        }
        for wrong in [
            "",
            "30",
            "d",
            "0d",
            "-1d",
            "1.5h",
            "9999999999999999999d",
            "1é",
        ] {
            assert!(seconds(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_code_is_known_by_itself_and_in_its_address() {
        for shown in [
            "ABCD-1234",
            "http://192.168.0.5:18789/#pair=ABCD-1234&name=phone",
            "#pair=ABCD-1234",
        ] {
            assert_eq!(code(shown), "ABCD-1234");
        }
    }

    #[test]
    fn the_table_of_roles_has_every_action_and_event() {
        let rows = role_rows();
        assert_eq!(rows.len(), ACTIONS.len() + EVENTS.len());
        let of = |name: &str| {
            rows.iter()
                .find(|row| row.0 == name)
                .map(|row| row.2.clone())
        };
        assert_eq!(of("send"), Some(vec!["send", "operator", "owner"]));
        assert_eq!(of("log"), Some(vec!["owner"]));
    }
}
