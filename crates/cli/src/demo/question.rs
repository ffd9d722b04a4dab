//! The question to the agent, and its answer.

use super::{evidence::Run, hint::with_hint};
use crate::{args::Demo, failure::Failure};
use glassbox_config::nearest;
use glassbox_core::{Agent, Capability, Cx, Problem, ServiceInfo};
use glassbox_instrument::HttpClient;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// Time limit for the answer: the longest timeout of the agent's capabilities.
const PATIENCE: Duration = Duration::from_secs(180);

/// A question or a workflow.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    capability: String,
    input: Value,
    title: String,
    run: Run,
}

/// The response of the agent.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// The text of the answer, or the output of a workflow.
    pub(crate) answer: Value,
    /// The model that answered; `None` for a workflow.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// The trace of the run, 32 hex digits.
    pub(crate) trace_id: String,
}

/// A question that was not answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    /// The reason, as shown to the user.
    pub(crate) failure: Failure,
    /// The stable code of the agent's error, if it sent one.
    pub(crate) code: Option<String>,
    /// The trace of the run, 32 hex digits, if the agent returned it.
    pub(crate) trace_id: Option<String>,
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Self {
        Self {
            failure,
            code: None,
            trace_id: None,
        }
    }
}

impl Question {
    /// The question or the workflow from the command line.
    ///
    /// # Errors
    /// If an input is not of the form `KEY=VALUE`, or is given twice.
    pub(crate) fn from_args(demo: &Demo) -> Result<Self, Failure> {
        let Some(workflow) = &demo.workflow else {
            return Ok(Self {
                capability: "ask".to_owned(),
                input: json!({"question": demo.ask}),
                title: demo.ask.clone(),
                run: Run::Question,
            });
        };
        let agent = travel_agent::agent();
        let properties = inputs_of(workflow, agent.capabilities())?;
        let mut input = Map::new();
        for pair in &demo.input {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Failure::usage(format!(
                    "--input '{pair}' is not of the form KEY=VALUE, such as city=Oslo"
                ))
            })?;
            let Some(property) = properties.get(key) else {
                return Err(unknown_input(workflow, key, properties.keys()));
            };
            // Valid JSON is parsed, unless the input must be text; everything else is text.
            let value = match is_text(property) {
                true => value.into(),
                false => serde_json::from_str(value).unwrap_or_else(|_| value.into()),
            };
            if input.insert(key.to_owned(), value).is_some() {
                return Err(Failure::usage(format!("--input {key} is given twice")));
            }
        }
        Ok(Self {
            capability: workflow.clone(),
            title: format!("workflow {workflow} {}", Value::Object(input.clone())),
            input: Value::Object(input),
            run: Run::Workflow,
        })
    }

    /// The kind of run.
    pub(crate) fn run(&self) -> Run {
        self.run
    }

    /// The title shown to the user.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Asks the agent.
    ///
    /// # Errors
    /// If it does not answer. Contains its error message, if any.
    pub(crate) async fn ask(&self, agent: &ServiceInfo) -> Result<Answer, Refusal> {
        let url = format!("{}/v1/capabilities/{}", agent.endpoint, self.capability);
        let response = HttpClient::new()
            .post(&url)
            .json(&self.input)
            .timeout(PATIENCE)
            .send(&Cx::background())
            .await
            .map_err(|error| {
                Failure::from_error(&format!("{} did not answer", agent.name), &error)
            })?;
        let status = response.status();
        if status.is_success() {
            let answer = response.json().await;
            return answer.map_err(|error| {
                Failure::from_error("cannot parse the agent's answer", &error).into()
            });
        }
        let problem: Problem = response.json().await.map_err(|error| {
            Failure::from_error(&format!("the agent answered with status {status}"), &error)
        })?;
        let message = with_hint(problem.message(), problem.code());
        let sentence = match self.run {
            Run::Question => format!("{} did not answer: {message}", agent.name),
            Run::Workflow => message,
        };
        Err(Refusal {
            failure: Failure::new(sentence),
            code: Some(problem.code().to_owned()),
            trace_id: problem.trace_id().map(str::to_owned),
        })
    }
}

/// The capability that answers questions. The others are workflows.
const ASK: &str = "ask";

/// The schemas of a workflow's inputs, by name.
fn inputs_of(workflow: &str, known: &[Capability]) -> Result<Map<String, Value>, Failure> {
    let workflows = known.iter().filter(|capability| capability.name != ASK);
    let mut found = workflows
        .clone()
        .filter(|capability| capability.name == workflow);
    let Some(found) = found.next() else {
        let names: Vec<&str> = workflows.map(|capability| &*capability.name).collect();
        return Err(Failure::usage(format!(
            "there is no workflow '{workflow}'{}; the workflows are: {}",
            likely(workflow, &names),
            names.join(", ")
        )));
    };
    let properties = found.input.as_value().get("properties");
    Ok(properties
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default())
}

fn unknown_input<'a>(
    workflow: &str,
    input: &str,
    known: impl Iterator<Item = &'a String>,
) -> Failure {
    let names: Vec<&str> = known.map(String::as_str).collect();
    Failure::usage(format!(
        "workflow {workflow} has no input '{input}'{}; its inputs are: {}",
        likely(input, &names),
        names.join(", ")
    ))
}

fn likely(name: &str, known: &[&str]) -> String {
    nearest(name, known.iter().copied()).map_or_else(String::new, |nearest| {
        format!(", did you mean '{nearest}'?")
    })
}

/// Whether the schema of an input accepts a text.
fn is_text(schema: &Value) -> bool {
    match &schema["type"] {
        Value::String(kind) => kind == "string",
        Value::Array(kinds) => kinds.iter().any(|kind| kind == "string"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_input_is_refused_with_the_known_ones() {
        let agent = travel_agent::agent();
        let inputs = inputs_of("trip", agent.capabilities()).unwrap();
        assert_eq!(inputs.keys().collect::<Vec<_>>(), ["city", "date"]);
        let said = unknown_input("trip", "ctiy", inputs.keys()).to_string();
        assert!(
            said.contains("did you mean 'city'?; its inputs are: city, date"),
            "{said}"
        );
        assert!(is_text(&inputs["city"]), "{inputs:?}");
    }

    #[test]
    fn an_unknown_workflow_is_refused_with_the_known_ones() {
        let agent = travel_agent::agent();
        for wrong in ["tirp", "ask", ""] {
            let said = inputs_of(wrong, agent.capabilities())
                .unwrap_err()
                .to_string();
            assert!(said.contains("the workflows are: trip"), "{said}");
        }
    }
}
