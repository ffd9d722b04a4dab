//! `ci`: runs every step even if an earlier one failed, and prints a table at the end.

use std::time::{Duration, Instant};

use crate::{
    console, handover,
    outcome::Outcome,
    step::{STEPS, Step},
    workspace::Workspace,
};

/// The options of `ci`.
#[derive(Debug, Default)]
pub(crate) struct Options {
    pub(crate) setup: bool,
    pub(crate) list: bool,
    /// The names of the steps to run; empty means all of them.
    pub(crate) only: Vec<&'static str>,
}

/// One line of the final table.
struct Row {
    step: &'static str,
    elapsed: Duration,
    outcome: Outcome,
}

/// Runs the steps and returns their combined findings.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Outcome {
    let steps: Vec<&Step> = STEPS
        .iter()
        .filter(|step| options.only.is_empty() || options.only.contains(&step.name))
        .collect();
    if options.list {
        for step in steps {
            console::line(format_args!("{:9} {}", step.name, step.why));
        }
        return Outcome::default();
    }
    let started = Instant::now();
    let mut rows = Vec::new();
    if options.setup {
        console::headline("setup: install what is missing");
        rows.push(timed("setup", || handover::ask(workspace, &["setup"])));
    }
    let count = steps.len();
    for (index, step) in steps.into_iter().enumerate() {
        console::headline(&format!(
            "{}/{count} {}: {}",
            index + 1,
            step.name,
            step.why
        ));
        rows.push(timed(step.name, || step.run(workspace)));
    }
    summarise(&rows, started.elapsed())
}

fn timed(step: &'static str, work: impl FnOnce() -> Outcome) -> Row {
    let started = Instant::now();
    let outcome = work();
    console::findings(step, &outcome);
    console::verdict(step, &outcome);
    Row {
        step,
        elapsed: started.elapsed(),
        outcome,
    }
}

/// Prints all findings again, then the table.
fn summarise(rows: &[Row], elapsed: Duration) -> Outcome {
    let whole = merged(rows);
    console::headline("summary");
    for row in rows {
        console::findings(row.step, &row.outcome);
    }
    console::line(format_args!(
        "{:9}  {:11}  {:>12}  seen",
        "step", "result", "time"
    ));
    for Row {
        step,
        elapsed,
        outcome,
    } in rows
    {
        let result = console::coloured_verdict(outcome, 11);
        let time = console::duration(*elapsed);
        let seen = console::describe(outcome);
        console::line(format_args!("{step:9}  {result}  {time:>12}  {seen}"));
    }
    let red: Vec<&str> = rows
        .iter()
        .filter(|row| row.outcome.exit_code() != 0)
        .map(|row| row.step)
        .collect();
    let time = console::duration(elapsed);
    let steps = console::plural(rows.len(), "step");
    if red.is_empty() {
        console::line(format_args!("ci: ok, {steps} in {time}"));
    } else {
        let verdict = whole.verdict();
        console::line(format_args!(
            "ci: {verdict} in {} ({steps} in {time})",
            red.join(", ")
        ));
    }
    whole
}

/// The combined outcome of all steps, whose exit code is that of the whole run.
fn merged(rows: &[Row]) -> Outcome {
    let mut whole = Outcome::default();
    for Row { outcome, .. } in rows {
        whole.violations.extend(outcome.violations.iter().cloned());
        whole.unchecked.extend(outcome.unchecked.iter().cloned());
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::{CannotCheck, Report};

    fn row(outcome: impl Into<Outcome>) -> Row {
        Row {
            step: "arch",
            elapsed: Duration::ZERO,
            outcome: outcome.into(),
        }
    }

    #[test]
    fn one_red_step_makes_the_whole_red_and_one_doubt_makes_it_doubtful() {
        let green = || row(Report::new(3, "edges", Vec::new()));
        let doubtful = || row(Err(CannotCheck::new("no tool")));
        let red = || row(Report::new(3, "edges", vec!["bad".into()]));
        assert_eq!(merged(&[green(), green()]).exit_code(), 0);
        assert_eq!(merged(&[green(), doubtful()]).exit_code(), 2);
        assert_eq!(merged(&[doubtful(), red(), green()]).exit_code(), 1);
    }
}
