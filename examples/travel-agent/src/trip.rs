//! `trip`: a workflow instead of a conversation, without a model.

use glassbox::{
    Cx, Effect, ToolError, TypedAgent, World, async_trait,
    orchestration::{Graph, Input, InvalidWorkflow, RetryPolicy, Step, Workflow},
    telemetry,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// `trip`: what to know about a city before going there.
pub struct Trip {
    graph: Graph,
}

impl Trip {
    /// The skill, with its workflow checked.
    ///
    /// # Errors
    /// If the workflow is invalid.
    pub fn try_new() -> Result<Self, InvalidWorkflow> {
        let workflow = Workflow::new("trip")
            .with_input("city", Input::default().with_default("Tromsø"))
            .with_input("date", Input::default().with_default("tomorrow"))
            .with_step(Step::new("place", "geocode").with_input(json!({"city": "${inputs.city}"})))
            // These two steps depend on the place, but not on each other.
            .with_step(
                Step::new("time", "local_time")
                    .with_input(json!({"timezone": "${steps.place.output.timezone}"}))
                    .with_retry(RetryPolicy::attempts(3)),
            )
            .with_step(
                Step::new("light", "daylight")
                    .with_input(json!({
                        "latitude": "${steps.place.output.latitude}",
                        "longitude": "${steps.place.output.longitude}",
                        "timezone": "${steps.place.output.timezone}",
                        "date": "${inputs.date}",
                    }))
                    .with_retry(RetryPolicy::attempts(3)),
            )
            .with_output(json!({
                "place": "${steps.place.output}",
                "time": "${steps.time.output}",
                "light": "${steps.light.output}",
            }));
        Ok(Self {
            graph: workflow.validate()?,
        })
    }
}

/// Where and when to go.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct TripQuery {
    /// Where to go; Tromsø, if nothing is said.
    #[serde(default)]
    pub city: Option<String>,
    /// Which day: "today", "tomorrow" or a date; tomorrow, if nothing is said.
    #[serde(default)]
    pub date: Option<String>,
}

/// What is known of the place.
#[derive(Debug, Serialize, JsonSchema)]
pub struct TripAnswer {
    /// Place, time and light, as the tools told them.
    pub answer: Value,
    /// The trace of the run, 32 hex digits; zeros without telemetry.
    pub trace_id: String,
}

#[async_trait]
impl TypedAgent for Trip {
    type Input = TripQuery;
    type Output = TripAnswer;
    const NAME: &'static str = "trip";
    const DESCRIPTION: &'static str =
        "Tells what to know about a city before going there: place, time and daylight.";
    const EFFECT: Effect = Effect::ReadOnly;

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        query: TripQuery,
    ) -> Result<TripAnswer, ToolError> {
        let given = [("city", query.city), ("date", query.date)];
        let inputs: Map<String, Value> = given
            .into_iter()
            .filter_map(|(name, value)| Some((name.to_owned(), value?.into())))
            .collect();
        let trace_id = format!("{:032x}", telemetry::current().trace_id);
        let run = glassbox::runner()
            .run(cx, world, &self.graph, inputs)
            .await?;
        tracing::info!(glassbox.workflow.run.id = run.run_id, "planned a trip");
        Ok(TripAnswer {
            answer: run.output,
            trace_id,
        })
    }
}
