//! Runs that complete.

use crate::{
    inputs::object,
    world::{Fixture, capability},
};
use glassbox_core::Cx;
use glassbox_orchestration::{Input, OrchestrationSettings, Step, StepOutcome, Workflow};
use serde_json::{Map, json};
use std::{
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};
use tokio::sync::Barrier;

#[tokio::test]
async fn outputs_reach_the_steps_that_bind_to_them() {
    let fixture = Fixture::new()
        .with("geocode", async |_, input| {
            assert_eq!(input, json!({"city": "Tromsø"}));
            Ok(json!({"latitude": 69.65, "timezone": "Europe/Oslo"}))
        })
        .with("daylight", async |_, input| {
            Ok(json!({"at": input["latitude"]}))
        })
        .with("local_time", async |_, input| {
            Ok(json!({"zone": input["timezone"]}))
        });
    let graph = Workflow::new("trip")
        .with_input("city", Input::required("Where."))
        .with_step(
            Step::new("day", "daylight")
                .with_input(json!({"latitude": "${steps.place.output.latitude}"})),
        )
        .with_step(
            Step::new("time", "local_time")
                .with_input(json!({"timezone": "${steps.place.output.timezone}"})),
        )
        .with_step(Step::new("place", "geocode").with_input(json!({"city": "${inputs.city}"})))
        .with_output(json!({
            "where": "${inputs.city}", "day": "${steps.day.output}",
            "zone": "zone ${steps.time.output.zone}",
        }))
        .validate()
        .unwrap();
    let run = fixture
        .runner()
        .run(
            &Cx::background(),
            &fixture.world(),
            &graph,
            object(json!({"city": "Tromsø"})),
        )
        .await
        .unwrap();
    assert_eq!(
        run.output,
        json!({"where": "Tromsø", "day": {"at": 69.65}, "zone": "zone Europe/Oslo"})
    );
    assert_eq!(run.steps[2].id, "place");
    assert!(matches!(
        run.steps[2].outcome,
        StepOutcome::Completed { attempts: 1, .. }
    ));
    let told = fixture.told();
    assert_eq!(
        told[..3],
        [
            "workflow.started",
            "workflow.step_started place",
            "workflow.step_completed place"
        ]
    );
    assert_eq!(told.last().unwrap(), "workflow.completed");
}

#[tokio::test(start_paused = true)]
async fn what_is_ready_runs_at_once() {
    let all = Arc::new(Barrier::new(3));
    let fixture = Fixture::new().with("meet", move |_, _| {
        let all = all.clone();
        async move {
            all.wait().await;
            Ok(json!("met"))
        }
    });
    let graph = Workflow::new("w")
        .with_step(Step::new("a", "meet"))
        .with_step(Step::new("b", "meet"))
        .with_step(Step::new("c", "meet"))
        .validate()
        .unwrap();
    let run = fixture
        .runner()
        .run(&Cx::background(), &fixture.world(), &graph, Map::new())
        .await
        .unwrap();
    // Without an output template, the output contains the outputs of the last steps.
    assert_eq!(run.output, json!({"a": "met", "b": "met", "c": "met"}));
}

#[tokio::test(start_paused = true)]
async fn no_more_than_the_cap_are_under_way() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let fixture = Fixture::new().with("work", move |_, _| {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_secs(1)).await;
            now.fetch_sub(1, SeqCst);
            Ok(json!(null))
        }
    });
    let steps = (0..7).map(|at| Step::new(format!("s{at}"), "work"));
    let graph = steps
        .fold(Workflow::new("w"), Workflow::with_step)
        .validate()
        .unwrap();
    let mut settings = OrchestrationSettings::default();
    settings.max_parallel = NonZeroUsize::new(3).unwrap();
    fixture
        .runner()
        .configured(&settings)
        .run(&Cx::background(), &fixture.world(), &graph, Map::new())
        .await
        .unwrap();
    assert_eq!(seen.load(SeqCst), 3);
}

#[tokio::test]
async fn a_step_can_say_whose_capability_it_means() {
    let fixture = Fixture::new()
        .with_capability("a-tool", capability("name"), async |_, _| Ok(json!("a")))
        .with_capability("b-tool", capability("name"), async |_, _| Ok(json!("b")));
    let graph = Workflow::new("w")
        .with_step(Step::new("s", "name").on_service("b-tool"))
        .with_output(json!("${steps.s.output}"))
        .validate()
        .unwrap();
    let run = fixture
        .runner()
        .run(&Cx::background(), &fixture.world(), &graph, Map::new())
        .await
        .unwrap();
    assert_eq!(run.output, json!("b"));
}
