//! Edits of `.env`, one key at a time, and the notes on how an edit takes effect.

use crate::{
    cli::context::Context,
    config::{
        self, Lookup,
        agents::{AGENT, AGENT_ROUTES, AgentSettings, IN_THE_BOX, nearest_in_the_box},
        dotenv, edit, keys,
    },
    error::Result,
};

pub(super) fn set(key: &str, value: &str, force: bool, context: &mut Context<'_>) -> Result<()> {
    if !force {
        keys::expect_known(key)?;
    }
    keys::validate(key, value)?;
    expect_loadable(key, value, context)?;
    let file = context.places()?.env_file;
    dotenv::edit_file(&file, |document| document.set(key, value))?;
    context
        .terminal
        .line(format!("{key} is set in {}", file.display()))?;
    aftermath(key, context);
    Ok(())
}

/// Refuses what the daemon and every command would refuse from then on, such as a token that is easily guessed: unless
/// the settings cannot be loaded now either, since several edits may mend that.
fn expect_loadable(key: &str, value: &str, context: &Context<'_>) -> Result<()> {
    let (overrides, environment) = (context.overrides(), context.environment);
    let change = edit::Change::set(key, value);
    match edit::with(&overrides, environment, &[change]) {
        Err(error) if config::load(&overrides, environment).is_ok() => Err(error),
        _ => Ok(()),
    }
}

pub(super) fn unset(key: &str, context: &mut Context<'_>) -> Result<()> {
    let file = context.places()?.env_file;
    let was_there = dotenv::edit_file(&file, |document| document.unset(key))?;
    let shown = file.display();
    if !was_there {
        return context
            .terminal
            .line(format!("{key} was not set in {shown}"));
    }
    context
        .terminal
        .line(format!("{key} is removed from {shown}"))?;
    aftermath(key, context);
    Ok(())
}

/// Notes after an edit: how it takes effect, or what keeps it from doing so.
fn aftermath(key: &str, context: &mut Context<'_>) {
    if context
        .environment
        .get(key)
        .is_some_and(|value| !value.is_empty())
    {
        let note = format!("but the environment sets {key} too, and overrules .env");
        context.terminal.note(note);
    }
    let overrides = context.overrides();
    match config::load(&overrides, context.environment) {
        Ok(loaded) => {
            for note in strangers(key, &loaded.lookup) {
                context.terminal.note(note);
            }
            context.terminal.note("apply it with: cleudocodebot reload");
        }
        Err(error) => context
            .terminal
            .note(format!("but the settings are not right yet: {error}")),
    }
}

/// What is said of those who answer from now on and are no agents in the box: any name may be that of a client.
fn strangers(key: &str, lookup: &Lookup) -> Vec<String> {
    if ![AGENT, AGENT_ROUTES].contains(&key) {
        return Vec::new();
    }
    let settings = AgentSettings::read(lookup);
    let strangers = settings.named().filter(|name| !IN_THE_BOX.contains(name));
    let told = strangers.map(|name| match nearest_in_the_box(name) {
        Some(meant) => format!("{name} is no agent in the box; did you mean {meant}?"),
        None => format!(
            "{name} is no agent in the box ({}): it answers while a client of that name is connected",
            IN_THE_BOX.join(", ")
        ),
    });
    told.collect()
}
