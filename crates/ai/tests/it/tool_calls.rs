//! The context that a tool call propagates.

use crate::{
    scripted::{Scripted, calls, says},
    world::Tools,
};
use glassbox_ai::Assistant;
use glassbox_core::{Capability, Category, Cx, Effect, ToolError};
use serde_json::json;
use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex},
};

/// The contexts of three calls; the model gave two of them the same id.
async fn contexts(cx: &Cx) -> Vec<Cx> {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let noted = seen.clone();
    let tools = Tools::default().with("book", move |cx: Cx, _| {
        noted.lock().unwrap().push(cx);
        async { Ok(json!("booked")) }
    });
    let model = Scripted::new([
        calls(&[
            ("a", "book", json!({"n": 1})),
            ("b", "book", json!({"n": 2})),
        ]),
        calls(&[("a", "book", json!({"n": 3}))]),
        says(&["Booked."]),
    ]);
    let world = tools.world(&model);
    Assistant::new("guide")
        .answer(cx, &world, "Book three.")
        .await
        .unwrap();
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test]
async fn each_call_has_an_idempotency_key_of_its_own() {
    // A tool that honours keys would answer the second call with the result of the first.
    let seen = contexts(&Cx::background().with_idempotency_key("order-7")).await;
    let keys: BTreeSet<&str> = seen.iter().filter_map(Cx::idempotency_key).collect();
    assert_eq!(keys.len(), 3, "{keys:?}");
    assert!(
        keys.iter().all(|key| key.starts_with("order-7/")),
        "{keys:?}"
    );
}

#[tokio::test]
async fn no_key_is_made_up_for_a_caller_who_gave_none() {
    let seen = contexts(&Cx::background()).await;
    assert!(seen.iter().all(|cx| cx.idempotency_key().is_none()));
}

/// How many of two calls succeed if the first of two instances is unavailable.
async fn half_away(effect: Effect) -> usize {
    let capability = || Capability::of::<(), ()>("book", "Books.").with_effect(effect);
    let tools = Tools::default()
        .with_service("book-tool", capability(), async |_, _| {
            Err(ToolError::new(
                Category::Unavailable,
                "book.away",
                "not now",
            ))
        })
        .with_service("book-tool", capability(), async |_, _| Ok(json!("booked")));
    let model = Scripted::new([
        // By their ids, each instance is the first choice of one call.
        calls(&[("a", "book", json!({})), ("b", "book", json!({}))]),
        says(&["Booked."]),
    ]);
    let world = tools.world(&model);
    let (guide, cx) = (Assistant::new("guide"), Cx::background());
    let used = guide.answer(&cx, &world, "Book.").await.unwrap().tools;
    used.iter().filter(|used| used.result.is_ok()).count()
}

#[tokio::test]
async fn another_instance_is_asked_where_that_is_harmless() {
    assert_eq!(half_away(Effect::ReadOnly).await, 2);
    assert_eq!(half_away(Effect::Mutating).await, 1);
}
