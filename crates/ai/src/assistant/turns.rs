//! The loop of model calls and tool calls.

use super::{
    Assistant,
    answer::Progress,
    structured::{Expected, Mismatch},
    tool_call,
};
use crate::Toolset;
use futures_util::{StreamExt, stream};
use glassbox_core::{
    Blame, Budget, Category, ChatEvent, ChatRequest, ChatResponse, Cx, FinishReason, ModelError,
    Problem, ToolCall, World,
};

impl Assistant {
    /// Calls the model and its tools until the model answers, with a value of the `expected` type if there is one.
    pub(super) async fn run(
        &self,
        cx: &Cx,
        world: &World<'_>,
        progress: &mut Progress,
        mut expected: Option<&mut dyn Expected>,
    ) -> Result<ChatResponse, Problem> {
        let mut repaired = false;
        let tools = Toolset::discover(cx, world.discovery, &self.filter).await?;
        for step in 1..=self.max_steps.get() {
            self.still_wanted(cx)?;
            let cx = &of_step(cx, step);
            let mut request = ChatRequest::new(progress.messages.iter().cloned())
                .with_tools(tools.capabilities());
            request.temperature = self.temperature;
            request.max_tokens = self.max_tokens;
            request.response_schema = expected.as_ref().map(|it| it.schema().clone());
            let response = self.ask(cx, world, &request).await;
            let response = response.map_err(|error| progress.model_failed(error))?;
            progress.heard(&response);
            let calls: Vec<ToolCall> = response.message.tool_calls().cloned().collect();
            if calls.is_empty() {
                let response = finished(response)?;
                let read = match &mut expected {
                    Some(expected) => expected.read(&response.message.text()),
                    None => Ok(()),
                };
                match read {
                    Ok(()) => return Ok(response),
                    Err(mismatch) if repaired || step == self.max_steps.get() => {
                        return Err(self.mismatch(&response, &mismatch));
                    }
                    Err(mismatch) => progress.asked(mismatch.request()),
                }
                repaired = true;
                continue;
            }
            // In the last step, the results would not be used.
            if step < self.max_steps.get() {
                self.call_all(cx, world, &tools, calls, progress).await;
            }
        }
        Err(Problem::new(
            Category::BudgetExhausted,
            "agent.step_limit",
            format!(
                "{} called the model {} times without an answer; allow more steps or ask for less",
                self.name, self.max_steps
            ),
        ))
    }

    /// Fails if the deadline has passed or the budget is exhausted.
    fn still_wanted(&self, cx: &Cx) -> Result<(), Problem> {
        if let Some(deadline) = cx.deadline()
            && deadline.remaining(&self.clock).is_none()
        {
            let message = "the caller's deadline passed before there was an answer";
            let problem = Problem::new(Category::Timeout, "agent.deadline", message);
            return Err(problem.with_retryable(false).with_blame(Blame::Caller));
        }
        if cx.budget().is_some_and(Budget::is_exhausted) {
            let message =
                "the budget was exhausted before there was an answer; raise it or ask for less";
            let code = "agent.budget_exhausted";
            return Err(Problem::new(Category::BudgetExhausted, code, message));
        }
        Ok(())
    }

    /// Calls the model. The answer is streamed, so that an exhausted budget or a cancellation takes
    /// effect in the middle of it.
    async fn ask(
        &self,
        cx: &Cx,
        world: &World<'_>,
        request: &ChatRequest,
    ) -> Result<ChatResponse, ModelError> {
        let mut events = world.model.stream(cx, request).await?;
        while let Some(event) = events.next().await {
            if let ChatEvent::Finished(response) = event? {
                return Ok(*response);
            }
        }
        let message = format!("{} ended its answer before finishing it", world.model.id());
        let problem = Problem::new(Category::Unavailable, "model.stream_ended", message);
        Err(ModelError::from_problem(problem))
    }

    /// Quotes the answer only if content is captured.
    fn mismatch(&self, response: &ChatResponse, mismatch: &Mismatch) -> Problem {
        let what = match self.capture.is_on() {
            true => format!(": {}", mismatch.what),
            false => String::new(),
        };
        let message = format!(
            "the answer of {} does not match the schema at `{}`{what}",
            response.model, mismatch.path
        );
        Problem::new(Category::Internal, "model.answer_mismatch", message)
            .with_detail("path", mismatch.path.as_str())
    }

    /// Calls the tools of one turn concurrently. The results are in the order of the calls.
    async fn call_all(
        &self,
        cx: &Cx,
        world: &World<'_>,
        tools: &Toolset,
        calls: Vec<ToolCall>,
        progress: &mut Progress,
    ) {
        let calls = calls
            .into_iter()
            .map(|call| tool_call::run(self, cx, world, tools, call));
        let mut results = stream::iter(calls).buffered(self.max_parallel.get());
        while let Some(used) = results.next().await {
            progress.used(used);
        }
    }
}

/// Gives each step its own idempotency key, derived from the caller's. With one key for all steps, the second step
/// would get the answer of the first.
fn of_step(cx: &Cx, step: u32) -> Cx {
    match cx.idempotency_key() {
        Some(key) => cx.with_idempotency_key(format!("{key}/{step}")),
        None => cx.clone(),
    }
}

/// Fails if the last turn has no text.
fn finished(response: ChatResponse) -> Result<ChatResponse, Problem> {
    let why = match (&response.finish, response.message.text().trim().is_empty()) {
        (_, false) => return Ok(response),
        (FinishReason::Length, true) => "it reached its token limit first",
        (FinishReason::ContentFilter, true) => "the provider's content filter blocked it",
        (_, true) => "the answer was empty",
    };
    Err(Problem::new(
        Category::Internal,
        "model.empty_answer",
        format!("{} gave no answer: {why}", response.model),
    ))
}
