//! `agent`: runs one of the agents in the box, here or on any machine that reaches the gateway.
//!
//! `open` makes the agent from the settings.

mod open;

use std::{sync::Arc, time::Duration};

use crate::{
    agents::{
        Agent,
        journal::Journal,
        runner::{self, RunOptions, StdinEnd},
    },
    cli::{
        command::Command,
        common_options::CommonOptions,
        connection,
        context::Context,
        output::Terminal,
        parser::{CommandSpec, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    config::{Environment, agents::IN_THE_BOX, is_agent_name},
    error::{Error, Result},
    language::Translator,
    shutdown,
};

/// Turns at a time, unless told.
const TURNS: usize = 16;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "agent",
    summary: "Answer messages: by pi, a model, a program, or an echo",
    usage: &[
        "pi [--name NAME]",
        "openai [--url URL] [--model MODEL]",
        "exec [--json] [--timeout S] -- COMMAND [ARG…]",
        "echo",
    ],
    details: "Connects to the gateway as an agent and answers until Ctrl-C. The daemon starts\n\
              those that AGENT and AGENT_ROUTES name by itself. Model, system prompt and the\n\
              rest are settings: OLLAMA_*, OPENAI_*, GROQ_*, AGENT_*.\n\
              exec runs the command once a turn: the text on its standard input (--json: the\n\
              whole turn), the answer on its standard output. One word alone is a line for the\n\
              shell; without any it is AGENT_EXEC.",
    options: &[
        option(
            "name",
            Takes::Text("NAME"),
            "Announce this name, for AGENT and AGENT_ROUTES",
        ),
        option(
            "turns",
            Takes::Text("N"),
            "Answer so many at a time (pi: for AGENT_PI_POOL)",
        ),
        option(
            "url",
            Takes::Text("URL"),
            "openai: where the model is, up to /v1",
        ),
        option("model", Takes::Text("MODEL"), "openai and pi: which model"),
        switch(
            "json",
            "exec: give the whole turn, as JSON (for AGENT_EXEC_JSON)",
        ),
        option(
            "timeout",
            Takes::Text("S"),
            "exec: seconds a turn may take (for AGENT_EXEC_TIMEOUT)",
        ),
        option(
            "env",
            Takes::Text("NAME,…"),
            "exec: further variables it gets (for AGENT_EXEC_ENV)",
        ),
        switch(
            "follow-stdin",
            "End when standard input ends, as for a supervisor",
        ),
    ],
    examples: &[
        ("cleudocodebot agent echo", "for trying"),
        (
            "cleudocodebot agent openai --url http://127.0.0.1:8000/v1",
            "a model of your own",
        ),
        (
            "cleudocodebot agent exec --name shouter -- tr a-z A-Z",
            "a program",
        ),
        (
            "cleudocodebot agent pi --host gateway.example --name pi-2",
            "from another machine",
        ),
    ],
    parse,
};

/// Runs an agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct AgentCommand {
    /// Which.
    pub kind: Kind,
    /// The name it announces.
    pub name: String,
    /// Turns at a time, where that was said.
    pub turns: Option<u64>,
    /// Whether the end of standard input ends it.
    pub stdin: bool,
}

/// An agent in the box, with what its options say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// pi, with this model.
    Pi(Option<String>),
    /// A model at this address.
    OpenAi {
        /// Where it is.
        url: Option<String>,
        /// Which.
        model: Option<String>,
    },
    /// A program.
    Exec {
        /// The program and its arguments, or a line for the shell.
        command: Vec<String>,
        /// Whether it gets the whole turn.
        json: bool,
        /// How long it may take, where that was said.
        timeout: Option<Duration>,
        /// Further variables it gets.
        variables: Vec<String>,
    },
    /// What was said.
    Echo,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let word = args.required_word("pi, openai, exec or echo")?;
    let kind = kind(&word, args)?;
    let name = args.text("name").unwrap_or(word);
    if !is_agent_name(&name) {
        return Err(Error::Usage(format!(
            "--name is {name:?}; expected up to 64 small letters, digits, . _ -, not none"
        )));
    }
    Ok(Box::new(AgentCommand {
        kind,
        name,
        turns: args.number("turns", &(1..=1024))?,
        stdin: args.flag("follow-stdin"),
    }))
}

fn kind(word: &str, args: &mut ParsedArgs) -> Result<Kind> {
    for (option, of) in [
        ("url", &["openai"][..]),
        ("model", &["openai", "pi"]),
        ("json", &["exec"]),
        ("timeout", &["exec"]),
        ("env", &["exec"]),
    ] {
        if args.text(option).is_some() && !of.contains(&word) {
            return Err(Error::Usage(format!("--{option} is not for {word}")));
        }
    }
    Ok(match word {
        "pi" => Kind::Pi(args.text("model")),
        "openai" => Kind::OpenAi {
            url: args.text("url"),
            model: args.text("model"),
        },
        "exec" => Kind::Exec {
            command: std::iter::from_fn(|| args.word()).collect(),
            json: args.flag("json"),
            timeout: args
                .number("timeout", &(1..=86_400))?
                .map(Duration::from_secs),
            variables: args.list("env"),
        },
        "echo" => Kind::Echo,
        other => {
            let kinds = IN_THE_BOX.join(", ");
            return Err(Error::Usage(format!(
                "{other:?} is no agent; expected one of {kinds}"
            )));
        }
    })
}

impl Command for AgentCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.answer(context))
    }
}

impl AgentCommand {
    async fn answer(&self, context: &Context<'_>) -> Result<()> {
        let stdin = if self.stdin {
            StdinEnd::Ends
        } else {
            StdinEnd::Ignored
        };
        let (trigger, shutdown) = shutdown::channel();
        let mut told = Box::pin(runner::until_told(stdin));
        let opened = tokio::select! {
            _ = &mut told => return Ok(()),
            opened = self.open(context) => opened?,
        };
        let (agent, turns) = opened;
        let options = RunOptions {
            name: self.name.clone(),
            turns,
            endpoints: endpoints(context),
            journal: Journal::stderr(),
        };
        let ends = async {
            trigger.begin(told.await);
            std::future::pending::<()>().await;
        };
        tokio::select! {
            ended = runner::run(agent, options, shutdown) => ended,
            () = ends => Ok(()),
        }
    }

    /// The agent, and how many turns it takes at a time.
    async fn open(&self, context: &Context<'_>) -> Result<(Arc<dyn Agent>, usize)> {
        let wanted = self.turns.and_then(|turns| usize::try_from(turns).ok());
        open::open(&self.kind, wanted, context).await
    }
}

/// Where the gateway may be, by the settings as they are at each connection.
fn endpoints(
    context: &Context<'_>,
) -> Box<dyn Fn() -> Result<Vec<crate::client::Endpoint>> + Send + Sync> {
    let common: CommonOptions = context.common.clone();
    let environment: Environment = context.environment.clone();
    Box::new(move || {
        let context = Context {
            common: &common,
            environment: &environment,
            terminal: Terminal::of_process(&environment, true, false, Translator::default),
            input: None,
        };
        let config = context.client_config()?;
        connection::endpoints(&context, &config)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn parsed(line: &str) -> Result<AgentCommand> {
        let words = line.split(' ').map(Into::into);
        let command = cli::parse(words)?.command;
        let any: &dyn std::any::Any = &*command;
        Ok(any
            .downcast_ref::<AgentCommand>()
            .expect("an agent")
            .clone())
    }

    #[test]
    fn an_agent_is_named_after_its_kind_unless_told() {
        let echo = parsed("agent echo").expect("fine");
        assert_eq!(
            (echo.name.as_str(), echo.kind, echo.stdin),
            ("echo", Kind::Echo, false)
        );
        let pi = parsed("agent pi --name pi-2 --turns 3 --model a/b --follow-stdin").expect("fine");
        assert_eq!(
            (pi.name.as_str(), pi.turns, pi.stdin),
            ("pi-2", Some(3), true)
        );
        assert_eq!(pi.kind, Kind::Pi(Some("a/b".to_owned())));
    }

    #[test]
    fn a_program_keeps_its_own_options_behind_two_dashes() {
        let exec = parsed("agent exec --json -- tr -d a").expect("fine");
        let Kind::Exec {
            command,
            json,
            timeout,
            ..
        } = exec.kind
        else {
            panic!("{exec:?}");
        };
        assert_eq!((command.join(" ").as_str(), json), ("tr -d a", true));
        assert_eq!(timeout, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in [
            "agent",
            "agent claude",
            "agent echo --name None",
            "agent echo --name none",
            "agent echo --json",
            "agent exec --url http://a",
            "agent pi extra",
            "agent openai --turns 0",
        ] {
            let error = parsed(wrong).expect_err(wrong);
            assert_eq!(error.exit_code(), 2, "{wrong}: {error}");
        }
    }
}
