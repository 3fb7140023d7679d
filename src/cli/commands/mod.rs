//! The one table of commands: parser, help and completions all get it from here.
//!
//! A new command is one file in the folder of its subject, which declares its row (`SPEC`), the
//! value it is parsed into and what running it does, and two lines here: the file and the row.

pub(crate) mod about {
    //! The program itself.
    pub(crate) mod complete;
    pub(crate) mod completions;
    pub(crate) mod help;
    pub(crate) mod man;
    pub(crate) mod version;
}

pub(crate) mod agents {
    //! Those who answer.
    pub(crate) mod agent;
}

pub(crate) mod channels {
    //! The channels to services, who may write on them, who answers, and who is told by HTTP.
    pub(crate) mod agents;
    pub(crate) mod integrations;
    pub(crate) mod pairing;
    pub(crate) mod pause;
    pub(crate) mod resume;
    pub(crate) mod webhooks;
}

pub(crate) mod gateway {
    //! The gateway as its clients see it: actions, events, clients, the page.
    pub(crate) mod call;
    pub(crate) mod clients;
    #[cfg(feature = "nats")]
    pub(crate) mod cluster;
    pub(crate) mod dashboard;
    pub(crate) mod events;
    pub(crate) mod mcp;
    pub(crate) mod schema;
}

pub(crate) mod health {
    //! How the daemon is, and what is wrong.
    #[cfg(feature = "nats")]
    pub(super) mod clustered;
    pub(crate) mod doctor;
    pub(crate) mod logs;
    pub(crate) mod ping;
    pub(crate) mod status;
    pub(crate) mod store;
}

pub(crate) mod keeping {
    //! What is kept: forgotten, backed up, handed out, taken over.
    pub(crate) mod backup;
    pub(crate) mod export;
    pub(crate) mod forget;
    pub(crate) mod import;
    pub(crate) mod purge;
    pub(crate) mod restore;
}

pub(crate) mod lifecycle {
    //! Setting the daemon up, starting and stopping it.
    pub(crate) mod daemon;
    pub(crate) mod install;
    pub(crate) mod onboard;
    pub(crate) mod restart;
    pub(crate) mod start;
    pub(crate) mod stop;
    pub(crate) mod uninstall;
    pub(crate) mod update;
}

pub(crate) mod messages {
    //! Messages: those to send, those that wait, those that are stored.
    pub(crate) mod chat;
    pub(crate) mod conversations;
    pub(crate) mod destination;
    mod file_to_send;
    pub(crate) mod history;
    mod keeping;
    mod later;
    pub(crate) mod media;
    pub(crate) mod message;
    pub(crate) mod outbox;
    mod page;
    pub(crate) mod progress;
    pub(crate) mod recipient;
    pub(crate) mod schedule;
    pub(crate) mod send;
    mod waiting_line;
}

pub(crate) mod settings {
    //! `.env`, the token in it, and the keys of other clients.
    pub(crate) mod config;
    pub(crate) mod keys;
    mod places;
    pub(crate) mod reload;
    pub(crate) mod token;
}

pub(super) use self::about::{
    help::{HelpCommand, MissingCommand},
    version::ShortVersionCommand,
};
use super::parser::CommandTable;

/// Every command, in the order of help.
pub(super) const COMMANDS: CommandTable = &[
    &lifecycle::onboard::SPEC,
    &lifecycle::install::SPEC,
    &lifecycle::uninstall::SPEC,
    &lifecycle::start::SPEC,
    &lifecycle::stop::SPEC,
    &lifecycle::restart::SPEC,
    &lifecycle::update::SPEC,
    &lifecycle::daemon::SPEC,
    &gateway::dashboard::SPEC,
    &health::status::SPEC,
    &health::ping::SPEC,
    &messages::send::SPEC,
    &messages::message::SPEC,
    &messages::history::SPEC,
    &messages::conversations::SPEC,
    &messages::media::SPEC,
    &gateway::events::SPEC,
    &messages::chat::SPEC,
    &gateway::call::SPEC,
    &gateway::schema::SPEC,
    &gateway::clients::SPEC,
    &gateway::mcp::SPEC,
    #[cfg(feature = "nats")]
    &gateway::cluster::SPEC,
    &channels::integrations::SPEC,
    &channels::agents::SPEC,
    &agents::agent::SPEC,
    &messages::outbox::SPEC,
    &messages::schedule::SPEC,
    &channels::pause::SPEC,
    &channels::resume::SPEC,
    &channels::pairing::SPEC,
    &channels::webhooks::SPEC,
    &keeping::backup::SPEC,
    &keeping::restore::SPEC,
    &keeping::export::SPEC,
    &keeping::import::SPEC,
    &keeping::forget::SPEC,
    &keeping::purge::SPEC,
    &health::logs::SPEC,
    &settings::config::SPEC,
    &settings::token::SPEC,
    &settings::keys::SPEC,
    &settings::reload::SPEC,
    &health::doctor::SPEC,
    &health::store::SPEC,
    &about::completions::SPEC,
    &about::complete::SPEC,
    &about::man::SPEC,
    &about::version::SPEC,
    &about::help::SPEC,
];

#[cfg(test)]
mod tests {
    use std::{collections::HashSet, fs, path::Path};

    use super::*;
    use crate::cli::parser::{COMMON_OPTIONS, OptionSpec};

    #[test]
    fn names_and_letters_are_unique_in_every_command() {
        let names: HashSet<_> = COMMANDS.iter().map(|spec| spec.name).collect();
        assert_eq!(names.len(), COMMANDS.len());
        for spec in COMMANDS {
            let all = || spec.options.iter().chain(COMMON_OPTIONS);
            let names: Vec<_> = all().flat_map(OptionSpec::names).collect();
            let letters: Vec<_> = all().filter_map(|option| option.short).collect();
            let distinct: HashSet<_> = names.iter().collect();
            assert_eq!(distinct.len(), names.len(), "{}", spec.name);
            let distinct: HashSet<_> = letters.iter().collect();
            assert_eq!(distinct.len(), letters.len(), "{}", spec.name);
        }
    }

    /// How many files below this folder declare a row.
    fn rows_below(folder: &Path) -> usize {
        let entries = fs::read_dir(folder).expect("a folder of ours");
        let paths = entries.map(|entry| entry.expect("an entry").path());
        let rows = paths.map(|path| {
            if path.is_dir() {
                return rows_below(&path);
            }
            let text = fs::read_to_string(&path).expect("a file of ours");
            usize::from(text.contains("\npub(crate) const SPEC: CommandSpec"))
        });
        rows.sum()
    }

    #[test]
    fn every_file_of_a_command_is_in_the_table() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cli/commands");
        // `cluster` is only in a build with the feature `nats`.
        let left_out = usize::from(!cfg!(feature = "nats"));
        assert_eq!(rows_below(&folder), COMMANDS.len() + left_out);
    }
}
