//! One call of a tool, as the model asked for it.

use super::{
    Assistant, ToolUse,
    record::{Known, ToolRecord},
};
use crate::{Offered, Toolset};
use glassbox_core::{Category, Cx, Deadline, Output, Problem, ServiceInfo, ToolCall, World};
use serde_json::Value;
use std::time::Duration;

/// How much longer than the capability itself we wait. The tool's own limit and that of its client pass
/// before, and both know better than we do whose fault it was: a shorter deadline would be the caller's.
const GRACE: Duration = Duration::from_secs(3);
/// `error.type` of a call to a tool that the model invented.
const UNKNOWN_TOOL: &str = "unknown_tool";
/// `error.type` of a call whose arguments are no JSON object.
const INVALID_ARGUMENTS: &str = "invalid_arguments";

/// Makes the call; whatever goes wrong becomes the result.
pub(super) async fn run(
    assistant: &Assistant,
    cx: &Cx,
    world: &World<'_>,
    tools: &Toolset,
    call: ToolCall,
) -> ToolUse {
    let found = tools.get(&call.name);
    // The instance follows from the call, so that a conversation can be played again.
    let spread = call.id.bytes().map(usize::from).sum::<usize>();
    let at = |tool: &Offered, further: usize| (spread + further) % tool.instances.len().max(1);
    let mut instance = found.and_then(|tool| tool.instances.get(at(tool, 0)));
    let known = found.zip(instance).map(|(tool, instance)| Known {
        description: &tool.shown.description,
        instance: &instance.instance,
    });
    let mut record = ToolRecord::start(cx, &call, known.as_ref(), assistant.capture.is_on());
    let (mut result, class) = match found.zip(instance) {
        None => (Err(unknown(&call, tools)), Some(UNKNOWN_TOOL)),
        Some(_) if !call.arguments.is_object() => (Err(unreadable(&call)), Some(INVALID_ARGUMENTS)),
        Some((tool, instance)) => {
            let inner = cx.with_trace(record.span().context().clone());
            let made = make(assistant, &inner, world, tool, instance, &call);
            (record.span().around(made).await, None)
        }
    };
    // One that is away does not speak for the others; two that are, do.
    if let (Err(problem), Some(tool)) = (&result, found)
        && problem.category() == Category::Unavailable
        && tool.shown.effect.is_repeatable()
        && tool.instances.len() > 1
        && let Some(other) = tool.instances.get(at(tool, 1))
    {
        instance = Some(other);
        record.moved_to(&other.instance);
        let inner = cx.with_trace(record.span().context().clone());
        let made = make(assistant, &inner, world, tool, other, &call);
        result = record.span().around(made).await;
    }
    record.end(&call.arguments, &result, class);
    ToolUse {
        service: instance.map(|instance| instance.name.clone()),
        call,
        result,
    }
}

/// Calls one instance, within the time that the capability may take and a little more, or what is left
/// of the caller's.
async fn make(
    assistant: &Assistant,
    cx: &Cx,
    world: &World<'_>,
    tool: &Offered,
    instance: &ServiceInfo,
    call: &ToolCall,
) -> Result<Output, Problem> {
    let remote = world.connector.connect(instance)?;
    let clock = &assistant.clock;
    let limit = tool.shown.timeout.saturating_add(GRACE);
    let mut cx = cx.with_deadline(Deadline::after(clock, limit));
    if let Some(key) = cx.idempotency_key() {
        cx = cx.with_idempotency_key(format!("{key}/{}", call.id));
    }
    let left = cx.deadline().and_then(|deadline| deadline.remaining(clock));
    let left = left.unwrap_or_default();
    let answer = remote.call(&cx, &tool.capability, call.arguments.clone());
    match tokio::time::timeout(left, answer).await {
        Ok(Ok(outcome)) => match outcome.into_output() {
            Ok(output) => Ok(output),
            Err(error) => Err(error.problem().clone()),
        },
        Ok(Err(error)) => Err(error.problem().clone()),
        Err(_) => {
            let message = format!("{} did not answer within {left:.1?}", call.name);
            Err(Problem::new(Category::Timeout, "tool.timeout", message))
        }
    }
}

/// The tool that the model asks for does not exist: it is told which ones do.
fn unknown(call: &ToolCall, tools: &Toolset) -> Problem {
    let all = tools.offered().iter().map(|tool| tool.shown.name.as_str());
    let known = match all.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "there are no tools".to_owned(),
        names => format!("the tools are: {names}"),
    };
    let message = format!("there is no tool '{}'; {known}", call.name);
    Problem::new(Category::NotFound, "tool.unknown", message)
}

/// The arguments are no JSON object: the model is told what it wrote, in what goes to nobody else.
fn unreadable(call: &ToolCall) -> Problem {
    let written: String = match &call.arguments {
        Value::String(text) => text.chars().take(200).collect(),
        other => other.to_string().chars().take(200).collect(),
    };
    let message = format!(
        "the arguments of {} are no JSON object; write them again",
        call.name
    );
    Problem::new(Category::Invalid, "tool.invalid_arguments", message)
        .with_detail("written", written)
}
