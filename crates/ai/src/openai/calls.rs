//! Joins the fragments of tool calls.
//!
//! Servers disagree on everything: some give every call index 0 or none, some give every fragment a new
//! id or all calls the same id, some repeat names or whole calls. So a fragment is assigned to a call by
//! evidence: index, id, name, and whether the arguments of the call are complete.

use super::{arguments, balance::Balance, extras, field};
use crate::{
    AnswerLimits, estimate,
    wire::{Broken, conceal::Conceal, skipped::Skipped, spoken::Spoken},
};
use glassbox_core::{Opaque, ToolCall};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// The longest name, in bytes.
const MAX_NAME: usize = 256;
const ARGUMENTS: &[&str] = &["arguments", "parameters", "input", "args"];

/// The calls so far.
#[derive(Debug)]
pub(super) struct Calls {
    open: Vec<OpenCall>,
    limits: AnswerLimits,
    conceal: Conceal,
    /// The names of the tools offered to the model.
    offered: HashSet<String>,
    /// The ids of earlier turns.
    used: HashSet<String>,
}

/// A call whose arguments may be incomplete.
#[derive(Debug)]
struct OpenCall {
    index: Option<i128>,
    id: Option<String>,
    name: String,
    arguments: Spoken,
    /// Whether and where the arguments end.
    balance: Balance,
    /// The arguments if each fragment repeats what came before it.
    grown: Option<String>,
    extra: Map<String, Value>,
    /// Whether it was sent as `function_call`, the older form.
    is_legacy: bool,
}

/// One fragment.
struct Fragment<'a> {
    index: Option<i128>,
    id: Option<String>,
    name: Option<String>,
    /// Text to append, or a whole value.
    arguments: Option<&'a Value>,
    extra: Map<String, Value>,
    is_legacy: bool,
}

impl<'a> Fragment<'a> {
    /// Reads an entry of `tool_calls`, or the value of `function_call`.
    fn read(value: &'a Value, is_legacy: bool, skipped: &mut Skipped) -> Option<Self> {
        if !value.is_object() {
            if !value.is_null() {
                skipped.add("tool_call");
            }
            return None;
        }
        let function = &value["function"];
        let index = match &value["index"] {
            Value::Null => None,
            index => field::integer(index).or_else(|| {
                skipped.add("tool_call");
                None
            }),
        };
        let name = field::said(function, &["name"])
            .or_else(|| function.as_str().map(Into::into))
            .or_else(|| field::said(value, &["name"]));
        let arguments =
            field::member(function, ARGUMENTS).or_else(|| field::member(value, ARGUMENTS));
        Some(Self {
            index,
            id: field::said(value, &["id", "call_id", "tool_call_id"]).map(Into::into),
            name: name.map(Into::into),
            arguments,
            extra: extras::of_call(value),
            is_legacy,
        })
    }

    fn text(&self) -> &str {
        self.arguments.and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether its text can be the beginning of arguments.
    fn begins(&self) -> bool {
        match self.arguments {
            Some(Value::String(text)) => text.trim_start().starts_with(['{', '"', '`']),
            Some(_) => true,
            None => false,
        }
    }
}

impl Calls {
    pub(super) fn new(
        limits: AnswerLimits,
        conceal: Conceal,
        offered: HashSet<String>,
        used: HashSet<String>,
    ) -> Self {
        Self {
            open: Vec::new(),
            limits,
            conceal,
            offered,
            used,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Adds the calls of one piece of a message; returns their bytes.
    ///
    /// # Errors
    /// If there are too many calls, or the arguments of one are too long.
    pub(super) fn add(
        &mut self,
        turn: &Value,
        has_marks: bool,
        skipped: &mut Skipped,
    ) -> Result<usize, Broken> {
        let calls = &turn["tool_calls"];
        let entries: Vec<&Value> = match calls {
            Value::Array(entries) => entries.iter().collect(),
            Value::Object(_) if field::member(calls, &["function", "name", "id"]).is_some() => {
                vec![calls]
            }
            Value::Object(members) => members.values().collect(),
            Value::Null => Vec::new(),
            _ => {
                skipped.add("tool_call");
                Vec::new()
            }
        };
        let (mut bytes, before) = (0, self.open.len());
        for entry in entries {
            if let Some(fragment) = Fragment::read(entry, false, skipped) {
                bytes += self.add_fragment(fragment, before, has_marks)?;
            }
        }
        if let Some(fragment) = Fragment::read(&turn["function_call"], true, skipped) {
            bytes += self.add_fragment(fragment, before, has_marks)?;
        }
        Ok(bytes)
    }

    /// Whether a whole message repeats the calls that were streamed.
    pub(super) fn has_all(&self, turn: &Value) -> bool {
        let entries = turn["tool_calls"].as_array();
        !self.open.is_empty() && entries.is_some_and(|entries| entries.len() == self.open.len())
    }

    fn add_fragment(
        &mut self,
        fragment: Fragment<'_>,
        before: usize,
        has_marks: bool,
    ) -> Result<usize, Broken> {
        let at = match self.owner(&fragment, before) {
            Owner::Call(at) => at,
            Owner::Repeated => return Ok(0),
            Owner::New => {
                let name = self.name_of_previous(&fragment);
                if self.open.len() >= self.limits.tool_calls {
                    return Err(Broken::TooLarge(format!(
                        "it has more than {} tool calls; ask for less, or raise max_tool_calls",
                        self.limits.tool_calls
                    )));
                }
                self.open.push(OpenCall {
                    index: fragment.index,
                    id: None,
                    name,
                    arguments: Spoken::new(self.conceal.clone()),
                    balance: Balance::default(),
                    grown: Some(String::new()),
                    extra: Map::new(),
                    is_legacy: fragment.is_legacy,
                });
                self.open.len() - 1
            }
        };
        let (limit, offered) = (self.limits.arguments_bytes, &self.offered);
        let call = &mut self.open[at];
        let bytes = fragment.id.as_deref().map_or(0, str::len)
            + fragment.name.as_deref().map_or(0, str::len)
            + call.say(fragment.arguments, has_marks)
            + extras::merge(&mut call.extra, fragment.extra);
        call.id = call.id.take().or(fragment.id);
        call.index = call.index.or(fragment.index);
        if let Some(name) = fragment.name {
            call.rename(&name, offered);
        }
        if call.arguments.text().len() > limit {
            return Err(Broken::TooLarge(format!(
                "the arguments of one tool call are larger than {limit} bytes; ask for less, or raise max_arguments_bytes"
            )));
        }
        Ok(bytes)
    }

    /// A call without a name after a complete one is a call of the same tool.
    fn name_of_previous(&self, fragment: &Fragment<'_>) -> String {
        let is_nameless = fragment.name.is_none() && fragment.begins();
        let previous = self.open.last().filter(|_| is_nameless);
        previous.map(|call| call.name.clone()).unwrap_or_default()
    }

    /// The call that a fragment belongs to. Calls from `before` on came in the same piece.
    fn owner(&self, fragment: &Fragment<'_>, before: usize) -> Owner {
        let find = |is_it: &dyn Fn(&OpenCall) -> bool| {
            let same_form = |call: &OpenCall| call.is_legacy == fragment.is_legacy;
            self.open
                .iter()
                .rposition(|call| same_form(call) && is_it(call))
        };
        let by_index = fragment
            .index
            .and_then(|index| find(&|call| call.index == Some(index)));
        let by_id =
            (fragment.id.as_ref()).and_then(|id| find(&|call| call.id.as_ref() == Some(id)));
        let is_open = |at: &usize| !self.open[*at].balance.is_complete();
        let named = match (by_index, by_id) {
            (Some(_), Some(by_id)) if by_index.filter(is_open).is_none() && is_open(&by_id) => {
                Some(by_id)
            }
            (by_index, by_id) => by_index.or(by_id),
        };
        let Some(at) = named.or_else(|| find(&|_| true)) else {
            return Owner::New;
        };
        let call = &self.open[at];
        let same_id = fragment.id.is_some() && fragment.id == call.id;
        if call.repeats(fragment) && (same_id || fragment.name.is_none()) {
            return Owner::Repeated;
        }
        let other_index = fragment.index.is_some() && by_index.is_none() && call.index.is_some();
        let evidence = Evidence {
            other_id: fragment.id.is_some() && call.id.is_some() && !same_id,
            is_elsewhere: other_index && !same_id,
            is_beside: at >= before && fragment.index.is_none() && !same_id,
        };
        match self.begins_call(call, fragment, evidence) {
            true => Owner::New,
            false => Owner::Call(at),
        }
    }

    /// Whether a fragment begins a new call instead of continuing this one.
    fn begins_call(&self, call: &OpenCall, fragment: &Fragment<'_>, evidence: Evidence) -> bool {
        let is_complete = call.balance.is_complete();
        let Some(name) = &fragment.name else {
            // Without a name it continues a call, whatever its id, until the call is complete.
            let is_another = evidence.other_id && evidence.is_elsewhere;
            return is_another || (is_complete && fragment.begins());
        };
        if evidence.is_elsewhere || evidence.is_beside {
            return true;
        }
        if is_complete {
            return fragment.begins() || evidence.other_id;
        }
        if !call.goes_by(name, evidence.other_id, &self.offered) {
            return true;
        }
        // The name again under another id: some servers give every fragment a new id.
        let alone = Balance::default().and(fragment.text());
        let joined = call.balance.and(fragment.text());
        evidence.other_id && alone.is_whole() && (call.balance.is_whole() || !joined.is_whole())
    }

    /// Completes the calls, with ids that no other call of the conversation has.
    ///
    /// A call without a name is left out. If the token limit truncated the answer (`is_cut`), the last
    /// call is incomplete unless its arguments end.
    pub(super) fn close(
        &mut self,
        origin: &str,
        is_cut: bool,
        skipped: &mut Skipped,
    ) -> Vec<ToolCall> {
        let limit = self.limits.arguments_bytes;
        let mut taken = self.used.clone();
        let mut closed: Vec<ToolCall> = Vec::new();
        let count = self.open.len();
        let has_both = self.open.iter().any(|call| !call.is_legacy);
        for (at, call) in self.open.iter_mut().enumerate() {
            if call.name.is_empty() {
                skipped.add("tool_call");
                continue;
            }
            let arguments = call.arguments(limit, is_cut && at + 1 == count);
            let is_twin = |twin: &ToolCall| twin.name == call.name && twin.arguments == arguments;
            if call.is_legacy && has_both && closed.iter().any(is_twin) {
                continue;
            }
            let id = distinct(call.id.clone(), at, &mut taken);
            let done = ToolCall::new(id, &call.name, arguments);
            closed.push(match call.extra.is_empty() {
                true => done,
                false => done.with_opaque(Opaque::new(origin, call.extra.clone())),
            });
        }
        closed
    }

    /// Estimated tokens of the calls.
    pub(super) fn tokens(&self) -> u64 {
        let calls = self
            .open
            .iter()
            .map(|call| estimate::text(&call.name) + estimate::text(call.arguments.text()));
        calls.sum()
    }
}

/// What distinguishes a fragment from the call that it may continue.
#[derive(Clone, Copy)]
struct Evidence {
    /// Both have an id, and the ids differ.
    other_id: bool,
    /// It has an index that no call has.
    is_elsewhere: bool,
    /// It is another entry of the same list, without an index.
    is_beside: bool,
}

/// The call that a fragment belongs to.
enum Owner {
    Call(usize),
    New,
    /// It repeats a whole call.
    Repeated,
}

impl OpenCall {
    /// Adds arguments; returns their bytes.
    fn say(&mut self, arguments: Option<&Value>, has_marks: bool) -> usize {
        let more = match arguments {
            None | Some(Value::Null) => return 0,
            Some(Value::String(more)) => more.clone(),
            // A whole value replaces what came before.
            Some(whole) => {
                self.arguments = self.arguments.renewed();
                self.balance = Balance::default();
                self.grown = None;
                whole.to_string()
            }
        };
        self.grown = match self.grown.take() {
            Some(before) if more.starts_with(&before) => Some(more.clone()),
            _ => None,
        };
        self.balance = self.balance.and(&more);
        // Arguments are passed on at the end, so the result is not needed yet.
        let _ready = self.arguments.push(&more, has_marks);
        more.len()
    }

    /// Adds a piece of the name, or the whole name again.
    fn rename(&mut self, name: &str, offered: &HashSet<String>) {
        if self.name.len() + name.len() > MAX_NAME {
            return;
        }
        let joined = format!("{}{name}", self.name);
        if self.name.is_empty() || (name.starts_with(&self.name) && !offered.contains(&joined)) {
            name.clone_into(&mut self.name);
        } else if !self.name.ends_with(name) || offered.contains(&joined) {
            self.name = joined;
        }
    }

    /// Whether a name can belong to this call: the same name again, or another piece of it.
    fn goes_by(&self, name: &str, other_id: bool, offered: &HashSet<String>) -> bool {
        if self.name.is_empty() || self.name == name {
            return true;
        }
        let is_piece = offered.contains(&format!("{}{name}", self.name));
        let is_whole = offered.contains(&self.name) && offered.contains(name);
        is_piece || (!is_whole && !other_id && self.arguments.is_empty())
    }

    /// Whether a fragment repeats this whole call.
    fn repeats(&self, fragment: &Fragment<'_>) -> bool {
        let same_name = fragment.name.as_ref().is_none_or(|name| *name == self.name);
        let is_same = match fragment.arguments {
            Some(Value::String(text)) => text.trim() == self.arguments.text().trim(),
            Some(Value::Null) | None => false,
            Some(whole) => {
                let text = whole.to_string();
                text == self.arguments.text()
            }
        };
        same_name && is_same && self.balance.is_complete()
    }

    fn arguments(&mut self, limit: usize, is_cut: bool) -> Value {
        let _ready = self.arguments.end();
        let text = self.arguments.text();
        if text.trim().is_empty() && is_cut {
            return Value::String(String::new());
        }
        match (arguments::object(text, limit), &self.grown) {
            (Some(members), _) => Value::Object(members),
            (None, Some(grown)) => match arguments::object(grown, limit) {
                Some(members) => Value::Object(members),
                None => Value::String(text.to_owned()),
            },
            (None, None) => Value::String(text.to_owned()),
        }
    }
}

/// An id that is not taken: the server's own, if possible.
fn distinct(own: Option<String>, at: usize, taken: &mut HashSet<String>) -> String {
    let wanted = own.unwrap_or_else(|| format!("call_{at}"));
    let mut id = wanted.clone();
    let mut number = 2;
    while !taken.insert(id.clone()) {
        id = format!("{wanted}_{number}");
        number += 1;
    }
    id
}
