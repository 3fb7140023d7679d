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
    config::{self, Setting, Source, is_secret, keys},
    error::{Error, Result},
};

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
    let specs: Vec<Vec<Cell>> = settings.iter().map(spec).collect();
    context.terminal.columns(&specs)?;
    let file = context.places()?.env_file;
    context
        .terminal
        .note(format!("the file: {}", file.display()));
    Ok(())
}

/// What was changed stands out, what was not is dim.
fn spec(one: &Setting) -> Vec<Cell> {
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

/// Everything that is set, secrets in full only where that was asked for.
fn settings(show_secrets: bool, context: &Context<'_>) -> Result<Vec<Setting>> {
    let overrides = context.overrides();
    let lookup = config::look_up(&overrides, context.environment)?;
    let mut settings = config::explain(&overrides, context.environment)?;
    for setting in settings.iter_mut().filter(|one| one.secret && show_secrets) {
        if let Some(full) = lookup.get(&setting.key) {
            full.clone_into(&mut setting.value);
        }
    }
    Ok(settings)
}

pub(super) fn get(key: &str, options: &Options, context: &mut Context<'_>) -> Result<()> {
    let settings = settings(true, context)?;
    let known = settings.into_iter().find(|setting| setting.key == key);
    let (value, source) = value_of(key, known.as_ref(), context)?
        .ok_or_else(|| Error::Failed(format!("{key} is not set")))?;
    let is_secret = known.map_or_else(|| is_secret(key), |setting| setting.secret);
    if is_secret && !options.show_secrets {
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

/// A secret that nobody set has no value; what stands in no table and no file may still be set in the
/// environment.
fn value_of(
    key: &str,
    known: Option<&Setting>,
    context: &Context<'_>,
) -> Result<Option<(String, Source)>> {
    match known {
        Some(setting) if setting.secret && setting.source == Source::Default => Ok(None),
        Some(setting) => Ok(Some((setting.value.clone(), setting.source))),
        None if key.starts_with(keys::PREFIX) => keys::validate(key, "").map(|()| None),
        None => {
            let lookup = config::look_up(&context.overrides(), context.environment)?;
            let found = lookup.find(key);
            Ok(found.map(|(value, source)| (value.to_owned(), source)))
        }
    }
}
