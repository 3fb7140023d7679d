//! `onboard`: sets up the settings and, if wanted, installs the daemon, in one short dialogue.
//! Every answer can be given as an option, and a second run changes only what is asked.
//!
//! `dialogue` asks a person, `questions` and `agents` say what is asked, `summary` prints what came of it.

mod agents;
mod dialogue;
mod questions;
mod summary;

use self::{
    dialogue::Dialogue,
    questions::{EnvEdit, Interview},
};
use crate::{
    agents::survey::{Found, survey as agents_here},
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, FORCE, Installation, SYSTEM, ServiceOptions, TASK, VERBOSE},
        parser::{CommandSpec, FirstWord, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    config::{self, Overrides, dotenv, is_secret, keys, mask, models},
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

pub(crate) const SPEC: CommandSpec = CommandSpec {
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
    first_word: FirstWord::Any,
    parse,
};

/// Sets up the settings and, if wanted, installs the daemon.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct OnboardCommand {
    /// The options that the commands about the installed daemon share.
    pub options: ServiceOptions,
    /// Take every default.
    pub yes: bool,
    /// Whether to install the daemon; `None` if no option says so, which means to ask.
    pub install: Option<bool>,
    /// On Windows: register a scheduled task, not a Run value.
    pub task: bool,
    /// Make a fresh token.
    pub rotate_token: bool,
    /// Names under which others reach this machine.
    pub allowed_hosts: Option<String>,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let install = match (args.flag("install-daemon"), args.flag("no-install-daemon")) {
        (true, true) => {
            return Err(Error::Usage(
                "--install-daemon and --no-install-daemon contradict each other".to_owned(),
            ));
        }
        (false, false) => None,
        (wanted, _) => Some(wanted),
    };
    Ok(Box::new(OnboardCommand {
        options: ServiceOptions::of(args),
        yes: args.flag("yes"),
        install,
        task: args.flag("task"),
        rotate_token: args.flag("rotate-token"),
        allowed_hosts: args.text("allowed-hosts"),
    }))
}

impl Command for OnboardCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        let installation = Installation::of(context, self.options.system)?;
        settings::refuse_wrong_user(&installation.target)?;
        let answers = self.ask(&installation, context)?;
        check(&installation.target, &answers.edits, context)?;
        let report = installation.apply(self.options, context, |target, executor| {
            self.apply(&answers, target, executor)
        })?;
        if self.options.json || self.options.mode.dry {
            return Ok(());
        }
        let channels = questions::channels(&answers.edits);
        summary::print(&installation, &report, &channels, context)
    }

    fn is_about_the_machine(&self) -> bool {
        self.options.system
    }
}

/// What came of the dialogue.
struct Answers {
    /// What to change in `.env`.
    edits: Vec<EnvEdit>,
    /// Whether to install the daemon.
    install: bool,
}

impl OnboardCommand {
    /// Asks what no option answered.
    fn ask(&self, installation: &Installation, context: &mut Context<'_>) -> Result<Answers> {
        let (target, probe) = (&installation.target, &installation.probe);
        let survey = || survey(target);
        let silent = self.yes || self.options.json || self.options.mode.dry;
        let mut interview = Interview {
            dialogue: Dialogue::of_process(silent),
            config: probe.config()?,
            document: dotenv::read_file(&target.env_file())?.unwrap_or_default(),
            given: self.given(context)?,
            terminal: &mut context.terminal,
            survey: &survey,
        };
        let edits = interview.edits(target, probe)?;
        let install = match self.install {
            Some(install) => install,
            None if interview.dialogue.is_person() => {
                let question = "Install the daemon, so that it always runs?";
                interview
                    .dialogue
                    .confirm(interview.terminal, question, true)?
            }
            None => self.yes,
        };
        Ok(Answers { edits, install })
    }

    /// Answers that came as options: of the common ones, those that set something.
    fn given(&self, context: &Context<'_>) -> Result<Vec<EnvEdit>> {
        let mut given = context.common.overrides().settings;
        if let Some(hosts) = &self.allowed_hosts {
            given.push((keys::ALLOWED_HOSTS.to_owned(), hosts.clone()));
        }
        for (key, value) in &given {
            keys::validate(key, value)?;
        }
        Ok(given)
    }

    fn apply(
        &self,
        answers: &Answers,
        target: &InstallTarget,
        executor: &mut Executor<'_>,
    ) -> Result<ServiceReport> {
        let changed = write(target, executor, &answers.edits, self.rotate_token)?;
        if answers.install {
            let request = InstallRequest {
                task: self.task,
                restart: changed,
            };
            return install(target, executor, request);
        }
        if changed && runtime_file::is_held(&target.home)? {
            executor.note("a daemon runs with the former settings; tell it: cleudocodebot reload");
        }
        Ok(self.configured(changed))
    }

    /// The report if nothing is to be installed.
    fn configured(&self, changed: bool) -> ServiceReport {
        let outcome = if self.options.mode.dry {
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
}

/// What there is on this machine to answer with, by the present settings.
fn survey(target: &InstallTarget) -> Found {
    let document = dotenv::read_file(&target.env_file()).ok().flatten();
    let known = |key| document.as_ref().and_then(|document| document.get(key));
    let pi = known(models::PI).unwrap_or_else(|| "pi".to_owned());
    let ollama = known(models::OLLAMA_HOST).unwrap_or_default();
    let found = block_on(async { Ok(agents_here(&pi, Some(&ollama)).await) });
    found.unwrap_or_default()
}

/// Refuses settings that are valid one by one and wrong together, before anything is written.
fn check(target: &InstallTarget, edits: &[EnvEdit], context: &Context<'_>) -> Result<()> {
    let environment = context.environment.without(keys::PREFIX);
    let mut overrides = Overrides {
        home: Some(target.home.clone()),
        settings: edits.to_vec(),
        ..Overrides::default()
    };
    let lookup = config::look_up(&overrides, &environment)?;
    if lookup.find(keys::TOKEN).is_none() {
        // `write` will make one.
        let fresh = (keys::TOKEN.to_owned(), random::token());
        overrides.settings.push(fresh);
    }
    config::load(&overrides, &environment).map(drop)
}

/// Writes the answers. True if a running daemon has to reload them.
fn write(
    target: &InstallTarget,
    executor: &mut Executor<'_>,
    edits: &[EnvEdit],
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
