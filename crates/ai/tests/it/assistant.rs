//! The loop of model and tools.

use crate::{
    scripted::{Script, Scripted, calls, error, finished, says, text_event},
    world::{TokioClock, Tools},
};
use glassbox_ai::{Assistant, AssistantError};
use glassbox_core::{
    Blame, Budget, CancellationSource, Cancelled, Capability, Category, Cx, Deadline, Decide,
    FinishReason, Message, Part, Remaining, Role, Spent, ToolError, Usage,
};
use serde_json::{Value, json};
use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::{Barrier, Notify};

fn assistant() -> Assistant {
    Assistant::new("guide").with_clock(Arc::new(TokioClock::new()))
}

/// The tool results in the model's last request.
fn told(model: &Scripted) -> Vec<Value> {
    let requests = model.requests();
    let last = requests.last().unwrap().messages.iter();
    let results = last
        .flat_map(|message| &message.parts)
        .filter_map(|part| match part {
            Part::ToolResult(result) => result.value().cloned(),
            _ => None,
        });
    results.collect()
}

async fn fails(model: Scripted, tools: &Tools, cx: &Cx) -> AssistantError {
    let world = tools.world(&model);
    assistant().answer(cx, &world, "Well?").await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn tools_are_called_until_there_is_an_answer() {
    let tools = Tools::default()
        .with("geocode", async |_, input| {
            assert_eq!(input, json!({"city": "Oslo"}));
            Ok(json!({"latitude": 59.9}))
        })
        .with("daylight", async |_, _| Ok(json!({"sunset": "15:30"})));
    let model = Scripted::new([
        calls(&[("a", "geocode", json!({"city": "Oslo"}))]),
        calls(&[("b", "daylight", json!({}))]),
        says(&["At ", "15:30."]),
    ]);
    let answer = assistant()
        .with_instructions("Be brief.")
        .answer(
            &Cx::background(),
            &tools.world(&model),
            "When is sunset in Oslo?",
        )
        .await
        .unwrap();
    assert_eq!(answer.text, "At 15:30.");
    assert_eq!(answer.steps, 3);
    assert_eq!(answer.model, "scripted-1");
    assert_eq!(answer.usage, Usage::reported(30, 15).with_cache_read(12));
    let used: Vec<_> = answer
        .tools
        .iter()
        .map(|used| used.service.as_deref().unwrap())
        .collect();
    assert_eq!(used, ["geocode-tool", "daylight-tool"]);
    let roles = answer.messages.iter().map(|message| message.role.clone());
    assert_eq!(
        roles.collect::<Vec<_>>(),
        [
            Role::System,
            Role::User,
            Role::Assistant,
            Role::Tool,
            Role::Assistant,
            Role::Tool,
            Role::Assistant
        ]
    );
    let requests = model.requests();
    let offered: Vec<&str> = requests[0]
        .tools
        .iter()
        .map(|tool| tool.name.as_str())
        .collect();
    assert_eq!(
        offered,
        ["daylight", "geocode"],
        "in the order of their services"
    );
    assert_eq!(
        told(&model),
        [json!({"latitude": 59.9}), json!({"sunset": "15:30"})]
    );
}

#[tokio::test(start_paused = true)]
async fn no_message_is_copied_from_step_to_step() {
    let tools = Tools::default().with("look", async |_, _| Ok(json!("moon")));
    let model = Scripted::new([
        calls(&[("a", "look", json!({}))]),
        calls(&[("b", "look", json!({}))]),
        says(&["Moon."]),
    ]);
    let question = Arc::new(Message::user("What is up?"));
    let answer = assistant()
        .with_instructions("Be brief.")
        .converse(&Cx::background(), &tools.world(&model), [question.clone()])
        .await
        .unwrap();
    let requests = model.requests();
    assert!(Arc::ptr_eq(&requests[0].messages[1], &question));
    assert_eq!(answer.messages.len(), 7);
    for request in &requests {
        for (sent, kept) in request.messages.iter().zip(&answer.messages) {
            assert!(Arc::ptr_eq(sent, kept), "copied: {sent:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_of_one_turn_are_made_at_once_and_told_in_order() {
    let both = Arc::new(Barrier::new(2));
    let meet = both.clone();
    let tools = Tools::default()
        .with("slow", move |_, _| {
            let both = both.clone();
            async move {
                both.wait().await;
                tokio::time::sleep(Duration::from_secs(1)).await;
                Ok(json!("slow"))
            }
        })
        .with("quick", move |_, _| {
            let both = meet.clone();
            async move {
                both.wait().await;
                Ok(json!("quick"))
            }
        });
    let model = Scripted::new([
        calls(&[("a", "slow", json!({})), ("b", "quick", json!({}))]),
        says(&["Done."]),
    ]);
    let world = tools.world(&model);
    assistant()
        .answer(&Cx::background(), &world, "Well?")
        .await
        .unwrap();
    assert_eq!(told(&model), [json!("slow"), json!("quick")]);
}

#[tokio::test(start_paused = true)]
async fn the_model_is_told_what_went_wrong_and_goes_on() {
    let tools = Tools::default()
        .with("geocode", async |_, _| {
            Err(ToolError::new(
                Category::NotFound,
                "geocoding.unknown_city",
                "no city is called 'Atlantis'",
            ))
        })
        .with("hang", async |_, _| std::future::pending().await);
    let model = Scripted::new([
        calls(&[
            ("a", "geocode", json!({"city": "Atlantis"})),
            ("b", "invented", json!({})),
            ("c", "geocode", json!("{\"city\": ")),
            ("d", "hang", json!({})),
        ]),
        says(&["Sorry."]),
    ]);
    let world = tools.world(&model);
    let answer = assistant()
        .answer(&Cx::background(), &world, "Well?")
        .await
        .unwrap();
    assert_eq!(answer.text, "Sorry.");
    let told = told(&model);
    let of = |at: usize| {
        (
            told[at]["code"].as_str().unwrap(),
            told[at]["message"].as_str().unwrap(),
        )
    };
    assert_eq!(
        of(0),
        ("geocoding.unknown_city", "no city is called 'Atlantis'")
    );
    assert_eq!(
        of(1),
        (
            "tool.unknown",
            "there is no tool 'invented'; the tools are: geocode, hang"
        )
    );
    assert_eq!(
        of(2),
        (
            "tool.invalid_arguments",
            "the arguments of geocode are no JSON object; write them again"
        )
    );
    assert_eq!(told[2]["details"]["written"], "{\"city\": ");
    assert_eq!(of(3), ("tool.timeout", "hang did not answer within 33.0s"));
    assert_eq!(answer.tools[1].service, None);
    assert!(answer.tools.iter().all(|used| used.result.is_err()));
}

#[tokio::test(start_paused = true)]
async fn tools_of_one_name_are_told_apart() {
    let capability = || Capability::of::<(), ()>("search", "Finds.");
    let tools = Tools::default()
        .with_service("a-tool", capability(), async |_, _| Ok(json!("from a")))
        .with_service("b-tool", capability(), async |_, _| Ok(json!("from b")));
    let model = Scripted::new([
        calls(&[
            ("x", "b-tool__search", json!({})),
            ("y", "search", json!({})),
        ]),
        says(&["Found."]),
    ]);
    let world = tools.world(&model);
    assistant()
        .answer(&Cx::background(), &world, "Well?")
        .await
        .unwrap();
    let told = told(&model);
    assert_eq!(told[0], "from b");
    assert_eq!(told[1]["code"], "tool.unknown");
}

#[tokio::test(start_paused = true)]
async fn the_steps_have_a_limit() {
    let tools = Tools::default().with("again", async |_, _| Ok(json!(1)));
    let again = || calls(&[("a", "again", json!({}))]);
    let model = Scripted::new([again(), again(), again()]);
    let world = tools.world(&model);
    let failed = assistant()
        .with_max_steps(NonZeroU32::new(3).unwrap())
        .answer(&Cx::background(), &world, "Well?")
        .await
        .unwrap_err();
    assert_eq!(failed.problem().code(), "agent.step_limit");
    assert_eq!(failed.problem().category(), Category::BudgetExhausted);
    assert_eq!(
        failed.to_string(),
        "guide called the model 3 times without an answer; allow more steps or ask for less"
    );
    // The tool calls of the last turn are not made, because their results would not be used.
    assert_eq!((failed.steps(), failed.tools().len()), (3, 2));
    assert_eq!(failed.usage().total(), 45);
}

/// A budget that lasts for one question.
struct Once(Mutex<u32>);

impl Budget for Once {
    fn charge(&self, _spent: Spent) {}

    fn remaining(&self) -> Remaining {
        Remaining::unlimited()
    }

    fn is_exhausted(&self) -> bool {
        let mut asked = self.0.lock().unwrap();
        *asked += 1;
        *asked > 1
    }
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_ends_the_loop() {
    let tools = Tools::default().with("again", async |_, _| Ok(json!(1)));
    let model = Scripted::new([calls(&[("a", "again", json!({}))])]);
    let cx = Cx::background().with_budget(Arc::new(Once(Mutex::new(0))));
    let failed = fails(model, &tools, &cx).await;
    assert_eq!(failed.problem().code(), "agent.budget_exhausted");
    assert_eq!(failed.steps(), 1);
}

struct Gone;

impl CancellationSource for Gone {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(std::future::ready(()))
    }

    fn is_cancelled(&self) -> bool {
        true
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_left_is_not_worked_for() {
    let cx = Cx::background().with_cancellation(Arc::new(Gone));
    let failed = fails(Scripted::default(), &Tools::default(), &cx).await;
    assert_eq!(failed.problem().category(), Category::Cancelled);
}

/// A caller that cancels when notified.
#[derive(Default)]
struct Leaves(Notify);

impl CancellationSource for Leaves {
    fn cancelled(&self) -> Cancelled<'_> {
        Box::pin(self.0.notified())
    }

    fn is_cancelled(&self) -> bool {
        false
    }
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_ends_what_is_under_way() {
    let caller = Arc::new(Leaves::default());
    let leaving = caller.clone();
    let tools = Tools::default().with("hang", move |_, _| {
        leaving.0.notify_one();
        std::future::pending()
    });
    let model = Scripted::new([calls(&[("a", "hang", json!({}))])]);
    let cx = Cx::background().with_cancellation(caller);
    let failed = fails(model, &tools, &cx).await;
    assert_eq!(failed.problem().category(), Category::Cancelled);
    assert_eq!((failed.steps(), failed.usage().total()), (1, 15));
}

#[tokio::test(start_paused = true)]
async fn the_callers_deadline_ends_the_loop() {
    let tools = Tools::default().with("hang", async |_, _| std::future::pending().await);
    let model = Scripted::new([calls(&[("a", "hang", json!({}))])]);
    let clock = Arc::new(TokioClock::new());
    let deadline = Deadline::after(&*clock, Duration::from_secs(2));
    let cx = Cx::background().with_deadline(deadline);
    let failed = assistant()
        .with_clock(clock.clone())
        .answer(&cx, &tools.world(&model), "Well?")
        .await
        .unwrap_err();
    assert_eq!(failed.problem().code(), "agent.deadline");
    assert_eq!(failed.problem().blame(), Blame::Caller);
    let called = failed.tools()[0].result.as_ref().unwrap_err();
    assert_eq!(called.message(), "hang did not answer within 2.0s");
}

#[tokio::test(start_paused = true)]
async fn a_model_that_fails_ends_the_loop_with_what_was_used() {
    let tools = Tools::default().with("once", async |_, _| Ok(json!(1)));
    let broke = error(Category::Unavailable).with_usage(Usage::estimated(3, 2));
    let model = Scripted::new([
        calls(&[("a", "once", json!({}))]),
        Script::Says(vec![Ok(text_event("Well, ")), Err(broke)]),
    ]);
    let failed = fails(model, &tools, &Cx::background()).await;
    assert_eq!(failed.to_string(), "the model said no");
    let expected = Usage::estimated(13, 7).with_cache_read(4);
    assert_eq!(failed.usage(), expected);
    assert!(std::error::Error::source(&failed).is_some());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_no_answer() {
    let empty = finished(Message::assistant(""), FinishReason::Length);
    let model = Scripted::new([Script::Says(vec![Ok(empty)])]);
    let failed = fails(model, &Tools::default(), &Cx::background()).await;
    assert_eq!(
        failed.to_string(),
        "scripted-1 gave no answer: it reached its token limit first"
    );
}

#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Sky {
    bodies: Vec<Body>,
}

#[derive(Debug, PartialEq, serde::Deserialize, schemars::JsonSchema)]
struct Body {
    name: String,
}

#[tokio::test(start_paused = true)]
async fn an_answer_can_be_a_value() {
    let tools = Tools::default().with("look", async |_, _| Ok(json!("moon")));
    let model = Scripted::new([
        calls(&[("a", "look", json!({}))]),
        says(&[r#"{"bodies": [{"#, r#""name": "moon"}]}"#]),
    ]);
    let found = assistant()
        .with_temperature(0.5)
        .with_max_tokens(50)
        .answer_as::<Sky>(&Cx::background(), &tools.world(&model), "What is up?")
        .await
        .unwrap();
    assert_eq!(found.value.bodies[0].name, "moon");
    assert_eq!(found.answer.steps, 2);
    for request in model.requests() {
        assert_eq!(request.temperature, Some(0.5));
        assert_eq!(request.max_tokens, Some(50));
        let schema = request.response_schema.unwrap();
        assert_eq!(schema.get("title"), Some(&json!("Sky")));
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_match_is_sent_back_once() {
    let wrong = || says(&[r#"{"bodies": [{"name": 7}]}"#]);
    let tools = Tools::default();
    let model = Scripted::new([wrong(), says(&[r#"{"bodies": []}"#])]);
    let found = assistant()
        .answer_as::<Sky>(&Cx::background(), &tools.world(&model), "What is up?")
        .await
        .unwrap();
    assert!(found.value.bodies.is_empty());
    assert_eq!(found.answer.usage.input, 20, "both answers are counted");
    let sent_back = model.requests()[1].messages.last().unwrap().text();
    assert!(
        sent_back.contains("At `bodies[0].name`: invalid type"),
        "{sent_back}"
    );

    let model = Scripted::new([wrong(), wrong()]);
    let failed = assistant()
        .answer_as::<Sky>(&Cx::background(), &tools.world(&model), "What is up?")
        .await
        .unwrap_err();
    assert_eq!(failed.problem().code(), "model.answer_mismatch");
    assert_eq!(
        failed.problem().message(),
        "the answer of scripted-1 does not match the schema at `bodies[0].name`"
    );
    assert_eq!(failed.steps(), 2);
    assert_eq!(model.requests().len(), 2);
}
