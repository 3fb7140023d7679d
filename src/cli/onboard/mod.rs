//! `onboard`: from nothing to settings and, if wanted, an installed daemon, in one short dialogue.
//! Every answer can be an option, and a second run changes only what is asked.
//!
//! `dialogue` speaks with a person, `questions` says what is asked, `summary` what came of it.

mod dialogue;
mod questions;
mod summary;

use self::{
    dialogue::Dialogue,
    questions::{Edit, Interview},
};
use super::{
    command::Command,
    context::Context,
    install::style,
    installation::{DRY_RUN, FORCE, Installation, SYSTEM, Style, TASK, VERBOSE},
    row::{Given, JSON, Row, Takes, no_words, option, switch},
};
use crate::{
    config::{self, Overrides, dotenv, is_secret, keys, mask},
    error::{Error, Result},
    random,
    service::{
        hand::{Deed, Hand},
        install::{Wish, install},
        note,
        report::{Outcome, Report},
        settings,
        site::Site,
    },
};

pub(super) const ROW: Row = Row {
    name: "onboard",
    summary: "Set up cleudocodebot, and install the daemon if you like",
    usage: &["[--install-daemon] [--yes] [OPTIONS]"],
    details: "A short dialogue; an empty answer takes what is shown. With --yes, or without a\n\
              terminal, nothing is asked. --port, --host, --token and --set are written into\n\
              .env. A second run changes only what is asked.",
    options: &[
        switch("install-daemon", "Install the daemon, without asking"),
        switch("no-install-daemon", "Do not install it, without asking"),
        switch("yes", "Take every default, and install the daemon").short('y'),
        option(
            "allowed-hosts",
            Takes::Text("HOSTS"),
            "Names under which other machines reach this one",
        ),
        switch(
            "rotate-token",
            "Make a fresh token; every client needs it then",
        ),
        FORCE,
        SYSTEM,
        TASK,
        DRY_RUN,
        VERBOSE,
        JSON,
    ],
    examples: &[
        ("cleudocodebot onboard", "answer a few questions"),
        (
            "cleudocodebot onboard --install-daemon --yes",
            "everything, without a question",
        ),
    ],
    first_word: no_words,
    read,
};

/// What was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Options {
    /// How to do it.
    pub style: Style,
    /// Take every default.
    pub yes: bool,
    /// Install the daemon, or not; `None` where nothing was said.
    pub install: Option<bool>,
    /// A scheduled task.
    pub task: bool,
    /// A fresh token.
    pub rotate_token: bool,
    /// Names under which others reach this machine.
    pub allowed_hosts: Option<String>,
}

fn read(given: &mut Given) -> Result<Command> {
    let install = match (
        given.flag("install-daemon"),
        given.flag("no-install-daemon"),
    ) {
        (true, true) => {
            return Err(Error::Usage(
                "--install-daemon and --no-install-daemon contradict each other".to_owned(),
            ));
        }
        (false, false) => None,
        (wanted, _) => Some(wanted),
    };
    Ok(Command::Onboard(Options {
        style: style(given),
        yes: given.flag("yes"),
        install,
        task: given.flag("task"),
        rotate_token: given.flag("rotate-token"),
        allowed_hosts: given.text("allowed-hosts"),
    }))
}

pub(super) fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, options.style.system)?;
    let (site, door) = (&installation.site, &installation.door);
    settings::refuse_wrong_user(site)?;
    let silent = options.yes || options.style.json || options.style.manner.dry;
    let mut interview = Interview {
        dialogue: Dialogue::of_process(silent),
        config: door.config()?,
        document: dotenv::read_file(&site.env_file())?.unwrap_or_default(),
        given: given(options, context)?,
        terminal: &mut context.terminal,
    };
    let edits = interview.edits(site, door)?;
    let wanted = match options.install {
        Some(wanted) => wanted,
        None if interview.dialogue.is_person() => {
            let question = "Install the daemon, so that it always runs?";
            interview
                .dialogue
                .confirm(interview.terminal, question, true)?
        }
        None => options.yes,
    };
    drop(interview);
    check(site, &edits, context)?;
    let report = installation.work(options.style, context, |site, hand| {
        let changed = write(site, hand, &edits, options.rotate_token)?;
        if !wanted {
            if changed && note::is_held(&site.home)? {
                hand.note("a daemon runs with the former settings; tell it: cleudocodebot reload");
            }
            return Ok(configured(changed, options));
        }
        let wish = Wish {
            task: options.task,
            restart: changed,
        };
        install(site, hand, wish)
    })?;
    if options.style.json || options.style.manner.dry {
        return Ok(());
    }
    summary::tell(
        &installation,
        &report,
        &questions::channels(&edits),
        context,
    )
}

/// Answers that came as options: of the shared ones, those that set something.
fn given(options: &Options, context: &Context<'_>) -> Result<Vec<Edit>> {
    let mut given = context.common.overrides().settings;
    if let Some(hosts) = &options.allowed_hosts {
        given.push((keys::ALLOWED_HOSTS.to_owned(), hosts.clone()));
    }
    for (key, value) in &given {
        keys::validate(key, value)?;
    }
    Ok(given)
}

/// Refuses answers that are right one by one and wrong together, before anything is written.
fn check(site: &Site, edits: &[Edit], context: &Context<'_>) -> Result<()> {
    let environment = context.environment.without(keys::PREFIX);
    let mut overrides = Overrides {
        home: Some(site.home.clone()),
        settings: edits.to_vec(),
        ..Overrides::default()
    };
    let lookup = config::look_up(&overrides, &environment)?;
    if lookup.find(keys::TOKEN).is_none() {
        // The one that will be made.
        let fresh = (keys::TOKEN.to_owned(), random::token());
        overrides.settings.push(fresh);
    }
    config::load(&overrides, &environment).map(drop)
}

/// Writes the answers. True where a daemon that runs has to hear of it.
fn write(site: &Site, hand: &mut Hand<'_>, edits: &[Edit], rotate: bool) -> Result<bool> {
    settings::ensure(site, hand)?;
    if edits.is_empty() && !rotate {
        return Ok(false);
    }
    for (key, value) in edits {
        let shown = if is_secret(key) {
            mask(value)
        } else {
            value.clone()
        };
        hand.note(format!("{key} is {shown} now"));
    }
    if rotate {
        hand.note("there is a fresh token; every client needs it from now on");
    }
    let env_file = site.env_file();
    if !hand.manner.dry {
        dotenv::edit_file(&env_file, |document| {
            for (key, value) in edits {
                document.set(key, value)?;
            }
            if rotate {
                document.set(keys::TOKEN, &random::token())?;
            }
            Ok(())
        })?;
    }
    hand.did(Deed::Wrote(env_file, None));
    Ok(true)
}

fn configured(changed: bool, options: &Options) -> Report {
    let outcome = if options.style.manner.dry {
        Outcome::Planned
    } else if changed {
        Outcome::Configured
    } else {
        Outcome::Unchanged
    };
    Report {
        outcome,
        kind: None,
        identity: None,
    }
}
