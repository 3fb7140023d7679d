//! Durable sends through the gateway, compared with the store's own batched rate, in interleaved rounds.
//!
//! With `--stored N` a store that holds N messages is compared with one that holds a thousand: `send` and
//! pages of `history` must not get slower with what is stored, nor with the number of `--conversations`
//! that take turns. With `--searched N` words are looked for among N messages. Everything is on the disk that holds the temporary folder.

#![allow(
    dead_code,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the load generator has more than this bench asks for"
)]

mod growth;
mod rates;
mod search;
#[path = "../support/mod.rs"]
mod support;
mod workload;

use std::time::Duration;

use support::Result;
use tokio::task::LocalSet;

/// Conversations that messages are spread over in turn, unless `--conversations` says otherwise.
const CONVERSATIONS: usize = 1000;

/// What was asked for.
struct StoreBenchOptions {
    time: Duration,
    rounds: usize,
    /// Messages in the large store; 0 compares the gateway with the store instead.
    stored: usize,
    /// Messages that are searched; 0 measures something else.
    searched: usize,
    conversations: usize,
    /// False without any argument: then nothing is measured and the usage is shown.
    wanted: bool,
}

fn main() -> Result<()> {
    let options = options()?;
    if !options.wanted {
        println!(
            "Usage: cargo bench --bench store -- [--quick] [--seconds S] [--rounds N] [--stored N | --searched N] [--conversations N]"
        );
        return Ok(());
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let local = LocalSet::new();
    local.block_on(&runtime, async {
        if options.searched > 0 {
            search::run(&options).await
        } else if options.stored > 0 {
            growth::run(&options).await
        } else {
            rates::run(&options).await
        }
    })
}

fn options() -> Result<StoreBenchOptions> {
    use lexopt::{Arg::Long, ValueExt as _};
    let (time, rounds) = (Duration::from_secs(2), 3);
    let mut options = StoreBenchOptions {
        time,
        rounds,
        stored: 0,
        searched: 0,
        conversations: CONVERSATIONS,
        wanted: false,
    };
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        options.wanted = true;
        match argument {
            Long("bench") => {}
            Long("quick") => (options.time, options.rounds) = (Duration::from_millis(500), 1),
            Long("seconds") => {
                options.time = Duration::try_from_secs_f64(parser.value()?.parse()?)?;
            }
            Long("rounds") => options.rounds = parser.value()?.parse::<usize>()?.max(1),
            Long("stored") => options.stored = parser.value()?.parse()?,
            Long("searched") => options.searched = parser.value()?.parse()?,
            Long("conversations") => {
                options.conversations = parser.value()?.parse::<usize>()?.max(1);
            }
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}
