//! The checks that need Docker, images, manifests or real parts. `cargo xtask` starts this program: its subcommands
//! are part of the same command line, with the same exit codes.

mod collector;
mod command;
mod deploy;
mod docker;
mod go;
mod images;
mod machine;
mod mutants;
mod reaper;
mod rootfs;
mod setup;
mod step;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use xtask::{
    console, handover,
    outcome::{CannotCheck, Outcome},
    workspace::Workspace,
};

use command::Command;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.as_slice() {
        [flag, file, words @ ..] if flag == handover::OUTCOME => {
            handover::end_with_caller();
            deliver(&PathBuf::from(file), run(words))
        }
        words => conclude(words, run(words)),
    };
    ExitCode::from(outcome.exit_code())
}

/// Runs the command in `words`.
fn run(words: &[String]) -> Outcome {
    attempt(words).unwrap_or_else(Outcome::cannot)
}

fn attempt(words: &[String]) -> Result<Outcome, CannotCheck> {
    let command = command::parse(words)?;
    let workspace = Workspace::discover()?;
    Ok(match command {
        Command::Step(step) => step.run(&workspace),
        Command::Collector(request) => request.run(&workspace),
        Command::Reap(run) => match reaper::reap(&run) {
            Ok(()) => Outcome::default(),
            Err(reason) => Outcome::cannot(reason),
        },
        Command::Images(options) => images::run(&workspace, &options).into(),
        Command::Setup => setup::install(&workspace).into(),
        Command::Selftest => step::selftest(&workspace).into(),
    })
}

/// Passes the outcome to the process that prints it.
fn deliver(file: &Path, outcome: Outcome) -> Outcome {
    match handover::deliver(file, &outcome) {
        Ok(()) => outcome,
        Err(reason) => console::conclude("xtask-deploy", Outcome::cannot(reason)),
    }
}

/// Prints the outcome, except for a reaper that succeeded.
fn conclude(words: &[String], outcome: Outcome) -> Outcome {
    let name = words.first().map_or("xtask-deploy", String::as_str);
    if name != reaper::SUBCOMMAND {
        return console::conclude(name, outcome);
    }
    console::findings("collector", &outcome);
    outcome
}
