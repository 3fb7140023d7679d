//! The one table of commands and options: `--help`, the completions and the parser all read it.
//!
//! A new command is a row here, a variant of `Command` and a file.

use super::{
    call, chat, clients, completions, config, conversations, daemon, dashboard, doctor, events,
    help, history, install, integrations, logs, onboard, outbox, pairing, ping, reload, send,
    spec::{CommandSpec, Opt, Takes, option, switch},
    start, status, stop, token,
};

/// Every command, in the order of help.
pub(super) const SPECS: &[&CommandSpec] = &[
    &onboard::SPEC,
    &install::SPEC,
    &install::UNINSTALL_SPEC,
    &start::SPEC,
    &stop::SPEC,
    &start::RESTART_SPEC,
    &daemon::SPEC,
    &dashboard::SPEC,
    &status::SPEC,
    &ping::SPEC,
    &send::SPEC,
    &send::MESSAGE_SPEC,
    &history::SPEC,
    &conversations::SPEC,
    &events::SPEC,
    &chat::SPEC,
    &call::SPEC,
    &clients::SPEC,
    &integrations::SPEC,
    &outbox::SPEC,
    &pairing::SPEC,
    &logs::SPEC,
    &config::SPEC,
    &token::SPEC,
    &reload::SPEC,
    &doctor::SPEC,
    &completions::SPEC,
    &help::SPEC,
];

/// The options of all commands.
pub(super) const EVERYWHERE: &[Opt] = &[
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
    switch("help", "Print help").short('h'),
    switch("version", "Print the version").short('V'),
];

/// The row of a command.
pub(super) fn find(name: &str) -> Option<&'static CommandSpec> {
    SPECS.iter().copied().find(|spec| spec.name == name)
}

/// The names of all commands.
pub(super) fn names() -> Vec<&'static str> {
    SPECS.iter().map(|spec| spec.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_letters_are_unique_in_every_command() {
        let names: HashSet<_> = SPECS.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), SPECS.len());
        for spec in SPECS {
            let all = || spec.options.iter().chain(EVERYWHERE);
            let names: Vec<_> = all()
                .flat_map(|o| [Some(o.name), o.alias])
                .flatten()
                .collect();
            let letters: Vec<_> = all().filter_map(|o| o.short).collect();
            let distinct: HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{}", spec.name);
            let distinct: HashSet<_> = letters.iter().collect();
            assert_eq!(distinct.len(), letters.len(), "{}", spec.name);
        }
    }
}
