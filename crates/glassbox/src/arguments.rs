//! The command line of every program.

use glassbox_config::{Listen, nearest};
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

/// The request on the command line.
#[derive(Debug, PartialEq)]
pub(crate) enum Request {
    Help,
    Version,
    Serve(Flags),
    Probe(Flags),
}

/// Settings on the command line.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Flags {
    pub(crate) config: Option<PathBuf>,
    pub(crate) listen: Option<SocketAddr>,
    pub(crate) allow_anonymous: bool,
}

/// All arguments that the command line accepts.
const KNOWN: &[&str] = &[
    "--allow-anonymous",
    "--config",
    "--help",
    "--listen",
    "--version",
    "probe",
];

/// Reads the arguments after the program's name.
///
/// # Errors
/// A message that states what is wrong and how to fix it.
pub(crate) fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Request, String> {
    let mut arguments = arguments.into_iter();
    let mut flags = Flags::default();
    let mut is_probe = false;
    while let Some(argument) = arguments.next() {
        let text = argument.to_string_lossy().into_owned();
        let (name, attached) = match text.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(OsString::from(value))),
            _ => (text.as_str(), None),
        };
        let mut value = |example: &str| {
            let value = attached.clone().or_else(|| arguments.next());
            value
                .filter(|value| !value.is_empty())
                .ok_or_else(|| format!("'{name}' needs a value; write '{name} {example}'"))
        };
        match name {
            "--config" => flags.config = Some(value("glassbox.toml")?.into()),
            "--listen" => {
                let value = value("127.0.0.1:8080")?;
                let address = value.to_string_lossy().parse::<Listen>();
                let address = address.map_err(|error| format!("--listen: {error}"))?;
                flags.listen = Some(address.address());
            }
            "--allow-anonymous" if attached.is_none() => flags.allow_anonymous = true,
            "probe" if !is_probe => is_probe = true,
            "--help" | "-h" if attached.is_none() => return Ok(Request::Help),
            "--version" | "-V" if attached.is_none() => return Ok(Request::Version),
            _ => {
                // A known argument gets here if it is repeated or has a value, so no other one is suggested.
                let known = KNOWN.iter().copied().filter(|_| !KNOWN.contains(&name));
                let meant = nearest(name, known);
                let meant =
                    meant.map_or_else(String::new, |meant| format!(" (did you mean '{meant}'?)"));
                return Err(format!("unknown argument '{text}'{meant}; see '--help'"));
            }
        }
    }
    Ok(match is_probe {
        true => Request::Probe(flags),
        false => Request::Serve(flags),
    })
}

/// The text that `--help` prints.
pub(crate) fn help(name: &str) -> String {
    format!(
        "\
Serves {name} over HTTP until SIGTERM or Ctrl-C.

Usage: {name} [OPTIONS]
       {name} probe [OPTIONS]    exit status 0 if the service is alive

Options:
      --config FILE    settings file; otherwise GLASSBOX_CONFIG, or glassbox.toml or
                       glassbox.yaml in the working folder
      --listen ADDR    where to listen, as 127.0.0.1:8080 or 8080; the setting host.bind.
                       Beyond loopback a key is required (GLASSBOX_HOST_KEY,
                       host.key_file) or --allow-anonymous
      --allow-anonymous  accept calls of other machines without a key; the setting
                       host.allow_anonymous
  -h, --help           print this
  -V, --version        print the version
"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Request, String> {
        parse(arguments.iter().map(OsString::from))
    }

    #[test]
    fn flags_take_their_value_either_way() {
        let expected = Flags {
            config: Some("a.toml".into()),
            listen: Some(([127, 0, 0, 1], 80).into()),
            allow_anonymous: true,
        };
        let apart = read(&[
            "--config",
            "a.toml",
            "--listen",
            "127.0.0.1:80",
            "--allow-anonymous",
        ])
        .unwrap();
        assert_eq!(apart, Request::Serve(expected));
        let attached = read(&["probe", "--config=a.toml"]).unwrap();
        let expected = Flags {
            config: Some("a.toml".into()),
            listen: None,
            allow_anonymous: false,
        };
        assert_eq!(attached, Request::Probe(expected));
        for port in ["8080", "localhost:8080"] {
            let Request::Serve(flags) = read(&["--listen", port]).unwrap() else {
                panic!("{port} was not read");
            };
            assert_eq!(flags.listen, Some(([127, 0, 0, 1], 8080).into()));
        }
    }

    #[test]
    fn a_mistake_is_answered_with_what_to_write() {
        let error = |arguments: &[&str]| read(arguments).unwrap_err();
        assert_eq!(
            error(&["--listen"]),
            "'--listen' needs a value; write '--listen 127.0.0.1:8080'"
        );
        let here = error(&["--listen", "here"]);
        assert!(
            here.starts_with("--listen: \"here\" is not an address"),
            "{here}"
        );
        assert!(error(&["--listen", "localhost:99999"]).contains("65535"));
        for (typo, meant) in [("porbe", "probe"), ("--lsiten=8080", "--listen")] {
            let error = error(&[typo]);
            assert!(
                error.contains(&format!("did you mean '{meant}'?")),
                "{error}"
            );
        }
        for unknown in ["", "--colour=red", "--help=me"] {
            assert_eq!(
                error(&[unknown]),
                format!("unknown argument '{unknown}'; see '--help'")
            );
        }
        assert_eq!(
            error(&["probe", "probe"]),
            "unknown argument 'probe'; see '--help'"
        );
    }

    #[test]
    fn help_and_version_win() {
        assert_eq!(read(&["probe", "--help"]), Ok(Request::Help));
        assert_eq!(read(&["-V"]), Ok(Request::Version));
    }
}
