//! `cargo xtask`: every repeated task of a contributor as one command.

use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ExitCode::from(xtask::run(&arguments).exit_code())
}
