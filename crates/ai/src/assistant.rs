//! Answers a question with a model and the tools that discovery has.

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
/// A tool that fails, that does not exist, or that was called with what is no object is no end: the
/// model is told as a result, and goes on. Where an instance of a tool is away and a repetition is
/// harmless, one other is asked before. What ends it is an answer, the limit of steps, a spent
/// budget, the caller's deadline, or a model that fails.
///
/// It is one span `invoke_agent {name}` with the spans of the model's calls and an
/// `execute_tool {tool}` for each tool's.
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
/// 8 calls of the model for one question, and 8 tools at once, unless said otherwise.
///
/// # Cancel safety
/// Dropping an answer under way cancels the calls of model and tools.
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
    /// An assistant of this name that is offered all ready tools, and no agents.
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

    /// Takes the limit of steps and the capture of content from the model's settings.
    #[must_use]
    pub fn configured(self, config: &ModelConfig) -> Self {
        self.with_max_steps(config.max_steps())
            .with_content_capture(config.content_capture())
    }

    /// What the model is told before the question.
    #[must_use]
    pub fn with_instructions(mut self, text: impl Into<String>) -> Self {
        self.instructions = Some(text.into());
        self
    }

    /// Which services the model is offered.
    #[must_use]
    pub fn with_filter(mut self, filter: Filter) -> Self {
        self.filter = filter;
        self
    }

    /// How often the model may be asked for one question.
    #[must_use]
    pub fn with_max_steps(mut self, steps: NonZeroU32) -> Self {
        self.max_steps = steps;
        self
    }

    /// How many tools may be under way at once.
    #[must_use]
    pub fn with_max_parallel(mut self, tools: NonZeroUsize) -> Self {
        self.max_parallel = tools;
        self
    }

    /// Sets the temperature, 0 to 2; the provider's own if this is not set.
    #[must_use]
    pub fn with_temperature(mut self, temperature: f32) -> Self {
        self.temperature = Some(temperature);
        self
    }

    /// Sets the upper bound of output tokens of each call of the model.
    #[must_use]
    pub fn with_max_tokens(mut self, tokens: u32) -> Self {
        self.max_tokens = Some(tokens);
        self
    }

    /// Whether the question, tool arguments and tool results are put on spans.
    #[must_use]
    pub fn with_content_capture(mut self, capture: ContentCapture) -> Self {
        self.capture = capture;
        self
    }

    /// The clock that deadlines are on; the process's own where nothing is said.
    #[must_use]
    pub fn with_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Answers a question.
    ///
    /// # Errors
    /// If the model fails, the steps or the budget are spent, or the caller gives up; with what was
    /// done and used until then.
    pub async fn answer(
        &self,
        cx: &Cx,
        world: &World<'_>,
        question: &str,
    ) -> Result<Answer, AssistantError> {
        self.converse(cx, world, [Message::user(question)]).await
    }

    /// Answers a question with a value of a type, whose JSON Schema the model is given.
    ///
    /// An answer that does not match is sent back once, with the place and what is wrong there.
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

    /// Goes on with a conversation.
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
        record.end(result.as_ref().map(|_| ()), &progress);
        match result {
            Ok(last) => Ok(progress.into_answer(last)),
            Err(problem) => Err(progress.into_error(problem)),
        }
    }
}

fn cancelled() -> Problem {
    let message = "the caller gave up before there was an answer";
    Problem::new(Category::Cancelled, "agent.cancelled", message)
}
