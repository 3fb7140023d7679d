//! Embeds (<https://docs.discord.com/developers/resources/message#embed-object>), components
//! (<https://docs.discord.com/developers/components/reference>) and what games invite to, in words.

use serde_json::Value;

use crate::message::text_at;

/// Texts that are taken from components, and how deep they may be in each other.
const MAX_TEXTS: usize = 64;
const DEEPEST: usize = 8;

/// Fields of components that hold words.
const WORDS: [&str; 4] = ["content", "label", "placeholder", "description"];

/// What a message says besides its text.
pub(super) fn words(message: &Value) -> Vec<String> {
    let embeds = message["embeds"].as_array().into_iter().flatten();
    // The others are what the service shows of links in the text.
    let rich = embeds.filter(|embed| embed["type"] == "rich" || embed.get("type").is_none());
    let mut all: Vec<String> = rich.map(embed).collect();
    let mut found = Vec::new();
    components(&message["components"], DEEPEST, &mut found);
    if !found.is_empty() {
        all.push(found.join("\n"));
    }
    if let Some(kind) = message["activity"]["type"].as_u64() {
        let app = text_at(&message["application"], "name").unwrap_or("an activity");
        let what = match kind {
            1 | 3 => "invites to",
            _ => "asks to be let into",
        };
        all.push(format!("[activity] {what} {app}"));
    }
    if let Some(colors) = message["shared_client_theme"]["colors"].as_array() {
        let colors: Vec<&str> = colors.iter().filter_map(Value::as_str).collect();
        all.push(format!("[theme] #{}", colors.join(" #")));
    }
    all
}

fn embed(embed: &Value) -> String {
    let mut lines = Vec::new();
    let mut say = |text: Option<&str>| lines.extend(text.map(str::to_owned));
    say(text_at(&embed["author"], "name"));
    say(text_at(embed, "title"));
    say(text_at(embed, "url"));
    say(text_at(embed, "description"));
    for field in embed["fields"].as_array().into_iter().flatten() {
        let (name, value) = (text_at(field, "name"), text_at(field, "value"));
        let both = [name, value].into_iter().flatten().collect::<Vec<_>>();
        lines.push(both.join(": "));
    }
    let mut say = |text: Option<&str>| lines.extend(text.map(str::to_owned));
    say(text_at(&embed["image"], "url"));
    say(text_at(&embed["footer"], "text"));
    lines.join("\n")
}

fn components(value: &Value, depth: usize, found: &mut Vec<String>) {
    let Some(inside) = depth.checked_sub(1) else {
        return;
    };
    match value {
        Value::Array(all) => all.iter().for_each(|one| components(one, inside, found)),
        Value::Object(fields) => {
            let words = WORDS.iter().filter_map(|name| text_at(value, name));
            found.extend(words.map(str::to_owned));
            let nested = ["components", "accessory", "component", "items", "options"];
            let nested = nested.iter().filter_map(|name| fields.get(*name));
            nested.for_each(|one| components(one, inside, found));
            found.truncate(MAX_TEXTS);
        }
        _ => {}
    }
}
