//! Typed tools under one service name.

use crate::{Capability, Cx, Output, Tool, ToolError, TypedTool};
use async_trait::async_trait;
use serde_json::Value;

/// A [`Tool`] made of [`TypedTool`]s: reads the input into their types, writes their output.
pub struct Toolbox {
    name: String,
    capabilities: Vec<Capability>,
    tools: Vec<Box<dyn Erased>>,
}

impl Toolbox {
    /// An empty toolbox that registers as `name`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            capabilities: Vec::new(),
            tools: Vec::new(),
        }
    }

    /// Adds a tool.
    ///
    /// # Panics
    /// If a capability of the same name is in the box already: two answers to one name is a
    /// mistake of the program, not of its input.
    #[must_use]
    pub fn with<T: TypedTool + 'static>(mut self, tool: T) -> Self {
        assert!(
            !self.capabilities.iter().any(|held| held.name == T::NAME),
            "{} has two capabilities called '{}'",
            self.name,
            T::NAME
        );
        self.capabilities.push(
            Capability::of::<T::Input, T::Output>(T::NAME, T::DESCRIPTION)
                .with_effect(T::EFFECT)
                .with_cost(T::COST)
                .with_timeout(T::TIMEOUT),
        );
        self.tools.push(Box::new(tool));
        self
    }
}

#[async_trait]
impl Tool for Toolbox {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    async fn call(&self, cx: &Cx, capability: &str, input: Value) -> Result<Output, ToolError> {
        let known = self
            .capabilities
            .iter()
            .position(|held| held.name == capability);
        match known {
            Some(index) => self.tools[index].call(cx, input).await,
            None => Err(ToolError::unknown_capability(&self.name, capability)),
        }
    }
}

/// A typed tool behind JSON.
#[async_trait]
trait Erased: Send + Sync {
    async fn call(&self, cx: &Cx, input: Value) -> Result<Output, ToolError>;
}

#[async_trait]
impl<T: TypedTool> Erased for T {
    async fn call(&self, cx: &Cx, input: Value) -> Result<Output, ToolError> {
        let input = serde_json::from_value(input)
            .map_err(|error| ToolError::invalid_input(T::NAME, &error))?;
        let output = TypedTool::call(self, cx, input).await?;
        to_output(T::NAME, &output)
    }
}

/// Writes a typed answer as JSON.
pub(crate) fn to_output(name: &str, value: &impl serde::Serialize) -> Result<Output, ToolError> {
    serde_json::to_value(value)
        .map(Output::new)
        .map_err(|error| {
            ToolError::new(
                crate::Category::Internal,
                "output.not_json",
                format!("the output of {name} cannot be written as JSON: {error}"),
            )
            .with_source(error)
        })
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
        let output = ready(tool.call(&Cx::background(), "add", input)).unwrap();
        assert_eq!(output.value, 5);
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
}
