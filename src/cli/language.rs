//! The language that the user of the command line reads.

use crate::{
    cli::common_options::CommonOptions,
    config::{self, Environment, dotenv, keys},
    language::{Language, of_user},
};

/// The language of the setting, else that of the environment. Whatever is wrong with the settings, they
/// are explained in a language.
pub(crate) fn language(common: &CommonOptions, environment: &Environment) -> Language {
    let setting = setting(common, environment);
    let variable = |name: &str| environment.get(name).map(str::to_owned);
    of_user(setting.as_deref(), variable)
}

/// What the command line, the environment or `.env` sets, in this order. The whole settings are not
/// loaded, since one that is wrong would hide this one.
fn setting(common: &CommonOptions, environment: &Environment) -> Option<String> {
    let named = |(key, _): &&(String, String)| key == keys::LANGUAGE;
    let typed = common.overrides.settings.iter().rfind(named);
    let typed = typed.map(|(_, value)| value.as_str());
    let set = typed.or_else(|| environment.get(keys::LANGUAGE));
    set.filter(|value| !value.is_empty()).map_or_else(
        || in_file(common, environment),
        |value| Some(value.to_owned()),
    )
}

/// The value in `.env`. Where that cannot be parsed, that of a line which looks as if it set one.
fn in_file(common: &CommonOptions, environment: &Environment) -> Option<String> {
    let places = config::places(&common.overrides, environment).ok()?;
    if let Ok(document) = dotenv::read_file(&places.env_file) {
        return document?
            .get(keys::LANGUAGE)
            .filter(|text| !text.is_empty());
    }
    let text = dotenv::read_text(&places.env_file).ok()?;
    let mut lines = text.lines().filter_map(|line| line.split_once('='));
    let found = lines.find(|(key, _)| key.trim().trim_start_matches("export ") == keys::LANGUAGE);
    found.map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned())
}
