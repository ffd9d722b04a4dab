//! Typed tools under one service name.

use crate::{
    Capability, Cx, Outcome, Tool, ToolError, TypedTool,
    catalogue::{Catalogue, read, write},
};
use async_trait::async_trait;
use serde_json::Value;

/// A [`Tool`] that consists of [`TypedTool`]s.
pub struct Toolbox(Catalogue<dyn Erased>);

impl Toolbox {
    /// Creates an empty toolbox that registers as `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self(Catalogue::new(name.into()))
    }

    /// Adds a tool.
    ///
    /// # Panics
    /// If the capability's name is already in the toolbox or malformed, or its input is not an object. These
    /// are programming errors.
    #[must_use]
    pub fn with<T: TypedTool + 'static>(mut self, tool: T) -> Self {
        let capability = Capability::of::<T::Input, T::Output>(T::NAME, T::DESCRIPTION)
            .with_effect(T::EFFECT)
            .with_cost(T::COST)
            .with_timeout(T::TIMEOUT)
            .with_open_world(T::OPEN_WORLD)
            .with_honours_idempotency_key(T::HONOURS_IDEMPOTENCY_KEY)
            .with_tags(T::TAGS.iter().copied())
            .with_examples(T::examples());
        self.0.add(capability, T::TITLE, T::STRICT, Box::new(tool));
        self
    }

    /// Adds several tools that share one value.
    ///
    /// # Panics
    /// See [`with`](Self::with).
    #[must_use]
    pub fn with_tools(self, tools: impl Tools) -> Self {
        tools.add_to(self)
    }
}

/// Several tools that share one value. `#[glassbox::tools]` on an `impl` block implements it.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a group of tools",
    note = "write `#[glassbox::tools]` on its `impl` block; a single tool is added with `Toolbox::with`"
)]
pub trait Tools {
    /// Adds each of the tools to a toolbox.
    #[must_use]
    fn add_to(self, toolbox: Toolbox) -> Toolbox;
}

#[async_trait]
impl Tool for Toolbox {
    fn name(&self) -> &str {
        self.0.service()
    }

    fn capabilities(&self) -> &[Capability] {
        self.0.capabilities()
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Outcome, ToolError> {
        self.0.find(capability)?.call(cx, input).await
    }
}

/// A typed tool with a JSON interface.
#[async_trait]
trait Erased: Send + Sync {
    async fn call(&self, cx: &Cx, input: Value) -> Result<Outcome, ToolError>;
}

#[async_trait]
impl<T: TypedTool> Erased for T {
    async fn call(&self, cx: &Cx, input: Value) -> Result<Outcome, ToolError> {
        let input = read(T::NAME, input, T::STRICT)?;
        write(T::NAME, &TypedTool::call(self, cx, input).await?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Category;
    use std::{
        future::Future,
        pin::pin,
        task::{Context, Poll, Waker},
    };

    fn value(outcome: Result<Outcome, ToolError>) -> Value {
        outcome.unwrap().into_output().unwrap().value
    }

    fn ready<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(value) => value,
            Poll::Pending => panic!("it waits for nothing"),
        }
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Pair {
        a: i64,
        b: i64,
    }

    struct Add;

    #[async_trait]
    impl TypedTool for Add {
        type Input = Pair;
        type Output = i64;
        const NAME: &'static str = "add";
        const DESCRIPTION: &'static str = "Adds two numbers.";

        async fn call(&self, _cx: &Cx, input: Pair) -> Result<i64, ToolError> {
            Ok(input.a + input.b)
        }
    }

    #[test]
    fn json_reaches_the_typed_tool_and_comes_back() {
        let tool = Toolbox::new("calculator").with(Add);
        let input = serde_json::json!({"a": 2, "b": 3});
        let outcome = ready(tool.call(&Cx::background(), "add", input));
        assert_eq!(value(outcome), 5);
        assert_eq!(tool.capabilities()[0].input.as_value()["type"], "object");
    }

    #[test]
    fn bad_input_says_what_and_where() {
        let tool = Toolbox::new("calculator").with(Add);
        let input = serde_json::json!({"a": 2});
        let error = ready(tool.call(&Cx::background(), "add", input)).unwrap_err();
        assert_eq!(error.category(), Category::Invalid);
        assert_eq!(
            error.message(),
            "the input of add does not fit its schema: missing field `b`"
        );
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Document {
        paragraphs: Vec<Paragraph>,
        title: Option<Title>,
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Paragraph {
        text: String,
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Title {
        #[expect(dead_code, reason = "only its absence is tested")]
        text: String,
    }

    #[derive(serde::Deserialize, schemars::JsonSchema)]
    struct Text {
        document: Document,
    }

    /// Joins paragraphs; strict or not.
    struct Join<const STRICT: bool>;

    #[async_trait]
    impl<const STRICT: bool> TypedTool for Join<STRICT> {
        type Input = Text;
        type Output = String;
        const NAME: &'static str = "join";
        const DESCRIPTION: &'static str = "Joins the paragraphs of a text.";
        const STRICT: bool = STRICT;

        async fn call(&self, _cx: &Cx, input: Text) -> Result<String, ToolError> {
            let _title = input.document.title;
            let texts = input.document.paragraphs.into_iter();
            Ok(texts.map(|paragraph| paragraph.text).collect())
        }
    }

    #[test]
    fn a_wrong_or_unknown_field_is_named_by_its_path() {
        let tool = Toolbox::new("text").with(Join::<true>);
        let message = |input| {
            let outcome = ready(tool.call(&Cx::background(), "join", input));
            let error = outcome.unwrap_err();
            assert_eq!(error.code(), "input.invalid");
            let (_, said) = error.message().split_once(": ").unwrap();
            said.to_owned()
        };
        let said = message(serde_json::json!({"document": {"paragraphs": [{"text": "a"}, {}]}}));
        assert_eq!(said, "document.paragraphs[1]: missing field `text`");
        let input = serde_json::json!({"document": {"paragraphs": [{"text": 7}]}});
        let said = message(input);
        assert!(
            said.starts_with("document.paragraphs[0].text: invalid type"),
            "{said}"
        );
        let said = message(serde_json::json!({"document": {"paragraphs": [], "colour": 1}}));
        assert_eq!(said, "document.colour: unknown field");
        let input =
            serde_json::json!({"document": {"paragraphs": [], "title": {"text": "t", "x": 1}}});
        assert_eq!(message(input), "document.title.x: unknown field");
        let input = &tool.capabilities()[0].input;
        assert_eq!(input.as_value()["additionalProperties"], false);
    }

    #[test]
    fn strictness_can_be_turned_off_for_rolling_upgrades() {
        let tool = Toolbox::new("text").with(Join::<false>);
        let input = serde_json::json!({"document": {"paragraphs": [{"text": "a", "new": 1}]}});
        assert_eq!(
            value(ready(tool.call(&Cx::background(), "join", input))),
            "a"
        );
        let input = &tool.capabilities()[0].input;
        assert!(input.get("additionalProperties").is_none());
    }

    #[test]
    fn an_unknown_capability_is_not_found() {
        let tool = Toolbox::new("calculator").with(Add);
        let error = ready(tool.call(&Cx::background(), "sub", Value::Null)).unwrap_err();
        assert_eq!(error.category(), Category::NotFound);
        assert_eq!(error.message(), "calculator has no capability 'sub'");
    }

    #[test]
    #[should_panic(expected = "two capabilities called 'add'")]
    fn one_name_is_one_tool() {
        let _ = Toolbox::new("calculator").with(Add).with(Add);
    }

    struct Ping;

    #[async_trait]
    impl TypedTool for Ping {
        type Input = ();
        type Output = &'static str;
        const NAME: &'static str = "ping";
        const DESCRIPTION: &'static str = "Answers.";

        async fn call(&self, _cx: &Cx, (): ()) -> Result<&'static str, ToolError> {
            Ok("pong")
        }
    }

    #[test]
    fn a_tool_that_takes_nothing_takes_an_empty_object() {
        let tool = Toolbox::new("echo").with(Ping);
        let call = |input| ready(tool.call(&Cx::background(), "ping", input));
        assert_eq!(value(call(serde_json::json!({}))), "pong");
        assert_eq!(value(call(Value::Null)), "pong");
        assert!(call(serde_json::json!({"a": 1})).is_err());
    }

    struct Number;

    #[async_trait]
    impl TypedTool for Number {
        type Input = u8;
        type Output = u8;
        const NAME: &'static str = "number";
        const DESCRIPTION: &'static str = "Gives its input.";

        async fn call(&self, _cx: &Cx, number: u8) -> Result<u8, ToolError> {
            Ok(number)
        }
    }

    #[test]
    #[should_panic(expected = "the input of 'number' of calculator is not an object")]
    fn an_input_is_an_object() {
        let _ = Toolbox::new("calculator").with(Number);
    }
}
