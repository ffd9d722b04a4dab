//! Joins the pieces of an answer, streamed or whole.

use super::{
    calls::Calls,
    extras, field,
    finish::Finish,
    refusal,
    said::{self, Said},
    usage::Reported,
};
use crate::{
    estimate,
    wire::{
        Broken, End, Join, Piece, Reading, Step,
        json::{self, Unreadable},
        skipped::Skipped,
        spoken::Spoken,
        surrogates::Halves,
    },
};
use glassbox_core::{
    ChatEvent, ChatRequest, ChatResponse, FinishReason, Message, Opaque, Part, Reasoning, Role,
    Usage,
};
use serde_json::{Map, Value};

/// A key in opaque values created here: the names of the members that contained the reasoning.
pub(super) const TEXT_AS: &str = "text_as";
/// Marks the end of a stream in place of a chunk.
const DONE: &str = "[DONE]";
/// How much larger than the limit of its text the decoded form of an event may be.
const DECODED: usize = 4;

/// The answer so far.
#[derive(Debug)]
pub(super) struct Joiner {
    reading: Reading,
    id: Option<String>,
    model: String,
    /// The origin of opaque values.
    origin: String,
    text: Spoken,
    /// The members that the server attached to the message.
    extra: Map<String, Value>,
    reasoning: Spoken,
    /// The data that the server attached to the reasoning: the names of its members, and details.
    reasoning_extra: Map<String, Value>,
    calls: Calls,
    /// The index of the choice that is read: the first one received.
    choice: Option<i128>,
    finish: Option<Finish>,
    reported: Reported,
    /// Estimated input tokens, used if the server reports none.
    input: u64,
    bytes: usize,
    skipped: Skipped,
    /// Events that were not passed on yet.
    told: Vec<ChatEvent>,
    /// What is wrong with the first event that is not JSON.
    invalid: Option<String>,
}

impl Joiner {
    /// An empty answer to `request`.
    pub(super) fn new(model: &str, origin: &str, request: &ChatRequest, reading: &Reading) -> Self {
        let conceal = || reading.conceal.clone();
        let offered = request.tools.iter().map(|tool| tool.name.clone());
        let messages = request.messages.iter();
        let used = messages.flat_map(|message| message.tool_calls().map(|call| call.id.clone()));
        Self {
            id: None,
            model: model.to_owned(),
            origin: origin.to_owned(),
            text: Spoken::new(conceal()),
            extra: Map::new(),
            reasoning: Spoken::new(conceal()),
            reasoning_extra: Map::new(),
            calls: Calls::new(reading.limits, conceal(), offered.collect(), used.collect()),
            choice: None,
            finish: None,
            reported: Reported::default(),
            input: estimate::request(request),
            bytes: 0,
            skipped: Skipped::default(),
            told: Vec::new(),
            invalid: None,
            reading: reading.clone(),
        }
    }

    /// Adds a chunk.
    fn add(&mut self, chunk: &Value, has_marks: bool) -> Result<(), Broken> {
        if let Some(refusal) = refusal::within(chunk) {
            return Err(Broken::Refused(refusal));
        }
        let id = field::said(chunk, &["id"]).map(Into::into);
        self.id = id.or(self.id.take());
        if let Some(model) = field::said(chunk, &["model"]) {
            self.model = model.into_owned();
        }
        let choices = self.choices(chunk);
        for choice in &choices {
            self.add_choice(choice, has_marks)?;
        }
        let first = choices.first().copied().unwrap_or(&Value::Null);
        self.reported.read(chunk, first, &mut self.skipped);
        Ok(())
    }

    /// The choices of a chunk that belong to the answer.
    fn choices<'a>(&mut self, chunk: &'a Value) -> Vec<&'a Value> {
        let all: Vec<&Value> = match &chunk["choices"] {
            Value::Array(choices) => choices.iter().collect(),
            choice @ Value::Object(_) => vec![choice],
            // Ollama's own API has no choices.
            Value::Null if chunk["message"].is_object() || chunk["delta"].is_object() => {
                vec![chunk]
            }
            Value::Null => Vec::new(),
            _ => {
                self.skipped.add("choices");
                Vec::new()
            }
        };
        let mut ours = Vec::new();
        for choice in all {
            if !choice.is_object() {
                if !choice.is_null() {
                    self.skipped.add("choices");
                }
                continue;
            }
            let index = field::integer(&choice["index"]);
            if index.is_some() && self.choice.is_none() {
                self.choice = index;
            }
            if index.is_none() || index == self.choice {
                ours.push(choice);
            }
        }
        ours
    }

    fn add_choice(&mut self, choice: &Value, has_marks: bool) -> Result<(), Broken> {
        let (delta, whole) = (&choice["delta"], &choice["message"]);
        match delta {
            Value::Object(_) => self.add_turn(delta, has_marks)?,
            Value::String(text) => self.speak(text, has_marks)?,
            Value::Null => {}
            _ => self.skipped.add("delta"),
        }
        match whole {
            Value::Object(_) => self.add_whole(whole, has_marks)?,
            Value::Null => {}
            _ => self.skipped.add("message"),
        }
        // The older Completions API.
        if let (Value::Null, Value::Null, Value::String(text)) = (delta, whole, &choice["text"]) {
            self.speak(text, has_marks)?;
        }
        let reason = field::member(choice, &["finish_reason", "finishReason", "done_reason"]);
        if let Some(next) = reason.and_then(Finish::read) {
            self.finish = Some(match self.finish.take() {
                Some(before) => before.then(next),
                None => next,
            });
        }
        if field::is_set(&choice["error"]) {
            return Err(Broken::Refused(refusal::of_value(choice)));
        }
        Ok(())
    }

    /// Adds a whole message. If the answer was streamed before, only new parts are added.
    fn add_whole(&mut self, whole: &Value, has_marks: bool) -> Result<(), Broken> {
        if self.bytes == 0 {
            return self.add_turn(whole, has_marks);
        }
        let mut said = said::read(whole, &mut self.skipped);
        said.text = rest(&said.text, self.text.text());
        said.reasoning = rest(&said.reasoning, self.reasoning.text());
        self.say(said, has_marks)?;
        if !self.calls.has_all(whole) {
            let more = self.calls.add(whole, has_marks, &mut self.skipped)?;
            self.grow(more)?;
        }
        Ok(())
    }

    /// Adds a message or a part of one.
    fn add_turn(&mut self, turn: &Value, has_marks: bool) -> Result<(), Broken> {
        let said = said::read(turn, &mut self.skipped);
        self.say(said, has_marks)?;
        let attached = extras::merge(&mut self.extra, extras::of_message(turn))
            + extras::merge(&mut self.reasoning_extra, extras::of_reasoning(turn));
        let called = self.calls.add(turn, has_marks, &mut self.skipped)?;
        self.grow(attached + called)
    }

    fn say(&mut self, said: Said, has_marks: bool) -> Result<(), Broken> {
        if !said.reasoning.is_empty() {
            let names = self
                .reasoning_extra
                .entry(TEXT_AS)
                .or_insert_with(|| Value::Array(Vec::new()));
            if let Value::Array(names) = names {
                for name in said.reasoning_names {
                    if !names.iter().any(|known| known == name) {
                        names.push(name.into());
                    }
                }
            }
            let ready = self.reasoning.push(&said.reasoning, has_marks);
            let ready = Some(ready).filter(|text| !text.is_empty());
            self.told.extend(ready.map(ChatEvent::Reasoning));
            self.grow(said.reasoning.len())?;
            let limit = self.reading.limits.reasoning_bytes;
            if self.reasoning.text().len() > limit {
                return Err(Broken::TooLarge(format!(
                    "its reasoning is larger than {limit} bytes; ask for less, or raise max_reasoning_bytes"
                )));
            }
        }
        self.speak(&said.text, has_marks)
    }

    fn speak(&mut self, text: &str, has_marks: bool) -> Result<(), Broken> {
        if text.is_empty() {
            return Ok(());
        }
        let ready = self.text.push(text, has_marks);
        let ready = Some(ready).filter(|text| !text.is_empty());
        self.told.extend(ready.map(ChatEvent::Text));
        self.grow(text.len())
    }

    fn grow(&mut self, bytes: usize) -> Result<(), Broken> {
        self.bytes = self.bytes.saturating_add(bytes);
        let limit = self.reading.limits.answer_bytes;
        match self.bytes > limit {
            true => Err(Broken::TooLarge(format!(
                "it is larger than {limit} bytes; ask for less, or raise max_answer_bytes"
            ))),
            false => Ok(()),
        }
    }

    /// The usage so far; estimated unless the server reported it.
    fn usage(&self) -> Usage {
        let output = estimate::text(self.text.text())
            + estimate::text(self.reasoning.text())
            + self.calls.tokens();
        self.reported.usage(self.input, output)
    }

    fn opaque(&self, members: &mut Map<String, Value>) -> Option<Opaque> {
        (!members.is_empty()).then(|| Opaque::new(&self.origin, std::mem::take(members)))
    }

    /// Takes the answer, with the reason for its end.
    fn response(&mut self, finish: FinishReason) -> ChatResponse {
        let usage = self.usage();
        let mut parts = Vec::new();
        let (text, reasoning) = (
            self.text.text().to_owned(),
            self.reasoning.text().to_owned(),
        );
        let mut extra = std::mem::take(&mut self.extra);
        let mut reasoning_extra = std::mem::take(&mut self.reasoning_extra);
        if text.is_empty() {
            // Without text, it is kept with the reasoning, which is also sent back with tool calls.
            reasoning_extra.append(&mut extra);
        }
        if !(reasoning.is_empty() && reasoning_extra.is_empty()) {
            let part = Reasoning::new(reasoning);
            parts.push(Part::Reasoning(match self.opaque(&mut reasoning_extra) {
                Some(opaque) => part.with_opaque(opaque),
                None => part,
            }));
        }
        if !text.is_empty() {
            parts.push(Part::text_with(text, self.opaque(&mut extra)));
        }
        let is_cut = finish == FinishReason::Length;
        let calls = self.calls.close(&self.origin, is_cut, &mut self.skipped);
        parts.extend(calls.into_iter().map(Part::ToolCall));
        let message = Message::new(Role::Assistant, parts);
        let response = ChatResponse::new(message, finish, usage, &self.model)
            .with_skipped(self.skipped.counts());
        match self.id.take() {
            Some(id) => response.with_id(id),
            None => response,
        }
    }

    /// Why the stream ended without an answer.
    fn nothing(&self, end: End) -> Broken {
        let came = self.skipped.is_empty() || self.bytes > 0;
        match (came, end) {
            (false, _) => Broken::Unreadable(match &self.invalid {
                Some(invalid) => invalid.clone(),
                None => format!("its {} cannot be understood", self.skipped.kinds()),
            }),
            (true, End::Marked) => {
                Broken::Incomplete("the answer has neither text nor tool calls".to_owned())
            }
            (true, End::Closed) => {
                Broken::Incomplete("the stream ended before the answer was finished".to_owned())
            }
        }
    }
}

impl Join for Joiner {
    fn event(&mut self, piece: &Piece) -> Result<Step, Broken> {
        let data = piece.data.trim();
        let name = piece.name.as_deref().unwrap_or_default();
        if data == DONE {
            return Ok(Step::End);
        }
        let is_ping = ["ping", "heartbeat", "keepalive", "keep-alive"].contains(&name);
        if data.is_empty() || data == "null" || is_ping {
            return Ok(Step::More(Vec::new()));
        }
        if name == "error" {
            return Err(Broken::Refused(refusal::of_data(data, &self.reading)));
        }
        let limit = self.reading.limits.answer_bytes.saturating_mul(DECODED);
        let document = match json::read(data, Halves::Mark, limit, &self.reading.conceal) {
            Ok(document) => document,
            Err(Unreadable::TooLarge) => {
                return Err(Broken::TooLarge(format!(
                    "an event is larger than {limit} bytes once it is decoded; raise max_answer_bytes if that is right"
                )));
            }
            Err(invalid @ Unreadable::Invalid { .. }) => return self.not_json(data, &invalid),
        };
        let chunks: &[Value] = match &document.value {
            Value::Array(chunks) => chunks,
            one => std::slice::from_ref(one),
        };
        for chunk in chunks {
            match chunk {
                Value::Object(_) => self.add(chunk, document.has_marks)?,
                Value::Null => {}
                _ => self.skipped.add("event"),
            }
        }
        Ok(Step::More(std::mem::take(&mut self.told)))
    }

    fn bytes(&self) -> usize {
        self.bytes
    }

    fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    fn used(&self) -> Option<Usage> {
        let begun = !(self.text.is_empty() && self.reasoning.is_empty() && self.calls.is_empty());
        (begun || self.reported.is_some()).then(|| self.usage())
    }

    fn flush(&mut self) -> Vec<ChatEvent> {
        let reasoning = Some(self.reasoning.end()).filter(|text| !text.is_empty());
        let text = Some(self.text.end()).filter(|text| !text.is_empty());
        let mut events = std::mem::take(&mut self.told);
        events.extend(reasoning.map(ChatEvent::Reasoning));
        events.extend(text.map(ChatEvent::Text));
        events
    }

    fn finish(&mut self, end: End) -> Result<ChatResponse, Broken> {
        let has_answer = !(self.text.is_empty() && self.calls.is_empty());
        let finish = match self.finish.clone() {
            Some(Finish::Ended(reason)) => reason,
            Some(Finish::Failed { word, is_transient }) => {
                return Err(Broken::Failed { word, is_transient });
            }
            // Some servers give no reason, but mark the end.
            None if has_answer && end == End::Marked => {
                self.skipped.add("finish_reason");
                match self.calls.is_empty() {
                    true => FinishReason::Stop,
                    false => FinishReason::ToolCalls,
                }
            }
            None => return Err(self.nothing(end)),
        };
        if !has_answer && !self.skipped.is_empty() {
            return Err(self.nothing(end));
        }
        Ok(self.response(finish))
    }

    fn partial(&mut self) -> Option<ChatResponse> {
        self.used()?;
        let reason = match self.finish.clone() {
            Some(Finish::Ended(reason)) => reason,
            Some(Finish::Failed { word, .. }) => FinishReason::Other(word),
            None => FinishReason::Other("error".to_owned()),
        };
        Some(self.response(reason))
    }
}

impl Joiner {
    /// Skips an event that is not JSON, unless it states an error.
    fn not_json(&mut self, data: &str, invalid: &Unreadable) -> Result<Step, Broken> {
        let plain = data.trim_start_matches('[').to_ascii_lowercase();
        if plain.starts_with("error") {
            return Err(Broken::Refused(refusal::read(data, &self.reading)));
        }
        if data.starts_with('<') {
            let title = refusal::read(data, &self.reading).message;
            let title = title.unwrap_or_default();
            return Err(Broken::Unreadable(format!(
                "it sent a page instead of an answer: {title}"
            )));
        }
        self.skipped.add("event");
        self.invalid.get_or_insert(invalid.to_string());
        Ok(Step::More(Vec::new()))
    }
}

/// The part of a whole text that was not streamed yet; empty if the texts differ.
fn rest(whole: &str, streamed: &str) -> String {
    whole.strip_prefix(streamed).unwrap_or_default().to_owned()
}
