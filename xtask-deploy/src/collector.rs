//! `collector`: makes a real OpenTelemetry Collector and Redis available, and runs the suites that need them.

mod distribution;
mod image;
mod parts;
mod redis;
mod run;
mod suites;

use std::{fmt, path::PathBuf};

use xtask::{
    check::Check,
    console,
    outcome::{CannotCheck, Outcome, Report},
    workspace::Workspace,
};

use crate::{docker, mutants};

use distribution::Distribution;

/// Returns the version of the collector that `deploy/collector` describes.
///
/// # Errors
///
/// The description is invalid.
pub(crate) fn version(workspace: &Workspace) -> Result<String, CannotCheck> {
    Ok(Distribution::read(workspace)?.version().to_owned())
}

/// Returns the collector's binary, which is built if it does not exist.
///
/// # Errors
///
/// The binary does not exist and cannot be built.
pub(crate) fn program(workspace: &Workspace) -> Result<PathBuf, CannotCheck> {
    let distribution = Distribution::read(workspace)?;
    let way = distribution.ensure(workspace)?;
    let path = distribution.binary();
    workspace.say(&format!("collector: binary {way}: {}", path.display()));
    Ok(path)
}

/// Every test target that runs only against real parts.
pub(crate) const SUITES: Check = Check {
    name: "suites",
    run: |workspace| run::suites(workspace, &[]),
    mutants: mutants::SUITE_MUTANTS,
};

/// The requests of `cargo xtask collector …`, except running everything.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Builds the binary and the image.
    Build,
    /// Resolves the collector's modules again.
    Lock,
    /// Lists the suites with their numbers of cases.
    List,
    /// Runs some suites.
    Some(Vec<String>),
}

/// The way in which something became available.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Present,
    Pulled,
    Built,
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Present => "present",
            Self::Pulled => "pulled",
            Self::Built => "built",
        })
    }
}

impl Request {
    /// Parses the words after `cargo xtask collector`; there is at least one.
    ///
    /// # Errors
    ///
    /// A flag that does not exist.
    pub(crate) fn parse(words: &[&str]) -> Result<Self, CannotCheck> {
        match words {
            ["build"] => Ok(Self::Build),
            ["lock"] => Ok(Self::Lock),
            ["--list"] => Ok(Self::List),
            words => match words.iter().find(|word| word.starts_with('-')) {
                None => Ok(Self::Some(
                    words.iter().map(|&word| word.to_owned()).collect(),
                )),
                Some(flag) => Err(CannotCheck::new(format!(
                    "`cargo xtask collector {flag}` is unknown: `cargo xtask help` lists what there is"
                ))),
            },
        }
    }

    /// Handles the request.
    pub(crate) fn run(&self, workspace: &Workspace) -> Outcome {
        match self {
            Self::Build => build(workspace),
            Self::Lock => Distribution::read(workspace)
                .and_then(|distribution| distribution.lock(workspace))
                .and_then(|lines| {
                    Report::new(lines, "checksums in deploy/collector/go.sum", Vec::new())
                })
                .into(),
            Self::List => run::list(workspace).into(),
            Self::Some(names) => run::suites(workspace, names).into(),
        }
    }
}

/// Builds the binary and, if Docker is available, the image; prints the way in which each was obtained.
fn build(workspace: &Workspace) -> Outcome {
    let distribution = match Distribution::read(workspace) {
        Ok(distribution) => distribution,
        Err(reason) => return Outcome::cannot(reason),
    };
    let mut outcome = Outcome::default();
    outcome.add(program(workspace).and_then(|_| Report::new(1, "binary", Vec::new())));
    outcome.add(docker::engine().and_then(|_| {
        let (image, way) = image::ensure(workspace, &distribution)?;
        console::line(format_args!("collector: image {way}: {image}"));
        Report::new(1, "image", Vec::new())
    }));
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_command_of_the_step_is_the_name_of_a_suite() {
        assert_eq!(Request::parse(&["build"]).unwrap(), Request::Build);
        assert_eq!(Request::parse(&["--list"]).unwrap(), Request::List);
        let some = Request::Some(vec!["tls".into(), "redis".into()]);
        assert_eq!(Request::parse(&["tls", "redis"]).unwrap(), some);
        assert!(Request::parse(&["tls", "--fast"]).is_err());
    }
}
