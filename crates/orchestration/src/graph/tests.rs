use super::*;
use crate::{Input, RetryPolicy};
use serde_json::json;

fn faults(workflow: Workflow) -> Vec<String> {
    let error = workflow.validate().unwrap_err();
    error.faults().iter().map(ToString::to_string).collect()
}

#[test]
fn bindings_imply_dependencies_and_explicit_ones_add_to_them() {
    let graph = Workflow::new("w")
        .with_step(
            Step::new("c", "x")
                .with_input(json!(["${steps.a.output}"]))
                .after("b"),
        )
        .with_step(Step::new("b", "x"))
        .with_step(Step::new("a", "x"))
        .validate()
        .unwrap();
    assert_eq!(graph.order().collect::<Vec<_>>(), ["b", "a", "c"]);
    assert_eq!(graph.dependencies("c").collect::<Vec<_>>(), ["b", "a"]);
    assert_eq!(graph.dependencies("nobody").count(), 0);
}

#[test]
fn a_cycle_is_named_step_by_step() {
    let workflow = Workflow::new("w")
        .with_step(Step::new("start", "x"))
        .with_step(
            Step::new("a", "x")
                .with_input(json!("${steps.b.output}"))
                .after("start"),
        )
        .with_step(Step::new("b", "x").after("c"))
        .with_step(Step::new("c", "x").with_input(json!("see ${steps.a.output.y}")))
        .with_step(Step::new("end", "x").after("c"));
    assert_eq!(
        faults(workflow),
        ["steps wait for each other: a waits for b waits for c waits for a"]
    );
    let itself = Workflow::new("w").with_step(Step::new("a", "x").after("a"));
    assert_eq!(faults(itself), ["steps wait for each other: a waits for a"]);
}

#[test]
fn everything_that_is_wrong_is_said_at_once() {
    let workflow = Workflow::new("w")
        .with_step(Step::new("a", "x").with_input(json!("${inputs.city}")))
        .with_step(Step::new("a", "x").after("z"))
        .with_step(Step::new("b c", "x").with_retry(RetryPolicy::attempts(0)))
        .with_output(json!({"x": "${steps.q.output}", "y": "${oops}"}));
    assert_eq!(
        faults(workflow),
        [
            "two steps have the id 'a'",
            "'b c' is not a valid step id: use letters, digits, '_' and '-'",
            "step 'a' refers to input 'city', which is not declared",
            "step 'a' refers to step 'z', which does not exist",
            "the retry policy of step 'b c' is not valid: at least one attempt must be allowed",
            "the output: '${oops}' is neither ${inputs.NAME} nor ${steps.ID.output}",
        ]
    );
    assert_eq!(faults(Workflow::new("w")), ["it has no steps"]);
}

#[test]
fn a_workflow_is_data() {
    let text = r#"{
        "name": "trip",
        "inputs": {"city": {}, "date": {"optional": true}},
        "steps": [
            {"id": "place", "capability": "geocode", "input": {"city": "${inputs.city}"},
             "retry": {"attempts": 3}, "timeout_ms": 500},
            {"id": "day", "capability": "daylight", "service": "daylight-tool", "depends_on": ["place"]}
        ]
    }"#;
    let workflow: Workflow = serde_json::from_str(text).unwrap();
    assert_eq!(workflow.steps[0].retry, RetryPolicy::attempts(3));
    let back = serde_json::to_value(&workflow).unwrap();
    assert_eq!(serde_json::from_value::<Workflow>(back).unwrap(), workflow);
    let error =
        serde_json::from_str::<Workflow>(r#"{"name":"w","steps":[{"id":"a","capabilty":"x"}]}"#)
            .unwrap_err();
    assert!(error.to_string().contains("capabilty"), "{error}");
}

#[test]
fn inputs_are_checked_and_filled_in() {
    let graph = Workflow::new("w")
        .with_input("city", Input::required("Where."))
        .with_input("date", Input::optional("When."))
        .with_input("units", Input::default().with_default("metric"))
        .with_step(Step::new("a", "x"))
        .validate()
        .unwrap();
    let given = |value: Value| value.as_object().cloned().unwrap();
    assert_eq!(
        Value::Object(graph.inputs(given(json!({"city": "Oslo"}))).unwrap()),
        json!({"city": "Oslo", "date": null, "units": "metric"})
    );
    assert_eq!(
        graph.inputs(given(json!({"town": "Oslo"}))).unwrap_err(),
        "it has no input 'town'; input 'city' is missing"
    );
}
