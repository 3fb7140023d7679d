//! Printing settings and where each was set.

use serde_json::json;

use crate::{
    cli::{
        context::Context,
        output::{Cell, TextStyle, printable},
    },
    config::{self, Setting, Source, is_secret, keys},
    error::{Error, Result},
};

/// How to print settings.
#[derive(Clone, Copy)]
pub(super) struct SettingsView {
    /// Secrets in full.
    pub show_secrets: bool,
    /// For scripts.
    pub json: bool,
}

impl SettingsView {
    /// Prints every setting.
    pub(super) fn show(self, context: &mut Context<'_>) -> Result<()> {
        let settings = settings(self.show_secrets, context)?;
        if self.json {
            return settings.iter().try_for_each(|one| {
                let (key, value, source) = (&one.key, &one.value, one.source.as_str());
                context
                    .terminal
                    .json(&json!({"key": key, "value": value, "source": source}))
            });
        }
        let rows: Vec<Vec<Cell>> = settings.iter().flat_map(rows).collect();
        context.terminal.columns(&rows)?;
        let file = context.places()?.env_file;
        context
            .terminal
            .note(format!("the file: {}", file.display()));
        Ok(())
    }

    /// Prints the value of one.
    pub(super) fn get(self, key: &str, context: &mut Context<'_>) -> Result<()> {
        let settings = settings(true, context)?;
        let known = settings.into_iter().find(|setting| setting.key == key);
        let (value, source) = value_of(key, known.as_ref(), context)?
            .ok_or_else(|| Error::Failed(format!("{key} is not set")))?;
        let is_secret = known.map_or_else(|| is_secret(key), |setting| setting.secret);
        if is_secret && !self.show_secrets {
            return Err(Error::Failed(format!(
                "{key} is a secret and not printed by mistake; add --show-secrets"
            )));
        }
        if self.json {
            let source = source.as_str();
            return context
                .terminal
                .json(&json!({"key": key, "value": value, "source": source}));
        }
        context.terminal.exact(&value)
    }
}

/// A setting, below its heading where it is the first there.
fn rows(one: &Setting) -> Vec<Vec<Cell>> {
    let heading = match one.doc {
        Some(_) => keys::heading(&one.key),
        None => None,
    };
    let heading = heading.map(|text| vec![Cell::word(TextStyle::Strong, text)]);
    let above = heading
        .into_iter()
        .flat_map(|heading| [vec!["".into()], heading]);
    above.chain([row(one)]).collect()
}

/// Changed settings are highlighted; defaults are dim.
fn row(one: &Setting) -> Vec<Cell> {
    let style = match one.source {
        Source::Default => TextStyle::Dim,
        _ => TextStyle::Strong,
    };
    vec![
        Cell::link(one.key.as_str()).with(style),
        printable(&one.value).into(),
        Cell::word(TextStyle::Dim, one.source.as_str()),
    ]
}

/// All settings, secrets in full only if that was asked for.
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

/// The value of a key and where it was set. A secret at its default has none; a key that is in no
/// table and no file may still be set in the environment.
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
