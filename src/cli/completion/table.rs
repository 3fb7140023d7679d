//! The words that are known without a daemon: commands, options, settings, actions, events.

use super::{Candidate, WordKind, line::Proposal};
use crate::{
    cli::parser::{COMMON_OPTIONS, CommandSpec, CommandTable, OptionSpec},
    config::keys,
    protocol::{
        describe::{ACTIONS, EVENTS},
        role::Role,
    },
};

/// The words that a place in the usage admits, where they need not be asked for.
pub(crate) fn known(proposal: Proposal, commands: CommandTable) -> Vec<Candidate> {
    match proposal {
        Proposal::Word(word) => vec![Candidate::new(word, "")],
        Proposal::Kind(kind) => of_kind(kind, commands),
    }
}

fn of_kind(kind: WordKind, all: CommandTable) -> Vec<Candidate> {
    match kind {
        WordKind::Command => commands(all),
        WordKind::ConfigKey => keys::all()
            .map(|key| Candidate::new(key.name, key.doc))
            .collect(),
        WordKind::Setting => {
            let setting = |key: &keys::Key| Candidate::new(format!("{}=", key.name), key.doc);
            keys::all().map(setting).collect()
        }
        WordKind::Action => {
            let named = ACTIONS.iter();
            named
                .map(|one| Candidate::new(one.name, one.summary))
                .collect()
        }
        WordKind::Event => EVENTS
            .iter()
            .map(|one| Candidate::new(one.name, one.summary))
            .collect(),
        WordKind::Role => Role::ALL
            .iter()
            .map(|role| Candidate::new(role.as_str(), ""))
            .collect(),
        _ => Vec::new(),
    }
}

/// The commands that people call.
pub(crate) fn commands(all: CommandTable) -> Vec<Candidate> {
    let listed = all.iter().filter(|spec| !spec.is_hidden());
    listed
        .map(|spec| Candidate::new(spec.name, spec.summary))
        .collect()
}

/// The options of a command and of all, long ones first.
pub(crate) fn options(spec: Option<&CommandSpec>) -> Vec<Candidate> {
    let own = spec.map_or(&[][..], |spec| spec.options);
    let all = || own.iter().chain(COMMON_OPTIONS);
    let long = |option: &'static OptionSpec| {
        option
            .names()
            .map(move |name| (format!("--{name}"), option))
    };
    let short =
        |option: &'static OptionSpec| option.short.map(|letter| (format!("-{letter}"), option));
    let flags = all().flat_map(long).chain(all().filter_map(short));
    flags
        .map(|(flag, option)| Candidate::new(flag, option.summary))
        .collect()
}
