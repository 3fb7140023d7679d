//! `onboard`: sets up the settings and, if wanted, installs the daemon, in one short dialogue.
//! Every answer can be given as an option, and a second run changes only what is asked.
//!
//! `dialogue` asks a person, `questions` and `agents` say what is asked, `reach` how other devices come in, `summary` prints what came of it.

mod agents;
pub(super) mod dialogue;
mod questions;
mod reach;
mod summary;

use self::{
    dialogue::Dialogue,
    questions::{EnvEdit, Interview},
    reach::Plan,
};
use super::install::note_left_out;
use crate::{
    agents::survey::{Found, survey as agents_here},
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, FORCE, Installation, SYSTEM, ServiceOptions, TASK, VERBOSE},
        parser::{CommandSpec, FirstWord, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    config::{
        self, Overrides, dotenv, is_secret, keys,
        keys::reach::{TLS_CERT, TLS_KEY},
        mask, models,
    },
    error::{Error, Result},
    random,
    service::{
        install::{InstallRequest, install},
        reach::Way,
        report::{ServiceOutcome, ServiceReport},
        settings,
        system::{change::SystemChange, executor::Executor, runtime_file},
        target::InstallTarget,
    },
};

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "onboard",
    summary: "Set up cleudocodebot, and install the daemon if you like",
    usage: &["[--install-daemon] [--reach WAY] [--yes] [OPTIONS]"],
    details: "A short dialogue; an empty answer takes what is shown. With --yes, or without a\n\
              terminal, nothing is asked. --port, --host, --token and --set are written into\n\
              .env. A second run changes only what is asked. --reach lets other devices in:\n\
              by Tailscale, which serves our port then (asked first), by the local network\n\
              with a certificate for --allowed-hosts, or by a proxy of that name; none\n\
              undoes it. The gateway is asked through the way that was chosen, and what is\n\
              missing is said.",
    options: &[
        switch("install-daemon", "Install the daemon, without asking"),
        switch("no-install-daemon", "Do not install it, without asking"),
        switch("yes", "Take every default, and install the daemon").short('y'),
        option(
            "allowed-hosts",
            Takes::Text("HOSTS"),
            "Names under which other machines reach this one",
        ),
        option(
            "reach",
            Takes::OneOf("WAY", &["tailscale", "lan", "proxy", "none"]),
            "How other devices shall reach it",
        ),
        option(
            "tls-cert",
            Takes::File,
            "Certificate with which the port speaks TLS",
        ),
        option("tls-key", Takes::File, "Its private key"),
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
        (
            "cleudocodebot onboard --reach tailscale",
            "let your phone in",
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
    /// How other devices shall reach it.
    pub reach: Option<Way>,
    /// The certificate of its port, and the key of that.
    pub tls: [Option<String>; 2],
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
    let reach = args.text("reach").map(|way| way.parse::<Way>());
    let reach = reach.transpose().map_err(Error::Usage)?;
    Ok(Box::new(OnboardCommand {
        options: ServiceOptions::of(args),
        yes: args.flag("yes"),
        install,
        task: args.flag("task"),
        rotate_token: args.flag("rotate-token"),
        allowed_hosts: args.text("allowed-hosts"),
        reach,
        tls: [args.text("tls-cert"), args.text("tls-key")],
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
        summary::print(&installation, &report, &channels, context)?;
        let times = &context.terminal.times;
        let plan = answers.plan.as_ref();
        let verified = plan.map(|plan| plan.verify(&installation, times));
        match verified.transpose()?.flatten() {
            Some(line) => context.terminal.line(format!("\n{line}")),
            None => Ok(()),
        }
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
    /// How other devices shall reach it, where that was asked for.
    plan: Option<Plan>,
    /// What the shell sets and `.env` will not.
    left_out: Vec<EnvEdit>,
}

impl OnboardCommand {
    /// Asks what no option answered.
    fn ask(&self, installation: &Installation, context: &mut Context<'_>) -> Result<Answers> {
        let (target, probe) = (&installation.target, &installation.probe);
        let survey = || survey(target);
        let of_the_shell = Installation::of_the_shell(context);
        let silent = self.yes || self.options.json || self.options.mode.dry;
        let mut interview = Interview {
            dialogue: Dialogue::of_process(silent),
            config: probe.config()?,
            document: dotenv::read_file(&target.env_file())?.unwrap_or_default(),
            given: self.given(context)?,
            reach: self.reach.is_some(),
            terminal: &mut context.terminal,
            survey: &survey,
        };
        let mut edits = interview.edits(target, probe)?;
        let plan = interview.plan(self.reach, &edits, installation)?;
        if let Some(plan) = &plan {
            edits.extend(interview.changes(plan.edits.clone()));
        }
        let left_out = interview.take_over(of_the_shell, &mut edits)?;
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
        Ok(Answers {
            edits,
            install,
            plan,
            left_out,
        })
    }

    /// Answers that came as options: of the common ones, those that set something.
    fn given(&self, context: &Context<'_>) -> Result<Vec<EnvEdit>> {
        let mut given = context.common.overrides().settings;
        if let Some(hosts) = &self.allowed_hosts {
            given.push((keys::ALLOWED_HOSTS.to_owned(), hosts.clone()));
        }
        for (key, path) in [TLS_CERT, TLS_KEY].into_iter().zip(&self.tls) {
            // On a command line, paths begin in the current folder.
            let path = path.as_ref().map(std::path::absolute).transpose();
            let path = path.map_err(|error| Error::Usage(format!("{key}: {error}")))?;
            given.extend(path.map(|path| (key.to_owned(), path.display().to_string())));
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
        if let Some(plan) = &answers.plan {
            plan.prepare(executor)?;
        }
        let changed = write(target, executor, &answers.edits, self.rotate_token)?;
        if answers.install {
            note_left_out(&answers.left_out, executor);
            let request = InstallRequest {
                task: self.task,
                restart: changed,
            };
            return install(target, executor, request);
        }
        // Where others are let in, the daemon is told to read its settings before it is asked.
        let is_told = answers.plan.as_ref().is_some_and(|plan| plan.url.is_some());
        if changed && !is_told && runtime_file::is_held(&target.home)? {
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
        if shown.is_empty() {
            executor.note(format!("{key} is not set any more"));
        } else {
            executor.note(format!("{key} is {shown} now"));
        }
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
