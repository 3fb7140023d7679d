//! Answers by pi, the coding agent (<https://pi.dev>), over its RPC: `pi --mode rpc`, one process a
//! conversation, each from a bounded pool. Its sessions are the memory, on disk in the home folder, so that a
//! conversation goes on after any crash.
//!
//! Its facts were measured with version 1.5.2; versions before 1.0 speak another protocol and are refused.

mod dialog;
mod lines;
mod pool;
mod position;
mod process;
mod prompt_files;
mod records;
mod run;
mod setup;
#[cfg(all(test, unix))]
mod tests;

use std::{path::PathBuf, time::Duration};

use self::{
    pool::{Lease, Pool},
    position::{Found, PositionFile},
    process::{Gone, version},
    setup::Setup,
};
use super::{Agent, Answer, BoxFuture, Failure, Reply, Turn, journal::Journal, openai};
use crate::{
    child::Keeper,
    config::models::{ModelEndpoint, Prompts},
    error::{Error, Result},
    log::printable,
};

/// How long a process is kept after its last turn: it takes 150 MB, and a second to start.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);

/// Begins the name of a place for a turn whose conversation is not kept; no session has such a name.
const UNKEPT: &str = "/";

/// How often a turn is put to a new process where the one before ended.
const MAX_STARTS: u32 = 2;

/// How pi is run.
#[derive(Debug, Clone)]
pub struct PiOptions {
    /// The command that runs it, in words.
    pub command: Vec<String>,
    /// Its model, as it names it.
    pub model: Option<String>,
    /// The model of our settings.
    pub endpoint: Option<ModelEndpoint>,
    /// What it is told to be.
    pub prompts: Prompts,
    /// Whether pictures are shown.
    pub vision: bool,
    /// Whether it has tools.
    pub tools: bool,
    /// Processes at a time.
    pub pool: usize,
    /// The home folder.
    pub home: PathBuf,
    /// The folder of the user's own pi.
    pub user_dir: Option<PathBuf>,
    /// Where the gateway is, `host:port`, for its tools.
    pub gateway: String,
    /// The key for them.
    pub token: Option<String>,
    /// Starts its processes.
    pub keeper: Keeper,
    /// Where notes go.
    pub journal: Journal,
}

impl PiOptions {
    /// The words of a command such as `AGENT_PI`.
    pub fn words(command: &str) -> Vec<String> {
        setup::words(command)
    }

    /// The folder of the user's own pi.
    pub fn user_dir() -> Option<PathBuf> {
        setup::user_dir()
    }
}

/// The agent `pi`.
pub struct Pi {
    pool: Pool,
    setup: Setup,
    keeper: Keeper,
    vision: bool,
    journal: Journal,
}

/// The version of the pi that a command runs, such as `1.5.2`; the error says why it is none to be used.
pub async fn check(keeper: &Keeper, command: &[String]) -> Result<String, String> {
    let Some(name) = command.first() else {
        return Err("AGENT_PI names no command".to_owned());
    };
    let shown = printable(name);
    let said = version(keeper, Setup::bare(command)).await;
    let said = said.map_err(|error| {
        format!(
            "cannot run {shown}: {error}; \
             install it with: npm install -g @earendil-works/pi-coding-agent, or name it in AGENT_PI"
        )
    })?;
    let number = said.split_whitespace().last().unwrap_or_default();
    let number = number.trim_start_matches('v');
    let major = number
        .split('.')
        .next()
        .and_then(|major| major.parse::<u32>().ok());
    match major {
        Some(1..) => Ok(printable(number)),
        Some(0) => Err(format!(
            "{shown} is version {}, which speaks another protocol; \
             with Node 22 or later: npm install -g @earendil-works/pi-coding-agent@latest",
            printable(number)
        )),
        None => Err(format!(
            "{shown} does not say that it is pi; name pi in AGENT_PI"
        )),
    }
}

impl Pi {
    /// Checks that there is a pi to run and writes what it needs. Fails with [`Error::Config`] where there is
    /// none.
    pub async fn open(options: PiOptions) -> Result<Self> {
        let found = check(&options.keeper, &options.command).await;
        let version = found.map_err(Error::Config)?;
        let model = match &options.endpoint {
            // With a model of its own named, the other need not answer.
            Some(endpoint) if options.model.is_none() => Some(openai::model_of(endpoint).await?),
            _ => None,
        };
        let setup = Setup::write(&options, model.as_deref())?;
        let whose = match (&options.model, &model) {
            (Some(model), _) | (None, Some(model)) => format!("with {model}"),
            (None, None) => "with the model of its own settings".to_owned(),
        };
        options.journal.info(&format!("pi {version} {whose}"));
        if options.tools {
            options.journal.warn(
                "AGENT_TOOLS is 1: whoever may write to pi can have it read, change and run anything that this user can; \
                 and pi has the gateway's token, which may do all that you may: settings, other chats, sending",
            );
        }
        let pool = Pool::new(options.pool, IDLE_TIMEOUT, options.keeper.clone());
        Ok(Self {
            pool,
            setup,
            keeper: options.keeper,
            vision: options.vision,
            journal: options.journal,
        })
    }

    async fn run(&self, turn: &Turn, reply: &Reply) -> Result<Answer, Failure> {
        if turn.prompt().is_some() {
            return self.run_unkept(turn, reply).await;
        }
        let mut start = 1;
        loop {
            let launch = || self.setup.launch(Some(&turn.session), turn.conversation());
            let mut lease = self.pool.lease(&turn.session, launch).await?;
            match self.on_process(&mut lease, turn, reply).await {
                Ok(outcome) => {
                    lease.finish();
                    return outcome;
                }
                Err(Gone(why)) => {
                    lease.discard().await;
                    if start >= MAX_STARTS {
                        return Err(Failure::transient(why));
                    }
                    self.journal
                        .warn(&format!("{}: {why}; starting it again", turn.id));
                    start += 1;
                }
            }
        }
    }

    async fn on_process(
        &self,
        lease: &mut Lease,
        turn: &Turn,
        reply: &Reply,
    ) -> Result<Result<Answer, Failure>, Gone> {
        let process = lease.process()?;
        let position = PositionFile(self.setup.positions().join(&turn.session));
        if let Found::Answered(said) = position.begin(process, &turn.id).await? {
            return Ok(run::judged(&said, turn));
        }
        let prompt = run::prompt(turn, reply, self.vision).await;
        run::drive(process, prompt, turn, reply).await
    }

    /// A conversation that comes whole, over HTTP: its process and what it remembers end with it.
    async fn run_unkept(&self, turn: &Turn, reply: &Reply) -> Result<Answer, Failure> {
        let failed = |Gone(why)| Failure::transient(why);
        // A turn over HTTP may have the session of a chat; its place is one of its own.
        let _place = self.pool.place_of(&format!("{UNKEPT}{}", turn.id)).await?;
        let started = process::PiProcess::start(&self.keeper, self.setup.launch(None, None)).await;
        let mut process = started.map_err(failed)?;
        let prompt = run::prompt(turn, reply, self.vision).await;
        let outcome = run::drive(&mut process, prompt, turn, reply).await;
        process.close().await;
        outcome.map_err(failed)?
    }
}

impl Agent for Pi {
    fn answer<'a>(
        &'a self,
        turn: &'a Turn,
        reply: &'a Reply,
    ) -> BoxFuture<'a, Result<Answer, Failure>> {
        Box::pin(self.run(turn, reply))
    }

    fn close(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.pool.close())
    }
}
