//! One call of a tool, as requested by the model.

use super::{Assistant, ToolUse};
use crate::Toolset;
use glassbox_core::{Call, Category, Cx, Outcome, Problem, ToolCall, World};
use glassbox_invoke::{Execution, ToolRecord};
use serde_json::Value;

/// `error.type` of a call to a tool that does not exist.
const UNKNOWN_TOOL: &str = "unknown_tool";
/// `error.type` of a call whose arguments are not a JSON object.
const INVALID_ARGUMENTS: &str = "invalid_arguments";

/// Makes the call; every failure becomes the result.
pub(super) async fn run(
    assistant: &Assistant,
    cx: &Cx,
    world: &World<'_>,
    tools: &Toolset,
    call: ToolCall,
) -> ToolUse {
    let capture = assistant.capture.is_on();
    let execution = Execution::new(&call.name, &call.arguments)
        .with_id(Some(&call.id))
        .with_content(capture);
    let refuse = |execution, error_type, problem| {
        ToolRecord::start(cx, &assistant.clock, execution).refuse(error_type, &problem);
        Err(problem)
    };
    let Some(tool) = tools.get(&call.name) else {
        let result = refuse(execution, UNKNOWN_TOOL, unknown(&call, tools));
        return ToolUse::new(call, None, result);
    };
    let service = tool.instances.first().map(|instance| instance.name.clone());
    if !call.arguments.is_object() {
        let execution = execution.of(&tool.shown);
        let result = refuse(execution, INVALID_ARGUMENTS, unreadable(&call));
        return ToolUse::new(call, service, result);
    }
    let made = Call::new(&*tool.capability, call.arguments.clone())
        .with_id(&*call.id)
        .with_candidates(tool.instances.clone())
        .with_content_captured(capture);
    let called = world.caller.call(cx, made).await;
    let output = called.result.and_then(Outcome::into_output);
    let result = output.map_err(|error| error.problem().clone());
    ToolUse::new(call, service, result)
}

/// The problem for a call to a tool that does not exist. It lists the existing ones for the model.
fn unknown(call: &ToolCall, tools: &Toolset) -> Problem {
    let all = tools.offered().iter().map(|tool| tool.shown.name.as_str());
    let known = match all.collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => "there are no tools".to_owned(),
        names => format!("the tools are: {names}"),
    };
    let message = format!("there is no tool '{}'; {known}", call.name);
    Problem::new(Category::NotFound, "tool.unknown", message)
}

/// The problem for arguments that are not a JSON object. It quotes them, in a detail that only the model
/// gets.
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
