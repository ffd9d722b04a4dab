//! Random graphs, compared with a naive model: nothing starts before its dependencies have ended.

use crate::world::Fixture;
use glassbox_core::Cx;
use glassbox_orchestration::{Step, Workflow};
use proptest::prelude::*;
use serde_json::{Map, json};
use std::{
    num::NonZeroUsize,
    sync::{Arc, Mutex},
    time::Duration,
};

/// For each step, the earlier steps that it waits for, and how long it takes.
type Shape = Vec<(Vec<usize>, u64)>;

fn shapes() -> impl Strategy<Value = Shape> {
    (1_usize..12).prop_flat_map(|len| {
        (0..len)
            .map(|at| {
                let before = proptest::collection::vec(0..at.max(1), 0..at.min(3) + 1);
                let before = before.prop_map(move |all| match at {
                    0 => Vec::new(),
                    _ => all,
                });
                (before, 0_u64..4)
            })
            .collect::<Vec<_>>()
    })
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    Start(usize),
    End(usize),
}

fn play(shape: &Shape, shuffle: bool, cap: usize) -> Vec<Seen> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let log = Arc::new(Mutex::new(Vec::new()));
        let seen = log.clone();
        let fixture = Fixture::new().with("work", move |_, input| {
            let at = input["at"].as_u64().unwrap() as usize;
            let took = Duration::from_millis(input["took"].as_u64().unwrap());
            let log = log.clone();
            async move {
                log.lock().unwrap().push(Seen::Start(at));
                tokio::time::sleep(took).await;
                log.lock().unwrap().push(Seen::End(at));
                Ok(json!(at))
            }
        });
        let mut steps: Vec<Step> = shape
            .iter()
            .enumerate()
            .map(|(at, (before, took))| {
                // Half of the dependencies are bindings, half are explicit.
                let bound: Vec<String> = before
                    .iter()
                    .filter(|before| *before % 2 == 0)
                    .map(|before| format!("${{steps.s{before}.output}}"))
                    .collect();
                let step = Step::new(format!("s{at}"), "work")
                    .with_input(json!({"at": at, "took": took, "bound": bound}));
                let explicit = before.iter().filter(|before| *before % 2 == 1);
                explicit.fold(step, |step, before| step.after(format!("s{before}")))
            })
            .collect();
        if shuffle {
            steps.reverse();
        }
        let workflow = steps
            .into_iter()
            .fold(Workflow::new("any"), Workflow::with_step);
        let graph = workflow.validate().unwrap();
        fixture
            .runner()
            .with_max_parallel(NonZeroUsize::new(cap).unwrap())
            .run(&Cx::background(), &fixture.world(), &graph, Map::new())
            .await
            .unwrap();
        drop(fixture);
        Arc::into_inner(seen).unwrap().into_inner().unwrap()
    })
}

proptest! {
    #[test]
    fn order_respects_dependencies(shape in shapes(), shuffle: bool, cap in 1_usize..5) {
        let seen = play(&shape, shuffle, cap);
        prop_assert_eq!(seen.len(), shape.len() * 2, "each step once");
        let place = |what: Seen| seen.iter().position(|seen| *seen == what);
        for (at, (before, _)) in shape.iter().enumerate() {
            let start = place(Seen::Start(at));
            prop_assert!(start.is_some());
            prop_assert!(start < place(Seen::End(at)));
            for before in before {
                prop_assert!(place(Seen::End(*before)) < start, "s{} before s{}", before, at);
            }
        }
        let mut open = 0_usize;
        for seen in &seen {
            match seen {
                Seen::Start(_) => open += 1,
                Seen::End(_) => open -= 1,
            }
            prop_assert!(open <= cap);
        }
    }
}
