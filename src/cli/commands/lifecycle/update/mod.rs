//! `update`: puts another program in the place of this one and restarts the daemon, or finds out whether there is one.
//!
//! Here: what is asked. `source` gets the new program, `offer` what a list of
//! versions has, `genuine` whether it is the one that was meant.
//!
//! Not here: putting it in place, and back (`service::update`).

mod genuine;
mod offer;
mod source;

use std::time::Duration;

use serde_json::json;

use self::{
    genuine::{Proof, check},
    offer::{Offer, offered},
    source::{Source, fetch},
};
use crate::{
    cli::{
        command::Command,
        context::Context,
        installed_daemon::{DRY_RUN, Installation, SYSTEM, ServiceOptions, VERBOSE},
        parser::{CommandSpec, JSON, ParsedArgs, Takes, option, switch},
        runtime::block_on,
    },
    config,
    error::{Error, Result},
    service::update::{self, UpdateRequest, WATCH},
};

/// Where a list of versions is.
const UPDATE_URL: &str = config::keys::UPDATE_URL;

pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "update",
    summary: "Replace this program by a newer one, or put the old one back",
    usage: &[
        "[--watch SECONDS]",
        "FILE|URL [--sha256 HASH | --signature FILE]",
        "--check",
        "--undo",
    ],
    details: "Checks the new program and what it says of itself, copies the message file\n\
              if its schema will change, replaces the program, restarts the installed\n\
              daemon and watches it: it has to be ready within 10 s and to stay so for 75\n\
              s. Else program and message file are put back. A program from a URL needs\n\
              its hash, or a signature by the key UPDATE_SIGNER. Without FILE or URL: what\n\
              UPDATE_URL offers.",
    options: &[
        option(
            "sha256",
            Takes::Text("HASH"),
            "What the SHA-256 of the new program is",
        ),
        option(
            "signature",
            Takes::Text("FILE"),
            "Its Ed25519 signature, 64 bytes or base64 of them",
        ),
        option(
            "watch",
            Takes::Text("SECONDS"),
            "How long it is watched once it is ready (75)",
        ),
        switch("check", "Say whether there is a newer one, change nothing"),
        switch(
            "undo",
            "Put the old program back after an update that was killed",
        ),
        switch("force", "Replace what a package manager keeps, too"),
        SYSTEM,
        DRY_RUN,
        VERBOSE,
        JSON,
    ],
    examples: &[
        (
            "cleudocodebot update ./cleudocodebot-1.2.0 --sha256 9f86d081…",
            "a file that was downloaded",
        ),
        ("cleudocodebot update --check", "with UPDATE_URL in .env"),
    ],
    parse,
};

/// What is wanted.
#[derive(Debug, PartialEq, Eq)]
enum Wanted {
    /// To know whether there is a newer one.
    Check,
    /// The program before.
    Undo,
    /// This one, or the one that is offered.
    Program(Option<Source>, Proof),
}

/// Replaces this program.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct UpdateCommand {
    options: ServiceOptions,
    wanted: Wanted,
    watch: Duration,
}

fn parse(args: &mut ParsedArgs) -> Result<Box<dyn Command>> {
    let watch = args.number("watch", &(0..=3_600))?;
    let proof = Proof {
        sha256: args
            .text("sha256")
            .map(|hash| genuine::hash(&hash))
            .transpose()?,
        signature: args.text("signature").map(|place| Source::of(&place)),
    };
    let place = args.word().map(|place| Source::of(&place));
    let wanted = match (args.flag("check"), args.flag("undo"), place) {
        (true, false, None) => Wanted::Check,
        (false, true, None) => Wanted::Undo,
        (false, false, place) => Wanted::Program(place, proof),
        _ => {
            return Err(Error::Usage(
                "--check and --undo go with neither each other nor a FILE".to_owned(),
            ));
        }
    };
    Ok(Box::new(UpdateCommand {
        options: ServiceOptions::of(args),
        wanted,
        watch: watch.map_or(WATCH, Duration::from_secs),
    }))
}

impl Command for UpdateCommand {
    fn run(&self, context: &mut Context<'_>) -> Result<()> {
        match &self.wanted {
            Wanted::Check => self.check(context),
            Wanted::Undo => Installation::change(self.options, context, update::put_back),
            Wanted::Program(place, proof) => {
                let (place, proof) = match place {
                    Some(place) => (place.clone(), proof.clone()),
                    None => match newer(context)? {
                        Some(offer) => (offer.place, offer.proof),
                        None => return Ok(()),
                    },
                };
                self.replace(context, &place, &proof)
            }
        }
    }

    fn is_about_the_machine(&self) -> bool {
        self.options.system
    }
}

impl UpdateCommand {
    fn replace(&self, context: &mut Context<'_>, place: &Source, proof: &Proof) -> Result<()> {
        let key = setting(context, config::keys::UPDATE_SIGNER);
        let program = block_on(async {
            let program = fetch(place).await?;
            check(&program, place, proof, key.as_deref()).await?;
            Ok(program)
        })?;
        let request = UpdateRequest {
            program: &program,
            watch: self.watch,
        };
        Installation::change(self.options, context, |target, executor| {
            update::update(target, executor, request)
        })
    }

    fn check(&self, context: &mut Context<'_>) -> Result<()> {
        let offer = offer(context)?;
        let own = env!("CARGO_PKG_VERSION");
        if self.options.json {
            return context
                .terminal
                .json(&json!({"version": own, "offered": offer.version,
                "newer": offer.is_newer()}));
        }
        if !offer.is_newer() {
            return context
                .terminal
                .line(format!("version {own} is the newest"));
        }
        context.terminal.line(format!(
            "version {} can be had, this is {own}; to have it: cleudocodebot update",
            crate::cli::output::printable(&offer.version)
        ))
    }
}

/// What is offered, if it is newer; says so where it is not.
fn newer(context: &mut Context<'_>) -> Result<Option<Offer>> {
    let offer = offer(context)?;
    if offer.is_newer() {
        return Ok(Some(offer));
    }
    let own = env!("CARGO_PKG_VERSION");
    context
        .terminal
        .line(format!("version {own} is the newest"))?;
    Ok(None)
}

/// What the list of versions offers.
fn offer(context: &Context<'_>) -> Result<Offer> {
    let url = setting(context, UPDATE_URL).ok_or_else(|| {
        Error::Config(
            "UPDATE_URL is not set: it names a list of versions, and without one nothing is asked; \
             give a FILE or URL, or set it with: cleudocodebot config set UPDATE_URL https://…"
                .to_owned(),
        )
    })?;
    block_on(offered(&url))
}

/// A setting of `.env` or the environment, if it is set.
fn setting(context: &Context<'_>, name: &str) -> Option<String> {
    let lookup = config::look_up(&context.overrides(), context.environment).ok()?;
    lookup
        .find(name)
        .map(|(value, _)| value.trim().to_owned())
        .filter(|value| !value.is_empty())
}
