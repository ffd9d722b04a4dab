//! What the agent is asked, and what it answers.

use super::evidence::Run;
use crate::{args::Demo, failure::Failure};
use glassbox_core::{Cx, Problem, ServiceInfo};
use glassbox_instrument::HttpClient;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::time::Duration;

/// How long the agent may take, as its own capabilities say at most.
const PATIENCE: Duration = Duration::from_secs(180);

/// What to ask.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    capability: String,
    input: Value,
    title: String,
    run: Run,
}

/// What came back.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer {
    /// The answer; a text, or the output of a workflow.
    pub(crate) answer: Value,
    /// The model that answered; none in a workflow.
    #[serde(default)]
    pub(crate) model: Option<String>,
    /// The trace of the run, 32 hex digits.
    pub(crate) trace_id: String,
}

impl Question {
    /// The question or the workflow of the command line.
    ///
    /// # Errors
    /// If an input is no `KEY=VALUE`.
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
                    "--input '{pair}' is no KEY=VALUE, such as city=Oslo"
                ))
            })?;
            // Numbers and booleans are what they look like; everything else is text.
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

    /// What kind of run it is.
    pub(crate) fn run(&self) -> Run {
        self.run
    }

    /// As a person reads it.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Asks the agent.
    ///
    /// # Errors
    /// If it does not answer, with its own sentence where it has one.
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
            return response.json().await.map_err(|error| {
                Failure::from_error("the agent's answer was not understood", &error)
            });
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
