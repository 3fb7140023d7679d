//! The options of every command: how they are written, and where their values go.

use std::ffi::OsString;

use super::{
    option::{OptionSpec, Takes, option, switch},
    usage::unicode,
};
use crate::{
    cli::common_options::CommonOptions,
    config::keys,
    error::{Error, Result},
};

/// The options of all commands.
pub(crate) const COMMON_OPTIONS: &[OptionSpec] = &[
    option("home", Takes::Folder, "Folder of .env, messages and logs"),
    option(
        "env-file",
        Takes::File,
        "Read this .env instead of the one in the home folder",
    ),
    option("host", Takes::Text("HOST"), "Address of the gateway"),
    option("port", Takes::Text("PORT"), "Its port"),
    option(
        "token",
        Takes::Text("TOKEN"),
        "The token; others can see it in the list of processes",
    ),
    option(
        "set",
        Takes::Text("KEY=VALUE"),
        "Overrule a setting of .env for this run",
    ),
    switch("no-color", "Never print colours"),
    switch("utc", "Show times in UTC, not by the clock of this place"),
    switch("help", "Print help").short('h'),
    switch("version", "Print the version").short('V'),
];

/// Stores the value of one of these options, or returns it if the option is a command's own.
pub(super) fn keep(
    common: &mut CommonOptions,
    name: &str,
    value: OsString,
) -> Result<Option<OsString>> {
    match name {
        // A path may be any bytes, so it never becomes text.
        "home" => common.set_home(value.into()),
        "env-file" => common.set_env_file(value.into()),
        "no-color" => common.no_color = true,
        "utc" => common.utc = true,
        "host" => common.host = Some(unicode(value)?),
        "port" => common.set(keys::PORT, unicode(value)?),
        "token" => common.set(keys::TOKEN, unicode(value)?),
        "set" => keep_setting(common, &unicode(value)?)?,
        _ => return Ok(Some(value)),
    }
    Ok(None)
}

fn keep_setting(common: &mut CommonOptions, text: &str) -> Result<()> {
    let wrong = || Error::Usage(format!("--set is {text:?}; expected KEY=VALUE"));
    let (key, value) = text.split_once('=').ok_or_else(wrong)?;
    keys::validate(key, value)?;
    common.set(key, value.to_owned());
    Ok(())
}
