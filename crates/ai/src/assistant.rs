//! Answers questions with a model and the tools that discovery finds.

mod answer;
mod record;
mod structured;
mod tool_call;
mod turns;

pub use answer::{Answer, AssistantError, ToolUse};
pub use structured::Structured;

use crate::{ContentCapture, ModelConfig};
use answer::Progress;
use futures_util::future::{Either, select};
use glassbox_core::{Category, Clock, Cx, Filter, Message, Problem, Role, World};
use glassbox_instrument::SystemClock;
use record::AgentRecord;
use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use std::{
    num::{NonZeroU32, NonZeroUsize},
    pin::pin,
    sync::Arc,
};
use structured::{Expected, Typed};

const MAX_STEPS: NonZeroU32 = NonZeroU32::new(8).expect("invariant: eight is not zero");
const MAX_PARALLEL: NonZeroUsize = NonZeroUsize::new(8).expect("invariant: eight is not zero");

/// The loop in which a model calls tools until it has an answer.
///
/// If a tool fails, does not exist, or is called with arguments that are not an object, the model gets the error
/// as the tool's result and continues. If an instance of a tool is unavailable and repeating the call is harmless,
/// another instance is tried first. The loop ends with an answer, at the limit of steps, when the budget is
/// exhausted, at the caller's deadline, or when the model fails.
///
/// Each answer is one `invoke_agent {name}` span, with the spans of the model calls and one `execute_tool {tool}`
/// span per tool call below it.
///
/// ```
/// use glassbox_ai::Assistant;
/// use glassbox_core::{Cx, ToolError, World};
///
/// async fn ask(cx: &Cx, world: &World<'_>) -> Result<String, ToolError> {
///     let assistant = Assistant::new("guide").with_instructions("Answer in one sentence.");
///     let answer = assistant.answer(cx, world, "What time is it in Oslo?").await?;
///     Ok(format!("{} ({} tokens)", answer.text, answer.usage.total()))
/// }
/// ```
///
/// # Bounds
/// By default, 8 model calls per question and 8 concurrent tool calls.
///
/// # Cancel safety
/// Dropping the future cancels the model call and the tool calls.
#[derive(Clone)]
pub struct Assistant {
    name: String,
    instructions: Option<String>,
    filter: Filter,
    max_steps: NonZeroU32,
    max_parallel: NonZeroUsize,
    temperature: Option<f32>,
    max_tokens: Option<u32>,
    capture: ContentCapture,
    clock: Arc<dyn Clock>,
}

impl Assistant {
    /// An assistant that may use all tools that are ready, but no agents.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            instructions: None,
            filter: Filter::tools(),
            max_steps: MAX_STEPS,
            max_parallel: MAX_PARALLEL,
            temperature: None,
            max_tokens: None,
            capture: ContentCapture::Off,
            clock: Arc::new(SystemClock),
        }
    }

    /// Takes the limit of steps and content capture from the model's configuration.
    #[must_use]
    pub fn configured(self, config: &ModelConfig) -> Self {
        self.with_max_steps(config.max_steps())
            .with_content_capture(config.content_capture())
    }

    /// Sets the instructions that the model gets before the question.
    #[must_use]
    pub fn with_instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Sets which services the model may use.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// Sets how often the model may be called for one question.
    #[must_use]
    pub fn with_max_steps(mut self, steps: NonZeroU32) -> Self {
        self.max_steps = steps;
        self
    }

    /// Sets how many tool calls may run concurrently.
    #[must_use]
    pub fn with_max_parallel(mut self, tools: NonZeroUsize) -> Self {
        self.max_parallel = tools;
        self
    }

    /// Sets the temperature, 0 to 2; the default is the provider's.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Limits the output tokens of each model call.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Sets whether the question, tool arguments and tool results are recorded on spans.
    #[must_use]
    pub fn with_content_capture(mut self, capture: ContentCapture) -> Self {
        self.capture = capture;
        self
    }

    /// Sets the clock for deadlines; the default is the clock of the process.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Answers a question.
    ///
    /// # Errors
    /// If the model fails, the limit of steps is reached, the budget is exhausted, or the caller cancels. The error
    /// has the tool calls and the usage up to then.
    pub async fn answer(
        &self,
        cx: &Cx,
        world: &World<'_>,
        question: &str,
    ) -> Result<Answer, AssistantError> {
        self.converse(cx, world, [Message::user(question)]).await
    }

    /// Answers a question with a value of type `T`; the model gets the JSON Schema of `T`.
    ///
    /// If the answer does not match, the model is asked once to correct it, with the path of the
    /// mistake.
    ///
    /// ```
    /// use glassbox_ai::Assistant;
    /// use glassbox_core::{Cx, ToolError, World};
    ///
    /// #[derive(serde::Deserialize, schemars::JsonSchema)]
    /// struct City {
    ///     name: String,
    ///     country: String,
    /// }
    ///
    /// async fn capitals(cx: &Cx, world: &World<'_>) -> Result<Vec<City>, ToolError> {
    ///     let question = "What are the capitals of Scandinavia?";
    ///     let answer = Assistant::new("guide").answer_as(cx, world, question).await?;
    ///     Ok(answer.value)
    /// }
    /// ```
    ///
    /// # Errors
    /// As [`answer`](Self::answer), and with code `model.answer_mismatch` if the answer does not match.
    pub async fn answer_as<T: DeserializeOwned + JsonSchema + Send>(
        &self,
        cx: &Cx,
        world: &World<'_>,
        question: &str,
    ) -> Result<Structured<T>, AssistantError> {
        let mut expected = Typed::<T>::new();
        let conversation = vec![Arc::new(Message::user(question))];
        let answer = self
            .answer_to(cx, world, conversation, Some(&mut expected))
            .await?;
        let value = expected.into_value();
        let value = value.expect("invariant: a typed answer ends with a value");
        Ok(Structured::new(value, answer))
    }

    /// Continues a conversation.
    ///
    /// # Errors
    /// As [`answer`](Self::answer).
    pub async fn converse<M: Into<Arc<Message>>>(
        &self,
        cx: &Cx,
        world: &World<'_>,
        conversation: impl IntoIterator<Item = M>,
    ) -> Result<Answer, AssistantError> {
        let conversation = conversation.into_iter().map(Into::into).collect();
        self.answer_to(cx, world, conversation, None).await
    }

    async fn answer_to(
        &self,
        cx: &Cx,
        world: &World<'_>,
        conversation: Vec<Arc<Message>>,
        expected: Option<&mut dyn Expected>,
    ) -> Result<Answer, AssistantError> {
        let question = conversation
            .iter()
            .rfind(|message| message.role == Role::User);
        let question = question.map(|message| message.text()).unwrap_or_default();
        let provider = world.model.id().split('/').next().unwrap_or_default();
        let question = self.capture.is_on().then_some(question.as_str());
        let mut record = AgentRecord::start(&self.name, provider, cx, question);
        let cx = cx.with_trace(record.span().context().clone());
        let mut progress = Progress::new(self.instructions.as_deref(), conversation);
        let result = {
            let run = pin!(self.run(&cx, world, &mut progress, expected));
            let either = select(cx.cancelled(), run);
            match record.span().around(either).await {
                Either::Left(_) => Err(cancelled()),
                Either::Right((result, _)) => result,
            }
        };
        record.end(result.as_ref(), &progress);
        match result {
            Ok(last) => Ok(progress.into_answer(last)),
            Err(problem) => Err(progress.into_error(problem)),
        }
    }
}

fn cancelled() -> Problem {
    let message = "the caller cancelled before there was an answer";
    Problem::new(Category::Cancelled, "agent.cancelled", message)
}
