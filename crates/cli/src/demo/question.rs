//! The question to the agent, and its answer.

use super::evidence::Run;
use crate::{args::Demo, failure::Failure};
use glassbox_core::{Cx, Problem, ServiceInfo};
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

impl Question {
    /// The question or the workflow from the command line.
    ///
    /// # Errors
    /// If an input is not of the form `KEY=VALUE`.
    pub(crate) fn from_args(demo: &Demo) -> Result<Self, Failure> {
        let Some(workflow) = &demo.workflow else {
            return Ok(Self {
                capability: "ask".to_owned(),
                input: json!({"question": demo.ask}),
                title: demo.ask.clone(),
                run: Run::Question,
            });
        };
        let mut input = Map::new();
        for pair in &demo.input {
            let (key, value) = pair.split_once('=').ok_or_else(|| {
                Failure::new(format!(
                    "--input '{pair}' is not of the form KEY=VALUE, such as city=Oslo"
                ))
            })?;
            // Valid JSON is used as such; everything else is a string.
            let value = serde_json::from_str(value).unwrap_or_else(|_| value.into());
            input.insert(key.to_owned(), value);
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
    /// If it does not answer, with its error message if there is one.
    pub(crate) async fn ask(&self, agent: &ServiceInfo) -> Result<Answer, Failure> {
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
            return response
                .json()
                .await
                .map_err(|error| Failure::from_error("cannot parse the agent's answer", &error));
        }
        let problem: Problem = response.json().await.map_err(|error| {
            Failure::from_error(&format!("the agent answered with status {status}"), &error)
        })?;
        Err(Failure::new(format!(
            "{} did not answer: {}",
            agent.name,
            problem.message()
        )))
    }
}
