//! `cargo xtask`: everything a contributor repeats, as one command.
//!
//! Each subcommand answers with an exit code of its own meaning: 0 is green, 1 is a violation, 2 says that nothing
//! was decided, because a tool is missing, a policy cannot be read, or there was nothing to look at.

mod arch;
mod cache;
mod ci;
mod closure;
mod collector;
mod command;
mod console;
mod deny;
mod deploy;
mod doc;
mod docker;
mod features;
mod go;
mod images;
mod lint;
mod metadata;
mod outcome;
mod policy;
mod process;
mod rootfs;
mod selftest;
mod setup;
mod step;
mod test;
mod tokens;
mod workspace;

use std::process::ExitCode;

use command::Command;
use outcome::{CannotCheck, Outcome};
use workspace::Workspace;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match command::parse(&arguments) {
        Ok(command) => run(command),
        Err(reason) => Outcome::cannot(reason),
    };
    ExitCode::from(outcome.exit_code())
}

/// Runs one command, prints its verdict and returns it.
fn run(command: Command) -> Outcome {
    let workspace = match Workspace::discover() {
        Ok(workspace) => workspace,
        Err(reason) => return conclude("xtask", Outcome::cannot(reason)),
    };
    match command {
        Command::Help => {
            console::line(command::HELP);
            Outcome::default()
        }
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::Step(step) => conclude(step.name, step.run(&workspace)),
        Command::Bless => conclude("closure", closure::bless(&workspace).into()),
        Command::Collector(request) => conclude("collector", request.run(&workspace)),
        Command::Reap(run) => match collector::reap(&run) {
            Ok(()) => Outcome::default(),
            Err(reason) => conclude("collector", Outcome::cannot(reason)),
        },
        Command::Advisories => conclude("advisories", deny::advisories(&workspace).into()),
        Command::Images(options) => conclude("images", images::run(&workspace, &options).into()),
        Command::Setup => conclude("setup", setup::install(&workspace).into()),
    }
}

/// Prints what a step found, the reasons before the verdict.
fn conclude(name: &str, outcome: Outcome) -> Outcome {
    console::findings(name, &outcome);
    console::verdict(name, &outcome);
    outcome
}

impl From<Result<outcome::Report, CannotCheck>> for Outcome {
    fn from(result: Result<outcome::Report, CannotCheck>) -> Self {
        let mut outcome = Self::default();
        outcome.add(result);
        outcome
    }
}
