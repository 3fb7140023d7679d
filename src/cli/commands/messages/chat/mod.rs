//! `chat`: a conversation on the built-in channel, line by line, as its visitor.
//!
//! `session` is the conversation, `input` what is typed, `signals` what ends it from outside.

mod input;
mod session;
mod signals;

use serde_json::json;

use self::{input::ChatInput, session::ChatSession};
use crate::{
    cli::{
        command::Command,
        connection::connect,
        context::Context,
        parser::{CommandSpec, Takes, option},
        runtime::block_on,
    },
    config::Environment,
    error::{Error, Result},
    protocol::describe::MAX_NAME,
};

/// The channel whose visitor this is.
const CHANNEL: &str = "webchat";

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "chat",
    summary: "Talk to the bot as a visitor of the web chat",
    usage: &["[--peer NAME]"],
    details: "Each line is handed in as a message; what is sent to you is printed above\n\
              the line you type. The keys of a shell edit it: arrows, Home, End, Ctrl-A,\n\
              E, K, U, W, Y, and up and down for the lines before. The end of input\n\
              (Ctrl-D) or Ctrl-C ends it.",
    options: &[option(
        "peer",
        Takes::Text("NAME"),
        "Who you are (default: your user name)",
    )
    .short('p')],
    examples: &[
        ("cleudocodebot chat", "as yourself"),
        (
            "echo Hello | cleudocodebot chat --peer script",
            "one line from a script",
        ),
    ],
    parse: |args| {
        Ok(Box::new(ChatCommand {
            peer: args.text("peer"),
        }))
    },
};

/// Talks as a visitor of the built-in channel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ChatCommand {
    /// The visitor's name; the user's name by default.
    pub peer: Option<String>,
}

impl Command for ChatCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        block_on(self.chat(context))
    }
}

impl ChatCommand {
    async fn chat(&self, context: &mut Context<'_>) -> Result<()> {
        let named = self.peer.clone();
        if let Some(name) = &named {
            check_name(name)?;
        }
        let peer = named.unwrap_or_else(|| user_name(context.environment));
        let mut client = connect(context).await?.client;
        let topic = format!("message.*@{CHANNEL}/{peer}");
        client
            .call("subscribe", &json!({"topics": [topic]}))
            .await?;
        context
            .terminal
            .note(format!("You are {peer}. Ctrl-D ends."));
        let input = ChatInput::of(context, &peer)?;
        let session = ChatSession::new(client, peer, input);
        session.talk(context).await
    }
}

fn check_name(name: &str) -> Result<()> {
    let wrong = if name.is_empty() {
        "--peer is empty: give a name, or leave it out for your user name".to_owned()
    } else if name.contains(char::is_control) {
        format!("--peer {name:?} has a control character, such as a tab, which no name can have")
    } else if name.len() > MAX_NAME {
        format!("--peer is longer than {MAX_NAME} bytes")
    } else {
        return Ok(());
    };
    Err(Error::Usage(wrong))
}

fn user_name(environment: &Environment) -> String {
    let names = ["USER", "LOGNAME", "USERNAME"];
    let set = names.iter().filter_map(|name| environment.get(name));
    let mut usable = set.filter(|name| !name.is_empty() && !name.contains(char::is_control));
    usable.next().unwrap_or("cli").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_no_visitor_can_have_is_refused_before_anything_is_asked() {
        assert!(check_name("ana maria").is_ok());
        for (wrong, why) in [
            ("", "empty"),
            ("a\tb", "control"),
            (&*"x".repeat(257), "256"),
        ] {
            let told = check_name(wrong).expect_err("refused").to_string();
            assert!(told.contains(why), "{told}");
        }
    }

    #[test]
    fn the_user_name_comes_from_the_environment() {
        let name =
            |pairs: &[(&str, &str)]| user_name(&Environment::from_pairs(pairs.iter().copied()));
        assert_eq!(name(&[("USER", "ada"), ("LOGNAME", "bob")]), "ada");
        assert_eq!(name(&[("USER", ""), ("USERNAME", "eve")]), "eve");
        assert_eq!(name(&[]), "cli");
    }
}
