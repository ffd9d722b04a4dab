//! Random graphs and random outcomes.

use super::Play;
use crate::{Command, Entry, EntryKind, Machine, RetryPolicy, Step, Workflow};
use glassbox_core::{Category, Spent};
use proptest::prelude::*;
use serde_json::json;
use std::collections::BTreeSet;

/// For each step, the earlier steps that it waits for, and whether its calls are repeatable.
type Shape = Vec<(BTreeSet<usize>, bool)>;

fn shapes() -> impl Strategy<Value = Shape> {
    let step = |at: usize| {
        let before = proptest::collection::btree_set(0..at.max(1), 0..at.min(3) + 1);
        let before = before.prop_map(move |all| match at {
            0 => BTreeSet::new(),
            _ => all,
        });
        (before, any::<bool>())
    };
    (1_usize..10).prop_flat_map(move |len| (0..len).map(step).collect::<Vec<_>>())
}

fn workflow(shape: &Shape) -> Workflow {
    let steps = shape.iter().enumerate().map(|(at, (before, _))| {
        let bound: Vec<String> = before
            .iter()
            .map(|before| format!("${{steps.s{before}.output}}"))
            .collect();
        Step::new(format!("s{at}"), "x")
            .with_input(json!({ "bound": bound }))
            .with_retry(RetryPolicy::attempts(2))
    });
    steps.fold(Workflow::new("any"), Workflow::with_step)
}

fn place(step: &str) -> usize {
    step[1..].parse().unwrap()
}

/// Random values that interrupt nothing.
const UNINTERRUPTED: std::ops::RangeInclusive<u8> = 20..=u8::MAX;

/// Plays a run with random order and outcomes, and compares the commands with a naive model.
fn play(shape: &Shape, cap: usize, chances: &[(usize, u8)]) -> Play {
    let mut play = Play::start(workflow(shape), cap);
    let mut completed = BTreeSet::new();
    let mut calling: Vec<(String, u32)> = Vec::new();
    let mut calls = BTreeSet::new();
    let mut chances = chances.iter();
    loop {
        play.decide();
        for entry in &play.entries {
            if let EntryKind::StepCompleted { step, .. } = &entry.kind {
                completed.insert(place(step));
            }
        }
        let commands = play.machine().commands();
        let mut waits = Vec::new();
        for command in commands {
            match command {
                Command::Append(_) => panic!("all decisions are made"),
                Command::Wait { step, attempt, .. } => waits.push((step, attempt)),
                Command::Call {
                    step, attempt, key, ..
                } => {
                    let (before, repeatable) = &shape[place(&step)];
                    assert!(before.is_subset(&completed), "{step} starts too soon");
                    assert!(!completed.contains(&place(&step)), "{step} is done again");
                    assert_eq!(key, format!("order-7/{step}"));
                    let new = calls.insert((step.clone(), attempt));
                    assert!(new || *repeatable, "{step} is called again");
                    play.add(EntryKind::AttemptStarted {
                        step: step.clone(),
                        attempt,
                        capability: "x".to_owned(),
                        service: "x-tool".to_owned(),
                        key,
                        repeatable: *repeatable,
                    });
                    calling.push((step, attempt));
                }
            }
        }
        assert!(calling.len() + waits.len() <= cap, "above the cap");
        if play.machine().result().is_some() {
            return play;
        }
        let (which, how) = chances.next().copied().unwrap_or((0, u8::MAX));
        match how {
            0..20 => {
                play.interrupt();
                calling.clear();
            }
            _ if calling.is_empty() || (how < 40 && !waits.is_empty()) => {
                let (step, attempt) = waits.remove(which % waits.len());
                play.add(EntryKind::TimerFired { step, attempt });
            }
            _ => {
                let (step, attempt) = calling.remove(which % calling.len());
                match how {
                    40..80 => play.fail((step, attempt), Category::Unavailable),
                    80..85 => play.fail((step, attempt), Category::NotFound),
                    _ => play.add(EntryKind::AttemptCompleted {
                        output: json!({"of": step, "attempt": attempt}),
                        spent: Spent::default(),
                        step,
                        attempt,
                    }),
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn a_replay_leads_to_the_same_state_and_commands_at_every_prefix(
        shape in shapes(),
        cap in 1_usize..4,
        chances in proptest::collection::vec((any::<usize>(), any::<u8>()), 0..40),
    ) {
        let play = play(&shape, cap, &chances);
        // A round trip through JSON, as in a journal.
        let json = serde_json::to_vec(&play.entries).unwrap();
        let entries: Vec<Entry> = serde_json::from_slice(&json).unwrap();
        prop_assert_eq!(&entries, &play.entries);
        for (len, live) in play.machines.iter().enumerate() {
            let replayed = Machine::replay(&entries[..len]).unwrap();
            prop_assert_eq!(&replayed, live, "after {} entries", len);
            prop_assert_eq!(replayed.commands(), live.commands(), "after {} entries", len);
        }
    }

    #[test]
    fn an_entry_that_is_missing_or_twice_there_is_refused(
        shape in shapes(),
        chances in proptest::collection::vec((any::<usize>(), UNINTERRUPTED), 0..20),
        which: usize,
    ) {
        let play = play(&shape, 2, &chances);
        let at = which % play.entries.len();
        let mut missing = play.entries.clone();
        missing.remove(at);
        prop_assert!(Machine::replay(&missing).is_err() || at == missing.len());
        let mut twice = play.entries.clone();
        twice.insert(at, twice[at].clone());
        prop_assert!(Machine::replay(&twice).is_err());
        // Even if renumbered, a missing intent or completion is noticed where a later entry depends on
        // it.
        for (seq, entry) in missing.iter_mut().enumerate() {
            entry.seq = seq as u64;
        }
        let decisive = matches!(
            play.entries[at].kind,
            EntryKind::AttemptStarted { .. } | EntryKind::StepCompleted { .. }
        );
        let ended = play.machine().result().is_some_and(|result| result.is_ok());
        prop_assert!(!(decisive && ended) || Machine::replay(&missing).is_err());
    }
}
