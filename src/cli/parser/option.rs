//! An option of the command line, as parser, help and completions see it.

/// An option of one command or of all.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OptionSpec {
    /// The long name, without dashes.
    pub name: &'static str,
    /// Another long name that means the same.
    pub alias: Option<&'static str>,
    /// The letter behind a single dash.
    pub short: Option<char>,
    /// What must follow it.
    pub takes: Takes,
    /// One line on what it does.
    pub summary: &'static str,
}

/// What follows an option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    /// Nothing: it is a switch.
    Nothing,
    /// A text, shown under this name.
    Text(&'static str),
    /// A folder.
    Folder,
    /// A file.
    File,
    /// One of these words, shown under this name.
    OneOf(&'static str, &'static [&'static str]),
}

impl Takes {
    /// The name of the value in help, where there is one.
    pub(crate) fn label(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Text(label) | Self::OneOf(label, _) => Some(label),
            Self::Folder => Some("DIR"),
            Self::File => Some("FILE"),
        }
    }
}

/// A switch.
pub(crate) const fn switch(name: &'static str, summary: &'static str) -> OptionSpec {
    option(name, Takes::Nothing, summary)
}

/// An option without a letter.
pub(crate) const fn option(name: &'static str, takes: Takes, summary: &'static str) -> OptionSpec {
    OptionSpec {
        name,
        alias: None,
        short: None,
        takes,
        summary,
    }
}

/// The switch that commands with an answer for scripts share.
pub(crate) const JSON: OptionSpec = switch("json", "Print JSON, one value a line, for scripts");

/// The option by which commands that list things show those of one channel.
pub(crate) const CHANNEL: OptionSpec = option(
    "channel",
    Takes::Text("CHANNEL"),
    "Only of this integration",
)
.short('c');

impl OptionSpec {
    /// The same option with a letter.
    pub(crate) const fn short(self, letter: char) -> Self {
        Self {
            short: Some(letter),
            ..self
        }
    }

    /// The same option with a second name.
    pub(crate) const fn alias(self, name: &'static str) -> Self {
        Self {
            alias: Some(name),
            ..self
        }
    }

    /// Its long names, without dashes.
    pub(crate) fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        [Some(self.name), self.alias].into_iter().flatten()
    }
}
