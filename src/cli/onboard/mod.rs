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
    spec::{CommandSpec, JSON, ParsedArgs, Takes, no_words, option, switch},
};
use crate::{
    config::{self, Overrides, dotenv, is_secret, keys, mask},
    error::{Error, Result},
    random,
    service::{
        install::{InstallRequest, install},
        report::{ServiceOutcome, ServiceReport},
        settings,
        system::{change::SystemChange, executor::Executor, runtime_file},
        target::InstallTarget,
    },
};

pub(super) const SPEC: CommandSpec = CommandSpec {
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

fn read(args: &mut ParsedArgs) -> Result<Command> {
    let install = match (args.flag("install-daemon"), args.flag("no-install-daemon")) {
        (true, true) => {
            return Err(Error::Usage(
                "--install-daemon and --no-install-daemon contradict each other".to_owned(),
            ));
        }
        (false, false) => None,
        (wanted, _) => Some(wanted),
    };
    Ok(Command::Onboard(Options {
        style: style(args),
        yes: args.flag("yes"),
        install,
        task: args.flag("task"),
        rotate_token: args.flag("rotate-token"),
        allowed_hosts: args.text("allowed-hosts"),
    }))
}

pub(super) fn run(options: &Options, context: &mut Context<'_>) -> Result<()> {
    let installation = Installation::of(context, options.style.system)?;
    let (target, probe) = (&installation.target, &installation.probe);
    settings::refuse_wrong_user(target)?;
    let silent = options.yes || options.style.json || options.style.mode.dry;
    let mut interview = Interview {
        dialogue: Dialogue::of_process(silent),
        config: probe.config()?,
        document: dotenv::read_file(&target.env_file())?.unwrap_or_default(),
        args: args(options, context)?,
        terminal: &mut context.terminal,
    };
    let edits = interview.edits(target, probe)?;
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
    check(target, &edits, context)?;
    let report = installation.work(options.style, context, |target, executor| {
        let changed = write(target, executor, &edits, options.rotate_token)?;
        if !wanted {
            if changed && runtime_file::is_held(&target.home)? {
                executor
                    .note("a daemon runs with the former settings; tell it: cleudocodebot reload");
            }
            return Ok(configured(changed, options));
        }
        let request = InstallRequest {
            task: options.task,
            restart: changed,
        };
        install(target, executor, request)
    })?;
    if options.style.json || options.style.mode.dry {
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
fn args(options: &Options, context: &Context<'_>) -> Result<Vec<Edit>> {
    let mut args = context.common.overrides().settings;
    if let Some(hosts) = &options.allowed_hosts {
        args.push((keys::ALLOWED_HOSTS.to_owned(), hosts.clone()));
    }
    for (key, value) in &args {
        keys::validate(key, value)?;
    }
    Ok(args)
}

/// Refuses answers that are right one by one and wrong together, before anything is written.
fn check(target: &InstallTarget, edits: &[Edit], context: &Context<'_>) -> Result<()> {
    let environment = context.environment.without(keys::PREFIX);
    let mut overrides = Overrides {
        home: Some(target.home.clone()),
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
fn write(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    edits: &[Edit],
    rotate: bool,
) -> Result<bool> {
    settings::ensure(target, executor)?;
    if edits.is_empty() && !rotate {
        return Ok(false);
    }
    for (key, value) in edits {
        let shown = if is_secret(key) {
            mask(value)
        } else {
            value.clone()
        };
        executor.note(format!("{key} is {shown} now"));
    }
    if rotate {
        executor.note("there is a fresh token; every client needs it from now on");
    }
    let env_file = target.env_file();
    if !executor.mode.dry {
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
    executor.record(SystemChange::Wrote(env_file, None));
    Ok(true)
}

fn configured(changed: bool, options: &Options) -> ServiceReport {
    let outcome = if options.style.mode.dry {
        ServiceOutcome::Planned
    } else if changed {
        ServiceOutcome::Configured
    } else {
        ServiceOutcome::Unchanged
    };
    ServiceReport {
        outcome,
        kind: None,
        identity: None,
    }
}
