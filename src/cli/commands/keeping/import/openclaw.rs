//! `OpenClaw`: `openclaw.json` in its folder, JSON5 with variables, and the lists of those who were paired. Taken are the
//! tokens of bots and who may write; what links a phone by `WhatsApp` cannot be.
//!
//! Its shape: <https://docs.openclaw.ai/gateway/config-channels>, in the repository
//! docs/gateway/config-channels/personal-messaging.md and community-chat.md (commits 3e71b55 and 6e384eb), and
//! docs/channels/pairing.md for the lists.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{Found, python::settings_at, taking::Offer};
use crate::{
    config::{Environment, dotenv::Document},
    error::{Error, Result},
    json5,
    message::text_at,
};

/// Its file, and what earlier versions of it were called.
const FILES: [&str; 3] = ["openclaw.json", "clawdbot.json", "moltbot.json"];

/// Largest file that is read.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Bots of one service that we can have.
const MAX_BOTS: usize = 5;

/// A channel of both programs.
struct Shared {
    name: &'static str,
    /// The field of its token, and our key; none where there is no token.
    token: Option<(&'static str, &'static str)>,
    allowed: &'static str,
    /// What may stand before an entry of its allow-list.
    prefixes: &'static [&'static str],
}

const SHARED: [Shared; 3] = [
    Shared {
        name: "telegram",
        token: Some(("botToken", "TELEGRAM_BOT_TOKEN")),
        allowed: "TELEGRAM_ALLOW_FROM",
        prefixes: &["telegram:", "tg:"],
    },
    Shared {
        name: "discord",
        token: Some(("token", "DISCORD_BOT_TOKEN")),
        allowed: "DISCORD_ALLOW_FROM",
        prefixes: &["discord:", "user:"],
    },
    Shared {
        name: "whatsapp",
        token: None,
        allowed: "WHATSAPP_ALLOW_FROM",
        prefixes: &["whatsapp:", "+"],
    },
];

/// Reads its settings. Never quotes a value.
pub(super) fn find(path: &Path, environment: &Environment) -> Result<Found> {
    let file = file_at(path)?;
    let text = read(&file)?;
    let shown = file.display().to_string();
    let json = json5::parse(&text).map_err(|why| Error::Failed(format!("{shown}, {why}")))?;
    let folder = file.parent().unwrap_or(Path::new("."));
    let variables = settings_at(&folder.join(".env"))?.unwrap_or_default();
    let settings = Settings {
        json,
        variables,
        environment,
        folder: folder.to_owned(),
        shown,
    };
    Ok(settings.find())
}

fn file_at(path: &Path) -> Result<PathBuf> {
    if !path.is_dir() {
        return Ok(path.to_owned());
    }
    let mut files = FILES.iter().map(|name| path.join(name));
    files.find(|file| file.is_file()).ok_or_else(|| {
        let text = format!("there is no openclaw.json in {}", path.display());
        Error::Failed(text)
    })
}

fn read(path: &Path) -> Result<String> {
    let about = fs::metadata(path).map_err(Error::file("read the file", path))?;
    if about.len() > MAX_BYTES || !about.is_file() {
        let text = format!("{} is no file of settings", path.display());
        return Err(Error::Failed(text));
    }
    fs::read_to_string(path).map_err(Error::file("read the file", path))
}

struct Settings<'e> {
    json: Value,
    variables: Document,
    environment: &'e Environment,
    folder: PathBuf,
    shown: String,
}

impl Settings<'_> {
    fn find(&self) -> Found {
        let mut found = Found::default();
        for channel in &SHARED {
            // Before 2026 channels stood at the top.
            let of_channels = self.json["channels"].get(channel.name);
            if let Some(settings) = of_channels.or_else(|| self.json.get(channel.name)) {
                self.channel(channel, settings, &mut found);
            }
        }
        let others = self.json["channels"].as_object().into_iter().flatten();
        let is_other = |name: &&String| {
            !SHARED.iter().any(|one| one.name == *name)
                && *name != "defaults"
                && *name != "modelByChannel"
        };
        for name in others.map(|(name, _)| name).filter(is_other) {
            found.notes.push(format!("there is no channel {name} here"));
        }
        // What a channel said counts before what only a variable says.
        let place = self.folder.join(".env").display().to_string();
        if let Err(error) = found.take_known(&self.variables, &place) {
            found.notes.push(error.to_string());
        }
        found
    }

    fn channel(&self, channel: &Shared, settings: &Value, found: &mut Found) {
        let place = format!("{} {}", self.shown, channel.name);
        if settings["enabled"] == false {
            found
                .notes
                .push(format!("{} is switched off there", channel.name));
        }
        let accounts = accounts(settings);
        if let Some((field, key)) = channel.token {
            let all = std::iter::once(settings).chain(accounts.iter().copied());
            let mut tokens: Vec<String> = Vec::new();
            for account in all {
                match self.token(account, field) {
                    Ok(Some(token)) if !tokens.contains(&token) => tokens.push(token),
                    Ok(_) => {}
                    Err(why) => found.notes.push(format!("{}: {why}", channel.name)),
                }
            }
            if tokens.len() > MAX_BOTS {
                let text = format!("{}: only {MAX_BOTS} bots can be taken", channel.name);
                found.notes.push(text);
            }
            for (at, token) in tokens.iter().take(MAX_BOTS).enumerate() {
                let key = match at {
                    0 => key.to_owned(),
                    at => format!("{key}_{}", at + 1),
                };
                found.offers.push(Offer::new(&key, token, &place));
            }
        } else {
            let text = format!(
                "{} has to be linked anew: cleudocodebot integrations connect {}",
                channel.name, channel.name
            );
            found.notes.push(text);
        }
        let allowed = self.allowed(channel, settings, &accounts, found);
        if !allowed.is_empty() {
            found
                .offers
                .push(Offer::new(channel.allowed, &allowed.join(","), &place));
        }
    }

    /// A token: written, in a variable, or in a file of its own.
    fn token(&self, account: &Value, field: &str) -> std::result::Result<Option<String>, String> {
        match &account[field] {
            Value::String(text) if !text.trim().is_empty() => self.expanded(text).map(Some),
            // A reference to a secret: only one to a variable can be followed.
            Value::Object(reference) => match (reference.get("source"), reference.get("id")) {
                (Some(Value::String(source)), Some(Value::String(name))) if source == "env" => {
                    self.variable(name).map(Some)
                }
                _ => Err(format!(
                    "{field} is kept elsewhere and has to be set by hand"
                )),
            },
            _ => match text_at(account, "tokenFile") {
                Some(file) => {
                    let path = self.folder.join(self.expanded(file)?);
                    let text = fs::read_to_string(&path);
                    let text =
                        text.map_err(|error| format!("cannot read {}: {error}", path.display()))?;
                    Ok(Some(text.trim().to_owned()))
                }
                None => Ok(None),
            },
        }
    }

    /// A text with its variables, `${NAME}`.
    fn expanded(&self, text: &str) -> std::result::Result<String, String> {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, behind)) = rest.split_once("${") {
            let Some((name, behind)) = behind.split_once('}') else {
                break;
            };
            out.push_str(before);
            out.push_str(&self.variable(name)?);
            rest = behind;
        }
        out.push_str(rest);
        Ok(out)
    }

    fn variable(&self, name: &str) -> std::result::Result<String, String> {
        let of_json =
            text_at(&self.json["env"], name).or_else(|| text_at(&self.json["env"]["vars"], name));
        let written = self
            .variables
            .get(name)
            .or_else(|| of_json.map(str::to_owned));
        let value = written.or_else(|| self.environment.get(name).map(str::to_owned));
        value
            .filter(|value| !value.is_empty())
            .ok_or_else(|| format!("the variable {name} is not set"))
    }

    /// Who may write: those listed, and those who were paired.
    fn allowed(
        &self,
        channel: &Shared,
        settings: &Value,
        accounts: &[&Value],
        found: &mut Found,
    ) -> Vec<String> {
        let mut lists = vec![&settings["allowFrom"], &settings["dm"]["allowFrom"]];
        lists.extend(accounts.iter().map(|account| &account["allowFrom"]));
        let paired = self.paired(channel.name);
        lists.push(&paired);
        let is_open = settings["dmPolicy"] == "open";
        let mut allowed: Vec<String> = Vec::new();
        for entry in lists.into_iter().filter_map(Value::as_array).flatten() {
            let text = match entry {
                Value::String(text) => text.trim().to_owned(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if text == "*" && !is_open {
                let text = format!(
                    "{}: * was left out, since only an open channel lets all in",
                    channel.name
                );
                found.notes.push(text);
                continue;
            }
            let plain = channel.prefixes.iter().fold(text.as_str(), |text, prefix| {
                text.strip_prefix(prefix).unwrap_or(text)
            });
            if !plain.is_empty() && !plain.contains(',') && !allowed.iter().any(|one| one == plain)
            {
                allowed.push(plain.to_owned());
            }
        }
        allowed
    }

    /// The list of those who were paired: `credentials/CHANNEL-allowFrom.json`, one more for each account.
    fn paired(&self, channel: &str) -> Value {
        let folder = self.folder.join("credentials");
        let entries = fs::read_dir(folder).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
        files.retain(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            name.starts_with(&format!("{channel}-")) && name.ends_with("allowFrom.json")
        });
        files.sort();
        let lists = files.iter().filter_map(|path| {
            let json: Value = serde_json::from_str(&read(path).ok()?).ok()?;
            json["allowFrom"].as_array().or(json.as_array()).cloned()
        });
        lists.flatten().collect()
    }
}

/// The accounts of a channel, the default one first.
fn accounts(settings: &Value) -> Vec<&Value> {
    let all: BTreeMap<_, _> = settings["accounts"]
        .as_object()
        .into_iter()
        .flatten()
        .collect();
    let default = text_at(settings, "defaultAccount").unwrap_or("default");
    let (first, others): (Vec<_>, Vec<_>) = all.into_iter().partition(|(name, _)| *name == default);
    first
        .into_iter()
        .chain(others)
        .map(|(_, account)| account)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, variables: &str) -> Found {
        let environment = Environment::from_pairs([("OF_PROCESS", "9:process")]);
        let settings = Settings {
            json: json5::parse(text).expect("JSON5"),
            variables: Document::parse(variables).expect("parsed"),
            environment: &environment,
            folder: PathBuf::from("/nonexistent"),
            shown: "openclaw.json".to_owned(),
        };
        settings.find()
    }

    fn pairs(found: &Found) -> Vec<(&str, &str)> {
        found
            .offers
            .iter()
            .map(|one| (one.key.as_str(), one.value.as_str()))
            .collect()
    }

    #[test]
    fn bots_and_who_may_write_are_found() {
        let found = found(
            "{ // mine\n channels: { telegram: { enabled: true, botToken: '1:first', dmPolicy: 'pairing',\n\
               allowFrom: ['tg:42', 43, '42', '*'], accounts: { work: { botToken: \"${WORK}\", allowFrom: ['44'] },\n\
               default: { botToken: '${OF_PROCESS}' } } },\n\
               discord: { token: 'secret-of-discord', dm: { allowFrom: ['user:99'] } },\n\
               whatsapp: { allowFrom: ['+5511987654321'], },\n signal: {}, defaults: {} } }",
            "WORK=2:work\nOPENAI_API_KEY=sk-x\nOTHER=1\n",
        );
        assert_eq!(
            pairs(&found),
            [
                ("TELEGRAM_BOT_TOKEN", "1:first"),
                ("TELEGRAM_BOT_TOKEN_2", "9:process"),
                ("TELEGRAM_BOT_TOKEN_3", "2:work"),
                ("TELEGRAM_ALLOW_FROM", "42,43,44"),
                ("DISCORD_BOT_TOKEN", "secret-of-discord"),
                ("DISCORD_ALLOW_FROM", "99"),
                ("WHATSAPP_ALLOW_FROM", "5511987654321"),
                ("OPENAI_API_KEY", "sk-x"),
            ]
        );
        let notes = found.notes.join("\n");
        for part in ["* was left out", "no channel signal", "linked anew"] {
            assert!(notes.contains(part), "{part} in {notes}");
        }
    }

    #[test]
    fn an_open_channel_stays_open_and_what_is_kept_elsewhere_is_told() {
        let found = found(
            "{channels: {telegram: {botToken: {source: 'exec', id: 'x'}, dmPolicy: 'open', allowFrom: ['*']},\n\
              discord: {token: '${NOWHERE}', enabled: false}}}",
            "",
        );
        assert_eq!(pairs(&found), [("TELEGRAM_ALLOW_FROM", "*")]);
        let notes = found.notes.join("\n");
        for part in ["by hand", "NOWHERE is not set", "switched off"] {
            assert!(notes.contains(part), "{part} in {notes}");
        }
    }

    #[test]
    fn settings_of_other_shapes_are_no_panic() {
        for text in [
            "[]",
            "1",
            "{channels: 1}",
            "{channels: {telegram: []}}",
            "{channels: {telegram: {allowFrom: {}}}}",
        ] {
            assert_eq!(found(text, "").offers, [], "{text}");
        }
    }
}
