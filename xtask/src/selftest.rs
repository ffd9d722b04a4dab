//! `selftest`: runs every check against broken trees. A check that no mutant can make fail does not count.

use crate::{
    check::Check,
    fixture::Fixture,
    outcome::{CannotCheck, Report},
    workspace::Workspace,
};

/// Runs every mutant of every check. Each check comes with the name of its step.
///
/// # Errors
///
/// A check cannot check the intact tree, or there is no check.
pub fn run(
    workspace: &Workspace,
    checks: impl IntoIterator<Item = (&'static str, &'static Check)>,
) -> Result<Report, CannotCheck> {
    let mut killed = 0;
    let mut violations = Vec::new();
    let mut table = vec![format!(
        "{:9}  {:13}  {:>7}  {:>6}",
        "step", "check", "mutants", "killed"
    )];
    for (step, check) in checks {
        let survivors = trial(workspace, check)?;
        let mutants = check.mutants.len();
        let dead = mutants - survivors.len().min(mutants);
        table.push(format!(
            "{:9}  {:13}  {mutants:>7}  {dead:>6}",
            step, check.name
        ));
        killed += dead;
        violations.extend(
            survivors
                .into_iter()
                .map(|fault| format!("{}: {fault}", check.name)),
        );
    }
    workspace.say("");
    for line in table {
        workspace.say(&line);
    }
    Report::new(killed, "mutants killed", violations)
}

/// Runs one check against the intact tree and against each of its mutants, and returns what went wrong.
fn trial(workspace: &Workspace, check: &Check) -> Result<Vec<String>, CannotCheck> {
    let mut faults = Vec::new();
    if check.mutants.is_empty() {
        faults.push("has no mutants, so nothing shows that it can turn red".to_owned());
    }
    let fixture = Fixture::new(workspace.root())?;
    match (check.run)(fixture.workspace()) {
        Ok(report) if report.violations().is_empty() => {}
        Ok(report) => faults.push(format!("is red on a sound tree: {:?}", report.violations())),
        Err(reason) => return Err(CannotCheck::new(format!("{}: {reason}", check.name))),
    }
    for mutant in check.mutants {
        let fixture = Fixture::new(workspace.root())?;
        (mutant.apply)(&fixture)?;
        let result = (check.run)(fixture.workspace());
        let is_dead = mutant.answer.is_given_by(&result);
        let verdict = if is_dead { "killed" } else { "SURVIVED" };
        workspace.say(&format!("{verdict}  {}: {}", check.name, mutant.fault));
        if !is_dead {
            let (fault, answer) = (mutant.fault, &mutant.answer);
            faults.push(format!(
                "lets this through: {fault} (wanted {answer:?}, got {result:?})"
            ));
        }
    }
    Ok(faults)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{arch, mutants::MANIFEST_MUTANTS, process::Voice, step::STEPS};

    fn repository() -> Workspace {
        Workspace::discover().unwrap().with_voice(Voice::Silent)
    }

    #[test]
    fn every_edge_mutant_is_killed() {
        assert_eq!(trial(&repository(), &arch::EDGES).unwrap(), [""; 0]);
    }

    #[test]
    fn every_unused_mutant_is_killed() {
        assert_eq!(trial(&repository(), &arch::UNUSED).unwrap(), [""; 0]);
    }

    #[test]
    fn every_circle_mutant_is_killed() {
        assert_eq!(trial(&repository(), &arch::CIRCLES).unwrap(), [""; 0]);
    }

    #[test]
    fn every_source_mutant_is_killed() {
        assert_eq!(trial(&repository(), &arch::SOURCE).unwrap(), [""; 0]);
    }

    #[test]
    fn every_tidy_mutant_is_killed() {
        assert_eq!(trial(&repository(), &crate::lint::TIDY).unwrap(), [""; 0]);
    }

    #[test]
    fn every_manifest_mutant_is_killed() {
        assert_eq!(trial(&repository(), &arch::MANIFESTS).unwrap(), [""; 0]);
    }

    #[test]
    fn every_api_mutant_is_killed() {
        assert_eq!(trial(&repository(), &crate::api::API).unwrap(), [""; 0]);
    }

    #[test]
    fn every_closure_mutant_is_killed() {
        assert_eq!(
            trial(&repository(), &crate::closure::CLOSURE).unwrap(),
            [""; 0]
        );
    }

    #[test]
    fn a_check_that_is_always_green_is_found_out() {
        let check = Check {
            name: "blind",
            run: |_| Report::new(1, "things", Vec::new()),
            mutants: MANIFEST_MUTANTS,
        };
        assert_eq!(
            trial(&repository(), &check).unwrap().len(),
            MANIFEST_MUTANTS.len()
        );
    }

    #[test]
    fn a_check_that_is_always_red_is_found_out() {
        let check = Check {
            name: "angry",
            run: |_| Report::new(1, "things", vec!["no".into()]),
            mutants: MANIFEST_MUTANTS,
        };
        assert_eq!(
            trial(&repository(), &check).unwrap().len(),
            1 + MANIFEST_MUTANTS.len()
        );
    }

    #[test]
    fn a_check_without_mutants_does_not_count() {
        let check = Check {
            name: "idle",
            run: |_| Report::new(1, "things", Vec::new()),
            mutants: &[],
        };
        assert_eq!(trial(&repository(), &check).unwrap().len(), 1);
    }

    #[test]
    fn every_step_but_this_one_has_checks_here_or_is_handed_over() {
        let steps = STEPS.iter().filter(|step| !step.is_handed_over());
        for step in steps.filter(|step| step.name != "selftest") {
            assert!(!step.checks().is_empty(), "{}", step.name);
        }
    }
}
