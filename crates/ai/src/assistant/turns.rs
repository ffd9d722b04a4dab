//! The turns of a conversation: the model, the tools that it calls, and the model again, until it answers.

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
    /// Asks the model and calls its tools until it answers; the answer is what is `expected`.
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
            // What is called for now would be done without anybody to hear of it.
            if step < self.max_steps.get() {
                self.call_all(cx, world, &tools, calls, progress).await;
            }
        }
        Err(Problem::new(
            Category::BudgetExhausted,
            "agent.step_limit",
            format!(
                "{} asked the model {} times without coming to an answer; allow more steps, or ask for less",
                self.name, self.max_steps
            ),
        ))
    }

    /// Refuses to go on after the deadline, or without a budget.
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
                "the budget was spent before there was an answer; allow more, or ask for less";
            let code = "agent.budget_exhausted";
            return Err(Problem::new(Category::BudgetExhausted, code, message));
        }
        Ok(())
    }

    /// Asks the model for its next turn. It streams, so that a spent budget or a caller who left ends
    /// it in the middle.
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

    /// What the answer holds is content, and shown only where content is.
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

    /// Makes the calls of one turn, several at once; their results stand in the order of the calls.
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

/// Under the caller's idempotency key, each step has one of its own: under one key for all, the second
/// answer would be the first.
fn of_step(cx: &Cx, step: u32) -> Cx {
    match cx.idempotency_key() {
        Some(key) => cx.with_idempotency_key(format!("{key}/{step}")),
        None => cx.clone(),
    }
}

/// The last turn, if it is an answer.
fn finished(response: ChatResponse) -> Result<ChatResponse, Problem> {
    let why = match (&response.finish, response.message.text().trim().is_empty()) {
        (_, false) => return Ok(response),
        (FinishReason::Length, true) => "it reached its limit of tokens first",
        (FinishReason::ContentFilter, true) => "the provider's filter held the answer back",
        (_, true) => "it said nothing",
    };
    Err(Problem::new(
        Category::Internal,
        "model.empty_answer",
        format!("{} gave no answer: {why}", response.model),
    ))
}
