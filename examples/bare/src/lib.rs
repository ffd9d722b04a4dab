//! An agent that uses only the contracts and the host: no telemetry and no HTTP client in its dependency
//! tree.
//!
//! It still propagates its caller's trace, answers probes and drains. Its only tool is linked into the
//! program, and is found and called like any other.

use glassbox_core::{
    Category, Cx, Effect, Filter, Skillset, ToolError, Toolbox, TypedAgent, TypedTool, World,
    async_trait,
};
use glassbox_host::{Active, Host, LocalTools};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A text.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    /// What is read.
    pub text: String,
}

/// The tool: counts words, and calls no other service.
#[derive(Debug)]
pub struct CountWords;

#[async_trait]
impl TypedTool for CountWords {
    type Input = Text;
    type Output = u64;
    const NAME: &'static str = "count_words";
    const DESCRIPTION: &'static str = "Counts the words of a text.";
    const EFFECT: Effect = Effect::ReadOnly;

    async fn call(&self, _cx: &Cx, input: Text) -> Result<u64, ToolError> {
        Ok(input.text.split_whitespace().count() as u64)
    }
}

/// How long a text takes to read.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ReadingTime {
    /// How many words it has.
    pub words: u64,
    /// At two hundred words a minute.
    pub seconds: u64,
}

/// The agent: finds a tool that counts words, and calls it.
#[derive(Debug)]
pub struct EstimateReading;

#[async_trait]
impl TypedAgent for EstimateReading {
    type Input = Text;
    type Output = ReadingTime;
    const NAME: &'static str = "estimate_reading";
    const DESCRIPTION: &'static str = "Tells how long a text takes to read.";
    const EFFECT: Effect = Effect::ReadOnly;

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        input: Text,
    ) -> Result<ReadingTime, ToolError> {
        let counters = Filter::tools().with_capability(CountWords::NAME);
        let found = world.discovery.find(cx, &counters).await?;
        let Some(service) = found.first() else {
            let message = "no tool counts words; start one with the capability 'count_words'";
            return Err(ToolError::new(
                Category::Unavailable,
                "reading.no_counter",
                message,
            ));
        };
        let tool = world.connector.connect(service)?;
        let input = serde_json::json!({ "text": input.text });
        let answer = tool.call(cx, CountWords::NAME, input).await?;
        let words = answer.into_output()?.value.as_u64().unwrap_or_default();
        Ok(ReadingTime {
            words,
            seconds: words.saturating_mul(60).div_ceil(200),
        })
    }
}

/// The agent with its world, ready to be served.
pub fn host() -> Host<Active> {
    let tools = Arc::new(LocalTools::new().with(Toolbox::new("word-tool").with(CountWords)));
    Host::agent(Skillset::new("reader").with(EstimateReading))
        .discovery(tools.clone())
        .connector(tools)
}
