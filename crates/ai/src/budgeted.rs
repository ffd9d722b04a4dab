//! Enforces the budget of a `Cx` on model calls.

use crate::estimate;
use futures_util::Stream;
use glassbox_core::{
    Category, ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, ModelError, Problem,
    Spent, Usage, async_trait,
};
use std::{
    pin::Pin,
    task::{Context, Poll},
};

/// A model that checks the budget before a call and with every piece of the answer, and charges usage to it.
///
/// While an answer streams, each piece is charged by estimate; at the end the difference from the reported usage
/// is charged. An exhausted budget ends the stream with
/// [`Category::BudgetExhausted`](glassbox_core::Category::BudgetExhausted). Calls without a budget pass unchanged.
#[derive(Clone, Debug)]
pub struct Budgeted<M>(M);

impl<M: ChatModel> Budgeted<M> {
    /// Enforces the budgets of callers on the calls of `model`.
    pub fn new(model: M) -> Self {
        Self(model)
    }
}

#[async_trait]
impl<M: ChatModel> ChatModel for Budgeted<M> {
    fn id(&self) -> &str {
        self.0.id()
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        check(cx)?;
        let stream = self.0.stream(cx, request).await;
        let stream =
            stream.inspect_err(|error| charge(cx, error.usage().map_or(0, |used| used.total())))?;
        Ok(match cx.budget() {
            None => stream,
            Some(_) => Box::pin(BudgetedStream {
                stream: Some(stream),
                cx: cx.clone(),
                input: estimate::request(request),
                letters: 0,
                charged: 0,
            }),
        })
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        check(cx)?;
        let answer = self.0.chat(cx, request).await;
        let used = match &answer {
            Ok(response) => Some(response.usage),
            Err(error) => error.usage(),
        };
        charge(cx, used.map_or(0, |used| used.total()));
        answer
    }
}

/// Fails if the budget is exhausted.
fn check(cx: &Cx) -> Result<(), ModelError> {
    match cx.budget() {
        Some(budget) if budget.is_exhausted() => Err(exhausted()),
        _ => Ok(()),
    }
}

fn charge(cx: &Cx, tokens: u64) {
    if tokens > 0 {
        // Prices are unknown here.
        cx.charge(Spent::tokens(tokens));
    }
}

fn exhausted() -> ModelError {
    let message = "the budget of this call is exhausted; raise it or ask for less";
    let problem = Problem::new(Category::BudgetExhausted, "model.budget_exhausted", message);
    ModelError::from_problem(problem)
}

struct BudgetedStream {
    /// `None` once it has ended.
    stream: Option<ChatStream>,
    cx: Cx,
    input: u64,
    letters: u64,
    charged: u64,
}

impl BudgetedStream {
    /// Charges up to `total` tokens of this call.
    fn charge_up_to(&mut self, total: u64) {
        charge(&self.cx, total.saturating_sub(self.charged));
        self.charged = self.charged.max(total);
    }

    fn heard(&mut self, event: &ChatEvent) -> Result<(), ModelError> {
        self.letters += match event {
            ChatEvent::Text(text) | ChatEvent::Reasoning(text) => text.chars().count() as u64,
            ChatEvent::ToolCall(call) => 4 * estimate::call(call),
            ChatEvent::Finished(response) => {
                self.charge_up_to(response.usage.total());
                return Ok(());
            }
            _ => 0,
        };
        let output = self.letters / 4;
        self.charge_up_to(self.input + output);
        check(&self.cx).map_err(|error| error.with_usage(Usage::estimated(self.input, output)))
    }
}

impl Stream for BudgetedStream {
    type Item = Result<ChatEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(stream) = &mut self.stream else {
            return Poll::Ready(None);
        };
        let polled = stream.as_mut().poll_next(task);
        match &polled {
            Poll::Ready(Some(Ok(event))) => {
                if let Err(error) = self.heard(event) {
                    // Dropping it tells the provider to stop.
                    self.stream = None;
                    return Poll::Ready(Some(Err(error)));
                }
            }
            Poll::Ready(Some(Err(error))) => {
                let total = error.usage().map_or(0, |used| used.total());
                self.charge_up_to(total);
                self.stream = None;
            }
            Poll::Ready(None) => self.stream = None,
            Poll::Pending => {}
        }
        polled
    }
}
