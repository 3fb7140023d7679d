//! What the settings are and who set them.

use serde_json::json;

use super::{
    super::{
        context::Context,
        layout::{Cell, Style, printable},
    },
    Options,
};
use crate::{
    config::{self, Lookup, Source, dotenv, is_secret, keys, mask},
    error::{Error, Result},
};

/// One line of `show`.
struct Shown {
    key: String,
    value: String,
    source: Source,
}

pub(super) fn show(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let settings = settings(options.show_secrets, context)?;
    if options.json {
        return settings.iter().try_for_each(|one| {
            let (key, value, source) = (&one.key, &one.value, one.source.as_str());
            context
                .terminal
                .json(&json!({"key": key, "value": value, "source": source}))
        });
    }
    let rows: Vec<Vec<Cell>> = settings.iter().map(row).collect();
    context.terminal.columns(&rows)?;
    let file = context.places()?.env_file;
    context
        .terminal
        .note(format!("the file: {}", file.display()));
    Ok(())
}

/// What was changed stands out, what was not is dim.
fn row(one: &Shown) -> Vec<Cell> {
    let style = match one.source {
        Source::Default => Style::Dim,
        _ => Style::Strong,
    };
    vec![
        Cell::styled(style, one.key.as_str()),
        printable(&one.value).into(),
        Cell::styled(Style::Dim, one.source.as_str()),
    ]
}

/// Our own settings in the order of their table, then what else stands in the file.
fn settings(show_secrets: bool, context: &Context<'_>) -> Result<Vec<Shown>> {
    let overrides = context.overrides();
    let lookup = config::look_up(&overrides, context.environment)?;
    let ours = config::explain(&overrides, context.environment)?.into_iter();
    let ours = ours.map(|setting| {
        let full = lookup
            .get(setting.key)
            .filter(|_| setting.secret && show_secrets);
        Shown {
            key: setting.key.to_owned(),
            value: full.map_or(setting.value, str::to_owned),
            source: setting.source,
        }
    });
    let foreign = foreign(context)?.into_iter().filter_map(|key| {
        let (value, source) = lookup.find(&key)?;
        let hidden = is_secret(&key) && !show_secrets;
        let value = if hidden {
            mask(value)
        } else {
            value.to_owned()
        };
        Some(Shown { key, value, source })
    });
    Ok(ours.chain(foreign).collect())
}

/// Keys of the file that are not in our table: those of integrations.
fn foreign(context: &Context<'_>) -> Result<Vec<String>> {
    let file = dotenv::read_file(&context.places()?.env_file)?.unwrap_or_default();
    let values = file.values(&|_| None);
    let keys = values.into_iter().flatten().map(|(key, _)| key);
    Ok(keys.filter(|key| keys::find(key).is_none()).collect())
}

pub(super) fn get(key: &str, options: &Options, context: &mut Context<'_>) -> Result<()> {
    let (value, source) = value_of(key, context)?;
    if is_secret(key) && !options.show_secrets {
        return Err(Error::Failed(format!(
            "{key} is a secret and not printed by mistake; add --show-secrets"
        )));
    }
    if options.json {
        let source = source.as_str();
        return context
            .terminal
            .json(&json!({"key": key, "value": value, "source": source}));
    }
    context.terminal.line(value)
}

fn value_of(key: &str, context: &Context<'_>) -> Result<(String, Source)> {
    let overrides = context.overrides();
    let lookup = config::look_up(&overrides, context.environment)?;
    let secret = |lookup: &Lookup| {
        let found = lookup
            .find(key)
            .map(|(value, source)| (value.to_owned(), source));
        found.ok_or_else(|| Error::Failed(format!("{key} is not set")))
    };
    let settings = config::explain(&overrides, context.environment)?;
    match settings.into_iter().find(|setting| setting.key == key) {
        Some(setting) if !setting.secret => Ok((setting.value, setting.source)),
        None if key.starts_with(keys::PREFIX) => Err(keys::validate(key, "")
            .err()
            .unwrap_or(Error::Failed(format!("{key} is not set")))),
        _ => secret(&lookup),
    }
}
