//! The program: parse, run, print the error once, exit code. Everything else is in the library.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use cleudocodebot::{cli, config::Environment};

/// glibc keeps what a flood took: one small block at the top of the heap holds all below it. The settings are in
/// `src/link/allocator.c`.
#[cfg(all(feature = "allocator", target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let environment = Environment::from_process();
    let (invocation, outcome) = match cli::parse(std::env::args_os().skip(1)) {
        Ok(invocation) => {
            let outcome = cli::run(&invocation, &environment);
            (Some(invocation), outcome)
        }
        Err(error) => (None, Err(error)),
    };
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    // Nobody reading standard error is no reason to panic.
    let text = cli::told(&error, invocation.as_ref(), &environment);
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(error.exit_code())
}
