//! Reads a line that is not finished: what kind of word is wanted at its end.

use std::ffi::OsString;

use super::{
    WordKind,
    usage::{self, Slot},
};
use crate::cli::{
    common_options::CommonOptions,
    parser::{COMMON_OPTIONS, CommandSpec, CommandTable, OptionSpec, Takes, keep},
};

/// What may come next.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Wanted {
    /// The name of a command.
    Command,
    /// An option of this command, or of all.
    Option(Option<&'static CommandSpec>),
    /// A file.
    File,
    /// A folder.
    Folder,
    /// One of several places of the usage: words, or kinds of them.
    Words(Vec<Proposal>),
}

/// What a word may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proposal {
    /// This one.
    Word(&'static str),
    /// One of this kind.
    Kind(WordKind),
}

/// A line that was read.
#[derive(Debug)]
pub(crate) struct CommandLine {
    /// What comes next.
    pub wanted: Wanted,
    /// The word under the cursor, as far as it is there.
    pub begun: String,
    /// What stands before it in the same word and is to stay: `--to=`.
    pub before: String,
    /// Where the gateway is, and its home.
    pub common: CommonOptions,
    /// The channel that is on the line already.
    pub channel: Option<String>,
    /// The person that is on the line already.
    pub peer: Option<String>,
}

/// The words of a line before the one under the cursor.
#[derive(Default)]
struct Reader {
    commands: CommandTable,
    common: CommonOptions,
    spec: Option<&'static CommandSpec>,
    words: Vec<String>,
    /// The option whose value comes next.
    pending: Option<&'static OptionSpec>,
    /// Behind `--`, where nothing is an option.
    is_verbatim: bool,
    channel: Option<String>,
    peer: Option<String>,
}

/// Reads the words of a line, of which the last is under the cursor.
pub(crate) fn read(words: &[String], commands: CommandTable) -> CommandLine {
    let mut reader = Reader {
        commands,
        ..Reader::default()
    };
    let (begun, before) = match words.split_last() {
        Some((begun, before)) => (begun.as_str(), before),
        None => ("", &[][..]),
    };
    // Bash takes `--to=ana` apart at the sign.
    let before = before.iter().filter(|word| *word != "=");
    before.for_each(|word| reader.take(word));
    reader.finish(if begun == "=" { "" } else { begun })
}

impl Reader {
    fn options(&self) -> impl Iterator<Item = &'static OptionSpec> + use<> {
        let own = self.spec.map_or(&[][..], |spec| spec.options);
        own.iter().chain(COMMON_OPTIONS)
    }

    fn take(&mut self, word: &str) {
        if let Some(option) = self.pending.take() {
            self.keep(option, word);
        } else if self.is_verbatim || !word.starts_with('-') || word == "-" {
            self.plain(word);
        } else if word == "--" {
            self.is_verbatim = true;
        } else if let Some((option, value)) = self.assigned(word) {
            self.keep(option, value);
        } else {
            self.pending = self.option(word).filter(|it| it.takes != Takes::Nothing);
        }
    }

    fn plain(&mut self, word: &str) {
        if self.spec.is_none() {
            let named = self.commands.iter().find(|spec| spec.name == word);
            self.spec = named.copied();
            return;
        }
        let slots = self.slots();
        let is = |label: &str| {
            slots
                .iter()
                .any(|slot| matches!(slot, Slot::Label(own) if *own == label))
        };
        if is("CHANNEL") {
            self.channel = Some(word.to_owned());
        } else if is("PEER") {
            self.peer = Some(word.to_owned());
        }
        self.words.push(word.to_owned());
    }

    fn slots(&self) -> Vec<Slot> {
        self.spec
            .map_or_else(Vec::new, |spec| usage::next(spec, &self.words))
    }

    /// The option that a word names: a long one, or the last letter of several short ones.
    fn option(&self, word: &str) -> Option<&'static OptionSpec> {
        if let Some(name) = word.strip_prefix("--") {
            return self
                .options()
                .find(|one| one.names().any(|own| own == name));
        }
        let letter = word.chars().last();
        self.options().find(|one| one.short == letter)
    }

    /// The option and the value of `--name=value`.
    fn assigned<'w>(&self, word: &'w str) -> Option<(&'static OptionSpec, &'w str)> {
        let (name, value) = word.split_once('=')?;
        let option = self.option(name).filter(|_| name.starts_with("--"))?;
        (option.takes != Takes::Nothing).then_some((option, value))
    }

    fn keep(&mut self, option: &OptionSpec, value: &str) {
        match option.takes {
            Takes::Text("CHANNEL") => self.channel = Some(value.to_owned()),
            Takes::Text("PEER") => self.peer = Some(value.to_owned()),
            // A value that is wrong is the parser's matter.
            _ => drop(keep(&mut self.common, option.name, OsString::from(value))),
        }
    }

    fn finish(self, begun: &str) -> CommandLine {
        let (wanted, before, begun) = match (self.pending, self.assigned(begun)) {
            (Some(option), _) => (self.value(option), "", begun),
            (None, Some((option, value))) if !self.is_verbatim => {
                let name = &begun[..begun.len() - value.len()];
                (self.value(option), name, value)
            }
            _ => (self.word(begun), "", begun),
        };
        CommandLine {
            wanted,
            begun: begun.to_owned(),
            before: before.to_owned(),
            common: self.common,
            channel: self.channel,
            peer: self.peer,
        }
    }

    fn value(&self, option: &OptionSpec) -> Wanted {
        let command = self.spec.map_or("", |spec| spec.name);
        match option.takes {
            Takes::Folder => Wanted::Folder,
            Takes::File | Takes::Text("PATH" | "FILE") => Wanted::File,
            Takes::Text(label) => {
                let kind = WordKind::of(command, label).map(Proposal::Kind);
                Wanted::Words(kind.into_iter().collect())
            }
            Takes::OneOf(_, words) => {
                Wanted::Words(words.iter().copied().map(Proposal::Word).collect())
            }
            Takes::Nothing => Wanted::Words(Vec::new()),
        }
    }

    fn word(&self, begun: &str) -> Wanted {
        if begun.starts_with('-') && !self.is_verbatim {
            return Wanted::Option(self.spec);
        }
        let Some(spec) = self.spec else {
            return Wanted::Command;
        };
        let proposals = self.slots().into_iter().flat_map(|slot| match slot {
            Slot::Words(words) => words.split('|').map(Proposal::Word).collect(),
            Slot::Label(label) => {
                let kind = WordKind::of(spec.name, label).map(Proposal::Kind);
                kind.into_iter().collect::<Vec<_>>()
            }
        });
        Wanted::Words(proposals.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::commands::COMMANDS;

    fn line(text: &str) -> CommandLine {
        let words: Vec<String> = text.split(' ').map(str::to_owned).collect();
        read(&words, COMMANDS)
    }

    fn kinds(text: &str) -> Vec<WordKind> {
        let Wanted::Words(proposals) = line(text).wanted else {
            return Vec::new();
        };
        let kinds = proposals.into_iter().filter_map(|one| match one {
            Proposal::Kind(kind) => Some(kind),
            Proposal::Word(_) => None,
        });
        kinds.collect()
    }

    #[test]
    fn every_place_wants_its_kind_of_word() {
        for (text, kind) in [
            ("send -c ", WordKind::Channel),
            ("send --channel=", WordKind::Channel),
            ("send -c whatsapp -t ", WordKind::Peer),
            (
                "--home /tmp send -c whatsapp --reply-to m",
                WordKind::Message,
            ),
            ("integrations restart te", WordKind::Integration),
            ("conversations mute ", WordKind::Channel),
            ("conversations mute telegram ", WordKind::Peer),
            ("conversations read ", WordKind::Channel),
            ("conversations read telegram ", WordKind::Peer),
            ("conversations read telegram 42 ", WordKind::Message),
            ("outbox retry ", WordKind::Outgoing),
            ("outbox retry m-1 ", WordKind::Outgoing),
            ("agents retry ", WordKind::Turn),
            ("agents stop ", WordKind::Agent),
            ("pairing approve telegram ", WordKind::PairingCode),
            ("config get ", WordKind::ConfigKey),
            ("keys revoke ", WordKind::Key),
            ("media fetch ", WordKind::Message),
            ("call ", WordKind::Action),
            ("help ", WordKind::Command),
            ("--set ", WordKind::Setting),
            ("events --topics ", WordKind::Event),
        ] {
            assert_eq!(kinds(text), [kind], "{text}");
        }
        for nothing in [
            "conversations pin telegram 42 ",
            "send -c x -t y ",
            "send --idempotency-key ",
            "chat -p ",
        ] {
            assert_eq!(kinds(nothing), [], "{nothing}");
        }
    }

    #[test]
    fn commands_options_files_and_words_are_told_apart() {
        assert_eq!(line("sta").wanted, Wanted::Command);
        assert_eq!(line("").wanted, Wanted::Command);
        assert_eq!(line("--home ").wanted, Wanted::Folder);
        assert_eq!(line("send -f ").wanted, Wanted::File);
        assert!(
            matches!(line("ping --c").wanted, Wanted::Option(Some(spec)) if spec.name == "ping")
        );
        assert_eq!(line("-").wanted, Wanted::Option(None));
        let levels = Wanted::Words(
            ["error", "warn", "info", "debug", "trace"]
                .map(Proposal::Word)
                .to_vec(),
        );
        assert_eq!(line("logs --level ").wanted, levels);
        let words = Wanted::Words(["show", "rotate"].map(Proposal::Word).to_vec());
        assert_eq!(line("token ").wanted, words);
    }

    #[test]
    fn what_is_on_the_line_already_is_known() {
        let read = line("--port 7 conversations read telegram 42 m-");
        assert_eq!(
            (read.channel.as_deref(), read.peer.as_deref()),
            (Some("telegram"), Some("42"))
        );
        assert_eq!(read.begun, "m-");
        assert_eq!(read.common.overrides.settings.len(), 1);
        let read = line("send --channel=webchat --to=a");
        assert_eq!(
            (read.channel.as_deref(), read.begun.as_str()),
            (Some("webchat"), "a")
        );
        assert_eq!(read.before, "--to=");
        let bash = line("send --channel = web");
        assert_eq!(
            (bash.begun.as_str(), bash.wanted),
            ("web", line("send -c ").wanted)
        );
    }
}
