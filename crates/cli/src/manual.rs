//! Shell completions and manual pages, generated from the command line's definition.

use crate::{args::Cli, failure::Failure, terminal::print};
use clap::CommandFactory;
use clap_complete::Shell;
use std::process::ExitCode;

/// Prints the completion script of a shell.
pub(crate) fn completions(shell: Shell) -> ExitCode {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "glassbox", &mut script);
    print(&String::from_utf8_lossy(&script));
    ExitCode::SUCCESS
}

/// Prints the manual page of the program, or of one command.
///
/// # Errors
/// If there is no such command.
pub(crate) fn page(name: Option<&str>) -> Result<ExitCode, Failure> {
    let mut program = Cli::command().disable_help_subcommand(true);
    program.build();
    let command = match name {
        None => program,
        Some(name) => {
            let visible = |command: &&clap::Command| !command.is_hide_set();
            let mut commands = program.get_subcommands().filter(visible);
            let found = commands.find(|command| command.get_name() == name);
            let found = found.ok_or_else(|| {
                let commands = program.get_subcommands().filter(visible);
                let known: Vec<_> = commands.map(clap::Command::get_name).collect();
                let known = known.join(", ");
                Failure::usage(format!(
                    "there is no command '{name}'; the commands are {known}"
                ))
            })?;
            found.clone()
        }
    };
    let mut page = Vec::new();
    clap_mangen::Man::new(command)
        .render(&mut page)
        .map_err(|error| Failure::from_error("cannot write the manual page", &error))?;
    print(&String::from_utf8_lossy(&page));
    Ok(ExitCode::SUCCESS)
}
