//! The checks that need only cargo, and the parts shared with `xtask-deploy`.
//!
//! Each subcommand has three exit codes: 0 is green, 1 is a violation, 2 means that nothing
//! was decided, because a tool is missing, a policy cannot be read, or there was nothing to check.
//!
//! `xtask-deploy` contains the checks that need Docker, images, manifests or real parts. It uses the public modules,
//! and [`handover`] makes its subcommands available on the same command line.

mod api;
mod arch;
mod ci;
mod closure;
mod command;
mod doc;
mod features;
mod fuzz;
mod lint;
mod mutants;
mod policy;

pub mod cache;
pub mod check;
pub mod console;
pub mod deny;
pub mod fixture;
pub mod handover;
pub mod metadata;
pub mod outcome;
pub mod process;
pub mod python;
pub mod selftest;
pub mod step;
pub mod test;
pub mod tokens;
pub mod workspace;

use command::Command;
use outcome::Outcome;
use workspace::Workspace;

/// Runs the command in the arguments after `cargo xtask`, prints the verdict and returns it.
pub fn run(arguments: &[String]) -> Outcome {
    let command = match command::parse(arguments) {
        Ok(command) => command,
        Err(reason) => return console::conclude("xtask", Outcome::cannot(reason)),
    };
    let workspace = match Workspace::discover() {
        Ok(workspace) => workspace,
        Err(reason) => return console::conclude("xtask", Outcome::cannot(reason)),
    };
    match command {
        Command::Help => {
            console::line(command::HELP);
            Outcome::default()
        }
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::Step(step) => console::conclude(step.name, step.run(&workspace)),
        Command::BlessApi => console::conclude("api", api::bless(&workspace).into()),
        Command::BlessClosure => console::conclude("closure", closure::bless(&workspace).into()),
        Command::Advisories => console::conclude("advisories", deny::advisories(&workspace).into()),
        Command::Fuzz(options) => console::conclude("fuzz", fuzz::run(&workspace, &options).into()),
        Command::HandOver(words) => {
            let reason = handover::replace(&workspace, &words);
            console::conclude(&words[0], Outcome::cannot(reason))
        }
    }
}
