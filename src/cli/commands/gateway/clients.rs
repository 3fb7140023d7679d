//! `clients`: who is connected.

use serde_json::{Value, json};

use super::{
    command::Command,
    connect::connect,
    context::Context,
    layout::{self, Cell, Style, printable},
    spec::{CommandSpec, JSON, no_words},
};
use crate::{clock, error::Result};

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "clients",
    summary: "Show who is connected",
    usage: &["[--json]"],
    details: "This command itself is among them.",
    options: &[JSON],
    examples: &[("cleudocodebot clients", "a table")],
    first_word: no_words,
    read: |args| {
        Ok(Command::Clients {
            json: args.flag("json"),
        })
    },
};

const HEADINGS: [&str; 8] = [
    "ID", "NAME", "KIND", "VERSION", "FOR", "ADDRESS", "RECEIVED", "SENT",
];

pub(super) async fn run(as_json: bool, context: &mut Context<'_>) -> Result<()> {
    let mut connection = connect(context).await?;
    let answer = connection.client.call("clients", &json!({})).await?;
    let clients = answer["clients"].as_array().map_or(&[][..], Vec::as_slice);
    if as_json {
        return clients
            .iter()
            .try_for_each(|client| context.terminal.json(client));
    }
    let heading = HEADINGS
        .map(|name| Cell::styled(Style::Strong, name))
        .to_vec();
    let now_ms = clock::now_ms();
    let specs = clients.iter().map(|client| spec(client, now_ms));
    let table: Vec<_> = std::iter::once(heading).chain(specs).collect();
    context.terminal.columns(&table)
}

fn spec(client: &Value, now_ms: u64) -> Vec<Cell> {
    let text = |name: &str| printable(client[name].as_str().unwrap_or("-"));
    let since = client["since_ms"].as_u64().unwrap_or(now_ms);
    vec![
        text("id").into(),
        text("name").into(),
        text("kind").into(),
        text("version").into(),
        layout::since(since, now_ms).into(),
        text("address").into(),
        client["received"].to_string().into(),
        client["sent"].to_string().into(),
    ]
}
