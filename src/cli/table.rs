//! The one table of commands and options: `--help`, the completions and the parser all read it.
//!
//! A new command is a row here, a variant of `Command` and a file.

use super::{
    call, chat, clients, completions, config, conversations, daemon, dashboard, doctor, events,
    help, history, install, integrations, logs, onboard, outbox, pairing, ping, reload,
    row::{Opt, Row, Takes, option, switch},
    send, start, status, stop, token,
};

/// Every command, in the order of help.
pub(super) const ROWS: &[&Row] = &[
    &onboard::ROW,
    &install::ROW,
    &install::UNINSTALL_ROW,
    &start::ROW,
    &stop::ROW,
    &start::RESTART_ROW,
    &daemon::ROW,
    &dashboard::ROW,
    &status::ROW,
    &ping::ROW,
    &send::ROW,
    &send::MESSAGE_ROW,
    &history::ROW,
    &conversations::ROW,
    &events::ROW,
    &chat::ROW,
    &call::ROW,
    &clients::ROW,
    &integrations::ROW,
    &outbox::ROW,
    &pairing::ROW,
    &logs::ROW,
    &config::ROW,
    &token::ROW,
    &reload::ROW,
    &doctor::ROW,
    &completions::ROW,
    &help::ROW,
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
pub(super) fn find(name: &str) -> Option<&'static Row> {
    ROWS.iter().copied().find(|row| row.name == name)
}

/// The names of all commands.
pub(super) fn names() -> Vec<&'static str> {
    ROWS.iter().map(|row| row.name).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn names_and_letters_are_unique_in_every_command() {
        let names: HashSet<_> = ROWS.iter().map(|row| row.name).collect();
        assert_eq!(names.len(), ROWS.len());
        for row in ROWS {
            let all = || row.options.iter().chain(EVERYWHERE);
            let names: Vec<_> = all()
                .flat_map(|o| [Some(o.name), o.alias])
                .flatten()
                .collect();
            let letters: Vec<_> = all().filter_map(|o| o.short).collect();
            let distinct: HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{}", row.name);
            let distinct: HashSet<_> = letters.iter().collect();
            assert_eq!(distinct.len(), letters.len(), "{}", row.name);
        }
    }
}
