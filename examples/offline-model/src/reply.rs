//! The next reply: tool calls or text, and its cost in tokens.

use crate::{
    answer,
    conversation::Conversation,
    plan::{NewCall, Planner, State},
    question::{self, Place},
    tool::Function,
    wire::{Call, Refusal, Request, Usage},
};
use jiff::civil::Date;
use std::hash::{DefaultHasher, Hash, Hasher};

/// The next turn of the model.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) id: String,
    pub(crate) text: String,
    pub(crate) calls: Vec<Call>,
    pub(crate) finish: &'static str,
    pub(crate) usage: Usage,
}

impl Reply {
    /// Creates the next turn, on the day `today`.
    pub(crate) fn to(request: &Request, today: Date) -> Result<Self, Refusal> {
        let conversation = crate::conversation::read(&request.messages)?;
        let tools: Vec<Function> = match request.tool_choice.as_ref().and_then(|one| one.as_str()) {
            Some("none") => Vec::new(),
            _ => request
                .tools
                .iter()
                .map(|tool| tool.function.clone())
                .collect(),
        };
        let (text, calls) = next(&conversation, &tools, today);
        let seed = (&conversation.question, request.messages.len());
        let calls: Vec<Call> = calls
            .into_iter()
            .map(|call| {
                let arguments = serde_json::Value::Object(call.arguments).to_string();
                let id = format!("call_{:016x}", hash(&(seed, &call.tool, &arguments)));
                Call::new(id, call.tool, arguments)
            })
            .collect();
        let (text, cut) = match request.max_tokens {
            Some(most) if tokens(&text) > most => (text.chars().take(most * 4).collect(), true),
            _ => (text, false),
        };
        let written = |call: &Call| tokens(&call.function.name) + tokens(&call.function.arguments);
        let completion_tokens = tokens(&text) + calls.iter().map(written).sum::<usize>();
        let prompt_tokens = prompt(request);
        Ok(Self {
            id: format!("chatcmpl-{:016x}", hash(&(seed, prompt_tokens))),
            finish: match () {
                () if cut => "length",
                () if calls.is_empty() => "stop",
                () => "tool_calls",
            },
            text,
            calls,
            usage: Usage {
                prompt_tokens,
                completion_tokens,
                total_tokens: prompt_tokens + completion_tokens,
            },
        })
    }
}

/// Returns calls as long as there are any to make, then the answer.
fn next(conversation: &Conversation, tools: &[Function], today: Date) -> (String, Vec<NewCall>) {
    let planner = Planner {
        tools,
        exchanges: &conversation.exchanges,
        today,
    };
    let mut calls: Vec<NewCall> = Vec::new();
    let mut answer: Vec<String> = Vec::new();
    let mut hinted: Option<Place> = None;
    let mut is_lost = false;
    for mut clause in question::read(&conversation.question) {
        let mut tasks = planner.tasks(&clause);
        if tasks.is_empty() && clause.places.is_empty() {
            hinted = clause.hint.take().or(hinted);
            clause.places.extend(hinted.clone());
            tasks = planner.tasks(&clause);
        }
        for task in &tasks {
            if let State::Next(next) = &task.state {
                let new = next.iter().filter(|call| !calls.contains(call));
                calls.extend(new.cloned().collect::<Vec<_>>());
            }
        }
        let said = match tasks.is_empty() {
            // A greeting needs no tool.
            true if clause.words.is_empty() => Vec::new(),
            true => {
                let none = || {
                    is_lost = true;
                    format!("I have no tool for “{}”.", clause.text)
                };
                vec![planner.lacking(&clause).unwrap_or_else(none)]
            }
            false => answer::sentences(&tasks),
        };
        let new: Vec<String> = said
            .into_iter()
            .filter(|one| !answer.contains(one))
            .collect();
        answer.extend(new);
    }
    if answer.is_empty() {
        is_lost = true;
        answer.push("Ask me something that one of my tools can answer.".to_owned());
    }
    if is_lost {
        answer.push(about_myself(&planner));
    }
    match calls.is_empty() {
        false => (String::new(), calls),
        true => (answer.join(" "), calls),
    }
}

/// Questions that many tools can answer.
const EXAMPLES: &[&str] = &[
    "What time is it in Tokyo?",
    "How long is the day in Oslo tomorrow?",
    "What is the weather in Bergen?",
    "Where is Tromsø?",
    "How many words are in “to be or not to be”?",
    "What is the time difference between Oslo and Tokyo?",
];

/// A description of the model, and up to three questions that these tools can answer.
fn about_myself(planner: &Planner<'_>) -> String {
    let is_answered = |example: &&&str| {
        let clauses = question::read(example);
        clauses
            .iter()
            .all(|clause| !planner.tasks(clause).is_empty())
    };
    let fit = EXAMPLES.iter().filter(is_answered).take(3);
    let fit: Vec<&str> = fit.copied().collect();
    let mut text =
        "I am an offline model: I follow rules, and I understand only English.".to_owned();
    if !fit.is_empty() {
        text.push_str(&format!(" You can ask me, for example: {}", fit.join(" ")));
    }
    text
}

/// Four characters count as one token.
fn tokens(text: &str) -> usize {
    text.chars().count().div_ceil(4)
}

fn prompt(request: &Request) -> usize {
    let messages = request.messages.iter().map(|message| {
        let calls = message.tool_calls.iter();
        let calls =
            calls.map(|call| tokens(&call.function.name) + tokens(&call.function.arguments));
        tokens(&message.text()) + calls.sum::<usize>()
    });
    let tools = request
        .tools
        .iter()
        .map(|tool| tool.function.tokens(tokens));
    messages.sum::<usize>() + tools.sum::<usize>()
}

fn hash(value: &impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}
