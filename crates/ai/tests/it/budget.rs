//! Budgets before, during and after a call.

use crate::scripted::{Script, Scripted, error, says, text_event};
use futures_util::StreamExt;
use glassbox_ai::Budgeted;
use glassbox_core::{
    Budget, Category, ChatModel, ChatRequest, Cx, Message, Remaining, Spent, Usage,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering::SeqCst},
};

/// A budget of tokens.
struct Tokens(AtomicI64);

impl Tokens {
    fn new(tokens: i64) -> Arc<Self> {
        Arc::new(Self(AtomicI64::new(tokens)))
    }

    fn left(&self) -> i64 {
        self.0.load(SeqCst)
    }
}

impl Budget for Tokens {
    fn charge(&self, spent: Spent) {
        assert_eq!(spent.micro_usd, None, "no price is known");
        self.0
            .fetch_sub(i64::try_from(spent.tokens).unwrap(), SeqCst);
    }

    fn remaining(&self) -> Remaining {
        let left = self.left().max(0).unsigned_abs();
        Remaining::unlimited().with_tokens(left)
    }
}

fn under(budget: &Arc<Tokens>) -> Cx {
    Cx::background().with_budget(budget.clone())
}

fn ask() -> ChatRequest {
    ChatRequest::new(vec![Message::user("Well?")])
}

#[tokio::test]
async fn the_reported_usage_is_charged_once() {
    let budget = Tokens::new(100);
    let model = Budgeted::new(Scripted::new([says(&["A", "B"]), says(&["C"])]));
    let stream = model.stream(&under(&budget), &ask()).await.unwrap();
    let _events: Vec<_> = stream.collect().await;
    assert_eq!(budget.left(), 85);
    model.chat(&under(&budget), &ask()).await.unwrap();
    assert_eq!(budget.left(), 70);
}

#[tokio::test]
async fn a_spent_budget_asks_nobody() {
    let model = Budgeted::new(Scripted::new([]));
    let failed = model
        .chat(&under(&Tokens::new(0)), &ask())
        .await
        .unwrap_err();
    assert_eq!(failed.problem().category(), Category::BudgetExhausted);
}

#[tokio::test]
async fn a_budget_ends_a_stream_in_the_middle() {
    let word = "twelve chars";
    let script = Script::Hangs(vec![text_event(word); 10]);
    let budget = Tokens::new(10);
    let model = Budgeted::new(Scripted::new([script]));
    let mut stream = model.stream(&under(&budget), &ask()).await.unwrap();
    let mut heard = 0;
    let failed = loop {
        match stream.next().await.unwrap() {
            Ok(_) => heard += 1,
            Err(error) => break error,
        }
    };
    // "Well?" is 2 tokens, each word 3: the third word is one too many.
    assert_eq!(heard, 2);
    assert_eq!(failed.problem().code(), "model.budget_exhausted");
    assert_eq!(failed.usage(), Some(Usage::estimated(2, 9)));
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn a_failed_call_is_charged_what_it_used() {
    let failed = || error(Category::Unavailable).with_usage(Usage::estimated(7, 3));
    let budget = Tokens::new(100);
    let model = Budgeted::new(Scripted::new([
        Script::Refuses(failed()),
        Script::Says(vec![Ok(text_event("Once ")), Err(failed())]),
    ]));
    assert!(model.stream(&under(&budget), &ask()).await.is_err());
    assert_eq!(budget.left(), 90);
    let stream = model.stream(&under(&budget), &ask()).await.unwrap();
    let _events: Vec<_> = stream.collect().await;
    assert_eq!(budget.left(), 80);
}
