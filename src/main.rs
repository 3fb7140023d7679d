//! The program: parse, run, print the error once, exit code. Everything else is in the library.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use cleudocodebot::{cli, config::Environment, log::printable_lines};

fn main() -> ExitCode {
    let invocation = cli::parse(std::env::args_os().skip(1));
    let outcome =
        invocation.and_then(|invocation| cli::run(&invocation, &Environment::from_process()));
    let Err(error) = outcome else {
        return ExitCode::SUCCESS;
    };
    // What a gateway or a service answered may stand in it. Nobody reading standard error is no reason
    // to panic.
    let text = error.to_string();
    let _ = writeln!(io::stderr(), "cleudocodebot: {}", printable_lines(&text));
    ExitCode::from(error.exit_code())
}
