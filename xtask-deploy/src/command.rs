//! The subcommands of `cargo xtask` that this program implements.

use xtask::outcome::CannotCheck;

use crate::{collector, images, reaper, step::Step};

/// The requested command.
pub(crate) enum Command {
    Step(&'static Step),
    Collector(collector::Request),
    /// Used only by this program itself.
    Reap(String),
    Images(images::Options),
    Setup,
    /// The part of `cargo xtask selftest` in this program.
    Selftest,
}

/// Parses the arguments.
///
/// # Errors
///
/// An unknown command or flag, which the message names.
pub(crate) fn parse(arguments: &[String]) -> Result<Command, CannotCheck> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["collector", rest @ ..] if !rest.is_empty() => {
            collector::Request::parse(rest).map(Command::Collector)
        }
        [reaper::SUBCOMMAND, run] => Ok(Command::Reap((*run).to_owned())),
        ["images", rest @ ..] => images_options(rest).map(Command::Images),
        ["setup"] => Ok(Command::Setup),
        ["selftest"] => Ok(Command::Selftest),
        [name] => Step::named(name)
            .map(Command::Step)
            .ok_or_else(|| unknown(name)),
        words => Err(unknown(&words.join(" "))),
    }
}

fn images_options(words: &[&str]) -> Result<images::Options, CannotCheck> {
    let mut options = images::Options::default();
    for word in words {
        match *word {
            "--multi-stage" => options.multi_stage = true,
            flag if flag.starts_with('-') => return Err(unknown(&format!("images {flag}"))),
            name => options.names.push(name.to_owned()),
        }
    }
    Ok(options)
}

fn unknown(what: &str) -> CannotCheck {
    CannotCheck::new(format!(
        "`cargo xtask {what}` is unknown: `cargo xtask help` lists what there is"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn images_takes_names_and_a_flag_in_any_order() {
        let Ok(Command::Images(options)) = parse(&words("images time-tool --multi-stage glassbox"))
        else {
            panic!("images is a command");
        };
        assert_eq!(options.names, ["time-tool", "glassbox"]);
        assert!(options.multi_stage);
    }

    #[test]
    fn every_command_that_is_handed_over_is_understood() {
        for name in xtask::handover::COMMANDS {
            assert!(parse(&words(name)).is_ok(), "{name}");
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        for line in ["fly", "deploy --fast", "images --fast", "setup all"] {
            let Err(error) = parse(&words(line)) else {
                panic!("`{line}` was taken");
            };
            assert!(error.to_string().contains(line), "{error}");
        }
    }
}
