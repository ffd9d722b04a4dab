mod random;

use super::*;
use crate::{Input, RetryPolicy, RunStarted, Step, Workflow};
use glassbox_core::{Category, Problem, Spent};
use serde_json::{Map, json};
use std::{num::NonZeroUsize, time::Duration};

/// A run played without a driver: the entries so far, and the machine after each of them.
struct Play {
    entries: Vec<Entry>,
    machines: Vec<Machine>,
    now: u64,
}

impl Play {
    fn start(workflow: Workflow, max_parallel: usize) -> Self {
        let mut play = Self {
            entries: Vec::new(),
            machines: vec![Machine::new()],
            now: 1_000,
        };
        play.add(EntryKind::RunStarted(Box::new(RunStarted {
            run_id: "r".to_owned(),
            workflow,
            inputs: Map::new(),
            max_parallel: NonZeroUsize::new(max_parallel).unwrap(),
            cx: serde_json::from_value(json!({"idempotency_key": "order-7"})).unwrap(),
        })));
        play
    }

    fn machine(&self) -> &Machine {
        self.machines.last().unwrap()
    }

    fn add(&mut self, kind: EntryKind) {
        self.now += 1;
        let entry = Entry::new(self.entries.len() as u64, self.now, kind);
        let mut machine = self.machine().clone();
        machine.apply(&entry).unwrap();
        self.entries.push(entry);
        self.machines.push(machine);
    }

    /// Adds decisions until there are none.
    fn decide(&mut self) {
        while let [Command::Append(kind)] = &self.machine().commands()[..] {
            self.add(kind.clone());
        }
    }

    /// Starts the first call that the machine asks for.
    fn begin(&mut self, repeatable: bool) -> (String, u32) {
        self.decide();
        let commands = self.machine().commands();
        let call = commands.into_iter().find_map(|command| match command {
            Command::Call {
                step, attempt, key, ..
            } => Some((step, attempt, key)),
            _ => None,
        });
        let (step, attempt, key) = call.unwrap();
        self.add(EntryKind::AttemptStarted {
            step: step.clone(),
            attempt,
            capability: "x".to_owned(),
            service: "x-tool".to_owned(),
            key,
            repeatable,
        });
        (step, attempt)
    }

    fn fail(&mut self, (step, attempt): (String, u32), category: Category) {
        let problem = Problem::new(category, "x.failed", "no");
        self.add(EntryKind::AttemptFailed {
            step,
            attempt,
            problem,
            jitter: 7,
        });
    }

    fn interrupt(&mut self) {
        self.add(EntryKind::RunInterrupted);
        self.add(EntryKind::RunResumed { trace: None });
    }

    fn problem(&self) -> &Problem {
        self.machine().result().unwrap().unwrap_err()
    }
}

fn one_step(retry: RetryPolicy) -> Workflow {
    Workflow::new("w").with_step(Step::new("s", "x").with_retry(retry))
}

#[test]
fn a_pause_is_derived_from_the_entry_alone() {
    let policy = RetryPolicy::attempts(3)
        .with_backoff(Duration::from_millis(100), Duration::from_millis(150));
    let mut play = Play::start(one_step(policy), 1);
    let mut pauses = Vec::new();
    for attempt in 1..=2 {
        let began = play.begin(true);
        assert_eq!(began, ("s".to_owned(), attempt));
        play.fail(began, Category::Unavailable);
        let failed = play.now;
        play.decide();
        let commands = play.machine().commands();
        let [
            Command::Wait {
                until_unix_nano,
                attempt: next,
                ..
            },
        ] = commands[..]
        else {
            panic!("{commands:?}");
        };
        assert_eq!(next, attempt + 1);
        pauses.push(until_unix_nano - failed);
        play.add(EntryKind::TimerFired {
            step: "s".to_owned(),
            attempt: next,
        });
    }
    // The same random number, under ceilings of 100 and 150 ms.
    assert!(pauses[0] < 100_000_000 && pauses[1] < 150_000_000);
    assert_eq!(pauses[1] / 3, pauses[0] / 2);
    let began = play.begin(true);
    play.fail(began, Category::Unavailable);
    play.decide();
    assert_eq!(play.problem().code(), "x.failed");
}

#[test]
fn a_call_in_doubt_is_made_again_only_if_it_may_be() {
    let mut play = Play::start(one_step(RetryPolicy::attempts(1)), 1);
    let began = play.begin(true);
    play.interrupt();
    assert_eq!(
        play.begin(true),
        began,
        "under its number, whatever the policy"
    );
    play.interrupt();

    let mut play = Play::start(one_step(RetryPolicy::attempts(3)), 1);
    play.begin(false);
    play.interrupt();
    play.decide();
    assert_eq!(play.problem().code(), "workflow.may_have_begun");
    assert!(!play.problem().is_retryable());
    let said = play.problem().message();
    assert!(
        said.starts_with("step 's' (x) failed: the run was interrupted"),
        "{said}"
    );
}

#[test]
fn nothing_is_asked_for_during_an_interruption_and_after_the_end() {
    let mut play = Play::start(one_step(RetryPolicy::attempts(1)), 1);
    play.add(EntryKind::RunInterrupted);
    assert_eq!(play.machine().commands(), []);
    let next = Entry::new(2, 0, EntryKind::RunInterrupted);
    let error = play.machine().clone().apply(&next).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 2 (run_interrupted) cannot happen here: the run is interrupted"
    );
    play.add(EntryKind::RunResumed { trace: None });
    let (step, attempt) = play.begin(true);
    play.add(EntryKind::AttemptCompleted {
        step,
        attempt,
        output: json!(1),
        spent: Spent::default(),
    });
    play.decide();
    assert_eq!(play.machine().result(), Some(Ok(&json!({"s": 1}))));
    assert_eq!(play.machine().commands(), []);
    let after = Entry::new(
        play.machine().next_seq(),
        0,
        EntryKind::RunResumed { trace: None },
    );
    assert!(play.machine().clone().apply(&after).is_err());
}

#[test]
fn an_entry_that_cannot_happen_changes_nothing() {
    let play = Play::start(one_step(RetryPolicy::attempts(1)), 1);
    let step = || "s".to_owned();
    for kind in [
        EntryKind::AttemptCompleted {
            step: step(),
            attempt: 1,
            output: json!(1),
            spent: Spent::default(),
        },
        EntryKind::StepCompleted {
            step: step(),
            attempts: 1,
        },
        EntryKind::StepFailed {
            step: step(),
            attempts: 1,
            problem: Problem::new(Category::Internal, "x", "x"),
        },
        EntryKind::TimerFired {
            step: step(),
            attempt: 1,
        },
        EntryKind::TimerSet {
            step: step(),
            attempt: 2,
            until_unix_nano: 1,
        },
        EntryKind::TimerFired {
            step: "unknown".to_owned(),
            attempt: 1,
        },
    ] {
        let mut machine = play.machine().clone();
        let entry = Entry::new(machine.next_seq(), 0, kind);
        assert!(machine.apply(&entry).is_err(), "{entry:?}");
        assert_eq!(&machine, play.machine());
    }
    let mut machine = Machine::new();
    let first = Entry::new(0, 0, EntryKind::RunInterrupted);
    let error = machine.apply(&first).unwrap_err();
    assert_eq!(
        error.to_string(),
        "entry 0 (run_interrupted) cannot happen here: the run has not started"
    );
}

#[test]
fn inputs_that_do_not_fit_end_the_run_before_any_call() {
    let workflow = one_step(RetryPolicy::attempts(1)).with_input("city", Input::required("Where."));
    let mut play = Play::start(workflow, 1);
    play.decide();
    assert_eq!(play.problem().code(), "workflow.inputs");
}
