//! The only module that prints.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use crate::outcome::Outcome;

/// Whether standard output is a terminal.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// Whether to print colours: standard output is a terminal and `NO_COLOR` is not set.
pub fn colours() -> bool {
    is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty())
}

/// Prints one line and flushes it, also into a pipe.
pub fn line(text: impl std::fmt::Display) {
    let mut stdout = std::io::stdout();
    // A closed output must not stop the checks or cause a panic, as `println!` would.
    let _ = writeln!(stdout, "{text}").and_then(|()| stdout.flush());
}

/// Prints a headline, such as the name of a step.
pub fn headline(text: &str) {
    line(format_args!("\n{}", paint("1", &format!("== {text}"))));
}

/// Prints every violation and every unchecked item, one a line.
pub fn findings(name: &str, outcome: &Outcome) {
    for violation in &outcome.violations {
        line(format_args!("{}: {violation}", paint("31", name)));
    }
    for reason in &outcome.unchecked {
        line(format_args!(
            "{}: could not check: {reason}",
            paint("33", name)
        ));
    }
}

/// Prints the verdict of one step.
pub fn verdict(name: &str, outcome: &Outcome) {
    let what = describe(outcome);
    line(format_args!(
        "{name}: {} ({what})",
        coloured_verdict(outcome, 0)
    ));
}

/// Prints the findings of a step, then its verdict, and returns the outcome.
pub fn conclude(name: &str, outcome: Outcome) -> Outcome {
    findings(name, &outcome);
    verdict(name, &outcome);
    outcome
}

/// Describes what a step checked, or how many things it found.
pub fn describe(outcome: &Outcome) -> String {
    let mut parts = Vec::new();
    if !outcome.violations.is_empty() {
        parts.push(plural(outcome.violations.len(), "violation"));
    }
    if !outcome.unchecked.is_empty() {
        parts.push(plural(outcome.unchecked.len(), "open question"));
    }
    parts.extend(outcome.summaries.iter().cloned());
    parts.join(", ")
}

/// The verdict, padded to `width` before it is coloured.
pub fn coloured_verdict(outcome: &Outcome, width: usize) -> String {
    let colour = match outcome.exit_code() {
        0 => "32",
        1 => "31",
        _ => "33",
    };
    paint(colour, &format!("{:width$}", outcome.verdict()))
}

/// Formats a duration for people: `0.4 s`, `1 min 5 s`.
pub fn duration(elapsed: Duration) -> String {
    let seconds = elapsed.as_secs();
    if seconds < 60 {
        format!("{:.1} s", elapsed.as_secs_f64())
    } else {
        format!("{} min {} s", seconds / 60, seconds % 60)
    }
}

/// Formats a size like Docker: `12.3 MB`, a million bytes each.
pub fn megabytes(bytes: u64) -> String {
    format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
}

/// Formats a number and its noun: `1 step`, `2 steps`.
pub fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

fn paint(code: &str, text: &str) -> String {
    if colours() {
        format!("\x1b[{code}m{text}\x1b[0m")
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_as_people_say_them() {
        assert_eq!(duration(Duration::from_millis(420)), "0.4 s");
        assert_eq!(duration(Duration::from_secs(65)), "1 min 5 s");
    }

    #[test]
    fn sizes_read_as_docker_says_them() {
        assert_eq!(megabytes(12_345_678), "12.3 MB");
        assert_eq!(megabytes(99_999), "0.0 MB");
    }
}
