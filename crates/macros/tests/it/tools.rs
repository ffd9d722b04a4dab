//! Tests of tools made from functions and from methods.

use glassbox_core::{Capability, CostClass, Cx, Effect, Tool, ToolError, Toolbox, TypedTool};
use glassbox_macros::{tool, tools};
use serde_json::{Value, json};
use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Words {
    text: String,
}

/// Counts the words
/// of a text.
///
/// Words are separated by white space.
///
/// # Errors
/// Without words.
#[tool(
    idempotent,
    title = "Word count",
    timeout = "5s",
    cost = cheap,
    tags("text", "count"),
    honours_idempotency_key,
    closed_world,
    lenient,
    crate = glassbox_core
)]
async fn count_words(_cx: &Cx, input: Words) -> Result<usize, ToolError> {
    match input.text.split_whitespace().count() {
        0 => Err(ToolError::invalid("words.none", "write at least one word")),
        words => Ok(words),
    }
}

/// Answers.
#[tool(read_only, name = "ping_me", crate = ::glassbox_core)]
async fn r#ping() -> Result<&'static str, ToolError> {
    Ok("pong")
}

struct NoLuck;

impl From<NoLuck> for ToolError {
    fn from(_: NoLuck) -> Self {
        Self::unavailable("luck.none", "try again later")
    }
}

/// Fails with an error of its own.
#[tool(crate = glassbox_core)]
async fn fail(Words { text }: Words) -> Result<String, NoLuck> {
    match text.is_empty() {
        true => Err(NoLuck),
        false => Ok(text),
    }
}

async fn call(tool: &impl Tool, capability: &str, input: Value) -> Result<Value, ToolError> {
    let outcome = tool.call(&Cx::background(), capability, input).await?;
    Ok(outcome.into_output()?.value)
}

#[tokio::test]
async fn a_function_is_a_tool_of_the_same_name() {
    let tool = Toolbox::new("word-tool").with(count_words);
    assert_eq!(
        call(&tool, "count_words", json!({"text": "a b"}))
            .await
            .unwrap(),
        2
    );
    let error = call(&tool, "count_words", json!({"text": ""}))
        .await
        .unwrap_err();
    assert_eq!(error.code(), "words.none");
}

#[tokio::test]
async fn a_test_calls_the_tool_with_its_types() {
    let cx = Cx::background();
    let input = Words {
        text: "one two three".to_owned(),
    };
    assert_eq!(count_words.call(&cx, input).await.unwrap(), 3);
    assert_eq!(ping.call(&cx, ()).await.unwrap(), "pong");
}

#[test]
fn every_option_reaches_the_capability() {
    let tool = Toolbox::new("word-tool").with(count_words);
    let [capability] = tool.capabilities() else {
        panic!("one tool")
    };
    let expected = Capability::of::<Words, usize>(
        "count_words",
        "Counts the words of a text.\n\nWords are separated by white space.",
    )
    .with_effect(Effect::Idempotent)
    .with_title("Word count")
    .with_timeout(Duration::from_secs(5))
    .with_cost(CostClass::Cheap)
    .with_tags(["text", "count"])
    .with_honours_idempotency_key(true)
    .with_open_world(false);
    assert_eq!(*capability, expected);
}

#[test]
fn an_author_who_says_nothing_gets_the_defaults_of_the_contract() {
    assert_eq!(<fail as TypedTool>::EFFECT, Effect::Mutating);
    assert_eq!(<fail as TypedTool>::TIMEOUT, Duration::from_secs(30));
    let tool = Toolbox::new("luck").with(fail);
    let input = &tool.capabilities()[0].input;
    assert_eq!(input.as_value()["additionalProperties"], false);
    assert_eq!(<ping as TypedTool>::NAME, "ping_me");
}

#[tokio::test]
async fn an_error_of_the_authors_own_is_converted() {
    let tool = Toolbox::new("luck").with(fail);
    let error = call(&tool, "fail", json!({"text": ""})).await.unwrap_err();
    assert_eq!(error.code(), "luck.none");
}

#[derive(Default)]
struct Tally {
    total: AtomicU64,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Step {
    by: u64,
}

#[tools(crate = glassbox_core)]
impl Tally {
    /// Adds to the tally.
    #[tool]
    async fn add(&self, _cx: &Cx, step: Step) -> Result<u64, ToolError> {
        Ok(self.total.fetch_add(step.by, Ordering::Relaxed) + step.by)
    }

    /// Returns the tally.
    #[glassbox_macros::tool(read_only)]
    async fn total(&self) -> Result<u64, ToolError> {
        Ok(self.read())
    }

    fn read(&self) -> u64 {
        self.total.load(Ordering::Relaxed)
    }
}

#[tokio::test]
async fn methods_of_one_value_are_tools_that_share_it() {
    let tool = Toolbox::new("tally")
        .with_tools(Tally::default())
        .with(ping);
    let names: Vec<_> = tool
        .capabilities()
        .iter()
        .map(|known| &*known.name)
        .collect();
    assert_eq!(names, ["add", "total", "ping_me"]);
    call(&tool, "add", json!({"by": 3})).await.unwrap();
    assert_eq!(call(&tool, "total", json!({})).await.unwrap(), 3);
    assert_eq!(tool.capabilities()[1].effect, Effect::ReadOnly);
}

#[tokio::test]
async fn a_method_stays_a_method() {
    let tally = Tally::default();
    tally.add(&Cx::background(), Step { by: 2 }).await.unwrap();
    assert_eq!(tally.total().await.unwrap(), 2);
}
