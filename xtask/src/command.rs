//! The command line, parsed by hand: a few words do not justify the dependencies of a parser.

use crate::{
    ci, fuzz, handover,
    outcome::CannotCheck,
    step::{STEPS, Step},
};

pub(crate) const HELP: &str = "\
cargo xtask <command>

  ci [--setup] [--only STEP…] [--list]   every step, then a table; --setup installs what is missing first
  arch                 declared edges against architecture.toml, the source rules, misspelt manifest keys
  api [--bless]        public APIs against docs/api; --bless writes them anew
  closure [--bless]    dependency closures against docs/closure; --bless writes them anew
  lint                 tidy files, rustfmt, and clippy without a warning
  test                 unit, integration and documentation tests
  collector [SUITE…]   the suites against a real collector, Docker and Redis; --list names them
  collector build      the collector: a binary in the cache folder, and an image
  collector lock       resolves the collector's modules anew, after a change of deploy/collector/builder.yaml
  deploy               manifests against the Kubernetes API and the code, collector configs against a collector
  features             each crate alone, with none, default, each and all of its features
  doc                  the documentation, without a warning
  deny                 bans, licences and sources
  advisories           known vulnerabilities (needs the network, so it is not part of ci)
  fuzz [TARGET] [--runs N]   the fuzz targets, a million inputs each unless said otherwise (not part of ci)
  selftest             every check against the trees that were broken for it
  setup                installs what ci needs (Debian, Ubuntu)
  images [--multi-stage] [NAME…]         container images of the examples and of glassbox; --multi-stage builds all
                       of it inside of Docker

Exit codes: 0 green, 1 violation, 2 could not check.";

/// The requested command.
pub(crate) enum Command {
    Help,
    Ci(ci::Options),
    Step(&'static Step),
    BlessApi,
    BlessClosure,
    Advisories,
    Fuzz(fuzz::Options),
    /// A command that `xtask-deploy` parses.
    HandOver(Vec<String>),
}

/// Reads the arguments that follow `cargo xtask`.
///
/// # Errors
///
/// An unknown command, step or flag; the message lists the known ones.
pub(crate) fn parse(arguments: &[String]) -> Result<Command, CannotCheck> {
    let mut words = arguments.iter().map(String::as_str);
    let Some(first) = words.next() else {
        return Ok(Command::Help);
    };
    let rest: Vec<&str> = words.collect();
    match (first, rest.as_slice()) {
        ("help" | "-h" | "--help", _) | (_, ["-h" | "--help"]) => Ok(Command::Help),
        ("ci", rest) => ci_options(rest).map(Command::Ci),
        ("api", ["--bless"]) => Ok(Command::BlessApi),
        ("closure", ["--bless"]) => Ok(Command::BlessClosure),
        ("advisories", []) => Ok(Command::Advisories),
        ("fuzz", rest) => fuzz_options(rest).map(Command::Fuzz),
        (name, _) if handover::COMMANDS.contains(&name) => {
            Ok(Command::HandOver(arguments.to_vec()))
        }
        (name, rest) => match (Step::named(name), rest) {
            (Some(step), []) => Ok(Command::Step(step)),
            (Some(_), [word, ..]) => Err(unknown(&format!("{name} {word}"))),
            (None, _) => Err(unknown(name)),
        },
    }
}

fn ci_options(words: &[&str]) -> Result<ci::Options, CannotCheck> {
    let mut options = ci::Options::default();
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        match *word {
            "--setup" => options.setup = true,
            "--list" => options.list = true,
            "--only" => {
                while let Some(name) = words.next_if(|word| !word.starts_with('-')) {
                    let step = Step::named(name).ok_or_else(|| {
                        let names: Vec<&str> = STEPS.iter().map(|step| step.name).collect();
                        CannotCheck::new(format!(
                            "there is no step `{name}`: the steps are {}",
                            names.join(", ")
                        ))
                    })?;
                    options.only.push(step.name);
                }
                if options.only.is_empty() {
                    return Err(CannotCheck::new("--only needs the name of a step"));
                }
            }
            other => return Err(unknown(&format!("ci {other}"))),
        }
    }
    Ok(options)
}

fn fuzz_options(words: &[&str]) -> Result<fuzz::Options, CannotCheck> {
    let mut options = fuzz::Options::default();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match *word {
            "--runs" => {
                let runs = words.next().and_then(|runs| runs.parse().ok());
                let runs = runs.filter(|runs| *runs > 0);
                options.runs = runs.ok_or_else(|| {
                    CannotCheck::new("--runs needs a number of inputs, at least 1")
                })?;
            }
            name if !name.starts_with('-') && options.target.is_none() => {
                options.target = Some(name.to_owned());
            }
            other => return Err(unknown(&format!("fuzz {other}"))),
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
    fn every_step_is_a_subcommand_and_stands_in_the_help() {
        for step in STEPS {
            let is_known = match parse(&words(step.name)) {
                Ok(Command::Step(found)) => found.name == step.name,
                Ok(Command::HandOver(words)) => step.is_handed_over() && words == [step.name],
                _ => false,
            };
            assert!(is_known, "{}", step.name);
            assert!(
                HELP.contains(&format!("\n  {}", step.name)),
                "{}",
                step.name
            );
        }
    }

    #[test]
    fn ci_takes_a_list_of_steps_and_flags_in_any_order() {
        let Ok(Command::Ci(options)) = parse(&words("ci --only arch deny --setup")) else {
            panic!("ci is a command");
        };
        assert_eq!(options.only, ["arch", "deny"]);
        assert!(options.setup);
    }

    #[test]
    fn fuzz_takes_one_target_and_a_number_of_inputs() {
        let Ok(Command::Fuzz(options)) = parse(&words("fuzz --runs 7 otlp_json")) else {
            panic!("fuzz is a command");
        };
        assert_eq!(
            (options.target.as_deref(), options.runs),
            (Some("otlp_json"), 7)
        );
        for line in ["fuzz --runs", "fuzz --runs 0", "fuzz a b", "fuzz --fast"] {
            assert!(parse(&words(line)).is_err(), "{line}");
        }
    }

    #[test]
    fn what_is_unknown_is_named() {
        for line in [
            "fly",
            "ci --fast",
            "ci --only fly",
            "arch --bless",
            "ci --only",
        ] {
            let Err(error) = parse(&words(line)) else {
                panic!("`{line}` was taken");
            };
            let last = line.split_whitespace().next_back().unwrap();
            assert!(error.to_string().contains(last), "{error}");
        }
    }
}
