//! Parses the command line, and words its errors.

use super::Cli;
use crate::excerpt::excerpt;
use clap::{CommandFactory, Parser, error::ErrorKind};
use std::ffi::OsString;

/// The result of parsing the command line.
#[derive(Debug)]
pub(crate) enum Parsed {
    /// Run a command.
    Command(Box<Cli>),
    /// Print the help or the version.
    Text(String),
    /// The command line is wrong, for this reason.
    Mistake(String),
}

/// Reads the arguments of this process.
pub(crate) fn parse(arguments: &[OsString]) -> Parsed {
    let error = match Cli::try_parse_from(arguments) {
        Ok(cli) => return Parsed::Command(Box::new(cli)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::DisplayHelp
        | ErrorKind::DisplayVersion
        | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            Parsed::Text(error.render().to_string())
        }
        // clap does not report which argument it is.
        ErrorKind::InvalidUtf8 => Parsed::Mistake(not_text(arguments)),
        _ => Parsed::Mistake(excerpt(error.render().to_string().trim_end())),
    }
}

fn not_text(arguments: &[OsString]) -> String {
    let is_text = |argument: &&OsString| argument.to_str().is_some();
    let odd = arguments.iter().find(|argument| !is_text(argument));
    let odd = odd.map_or_else(String::new, |odd| odd.to_string_lossy().into_owned());
    let usage = Cli::command().render_usage();
    excerpt(&format!(
        "error: the argument '{odd}' is not UTF-8\n\n{usage}\n\nFor more information, try '--help'."
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(arguments: &[&str]) -> Parsed {
        let all: Vec<OsString> = std::iter::once("glassbox")
            .chain(arguments.iter().copied())
            .map(OsString::from)
            .collect();
        parse(&all)
    }

    #[test]
    fn nothing_and_help_print_help() {
        for arguments in [
            &[][..],
            &["help"],
            &["--help"],
            &["help", "up"],
            &["up", "--help"],
        ] {
            let Parsed::Text(text) = said(arguments) else {
                panic!("{arguments:?}");
            };
            assert!(text.contains("Usage:"), "{arguments:?}: {text}");
        }
    }

    #[test]
    fn addresses_are_read_in_every_form() {
        for address in [
            "4380",
            ":4380",
            "localhost:0",
            "127.0.0.1:4380",
            "[::1]:4380",
        ] {
            let parsed = said(&["up", "--page", address]);
            assert!(
                matches!(parsed, Parsed::Command(_)),
                "{address}: {parsed:?}"
            );
        }
        let Parsed::Mistake(mistake) = said(&["up", "--page", "localhost:99999"]) else {
            panic!("a port beyond the largest was accepted");
        };
        assert!(
            mistake.contains("--page") && mistake.contains("65535"),
            "{mistake}"
        );
    }

    #[test]
    fn quiet_and_verbose_contradict_each_other() {
        assert!(matches!(said(&["up", "-q", "-v"]), Parsed::Mistake(_)));
        let Parsed::Command(cli) = said(&["up", "-vv"]) else {
            panic!("-vv was rejected");
        };
        assert_eq!(cli.output.verbose, 2);
    }

    #[test]
    #[cfg(unix)]
    fn an_argument_that_is_not_text_is_quoted() {
        use std::os::unix::ffi::OsStringExt;
        let odd = OsString::from_vec(b"caf\xe9".to_vec());
        let parsed = parse(&["glassbox".into(), "demo".into(), "--ask".into(), odd]);
        let Parsed::Mistake(mistake) = parsed else {
            panic!("{parsed:?}");
        };
        assert!(mistake.contains("'caf\u{fffd}' is not UTF-8"), "{mistake}");
    }
}
