//! Decides what to call: tools for clauses, values for parameters, calls for what is missing.

use crate::{
    conversation::Exchange,
    question::{Clause, Place},
    tool::{Arguments, Function, Parameter, Wants},
    words,
};
use jiff::{ToSpan, civil::Date};
use serde_json::Value;
use std::collections::BTreeMap;

/// The subject of a clause, with the facts from results about it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Subject {
    pub(crate) place: Option<Place>,
    facts: BTreeMap<String, Value>,
}

/// A tool chosen for a clause, and its state.
#[derive(Debug)]
pub(crate) struct Task<'a> {
    pub(crate) tool: &'a Function,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) state: State<'a>,
}

/// The state of a task.
#[derive(Debug)]
pub(crate) enum State<'a> {
    /// These calls are next.
    Next(Vec<NewCall>),
    /// It was called, and returned a result or failed.
    Done(&'a Exchange),
    /// A call that it depends on has failed.
    Blocked { tool: String, reason: String },
    /// Neither the results so far nor another tool can fill its parameters.
    Impossible,
}

/// A call to be made.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct NewCall {
    pub(crate) tool: String,
    pub(crate) arguments: Arguments,
}

/// The data for a decision.
#[derive(Clone, Copy)]
pub(crate) struct Planner<'a> {
    pub(crate) tools: &'a [Function],
    pub(crate) exchanges: &'a [Exchange],
    pub(crate) today: Date,
}

/// The text after the colon in `Count the words: to be or not to be`, or the whole text.
fn after_colon(text: &str) -> &str {
    match text.split_once(": ").map(|(_, rest)| rest.trim()) {
        None | Some("") => text,
        Some(rest) => rest,
    }
}

impl<'a> Planner<'a> {
    /// The state of each tool that fits the clause; empty if none fits.
    pub(crate) fn tasks(&self, clause: &Clause) -> Vec<Task<'a>> {
        let subjects = self.subjects(clause);
        let mut words = clause.words.clone();
        let mut tasks = Vec::new();
        let mut chosen: Vec<&str> = Vec::new();
        loop {
            let fits = self.tools.iter().filter_map(|tool| {
                let (fit, matched) = tool.fit(&words);
                let enough = match chosen.is_empty() {
                    true => fit >= 2,
                    false => tool.is_named(&matched) && !chosen.contains(&tool.name.as_str()),
                };
                let matched: Vec<String> = matched.into_iter().map(str::to_owned).collect();
                let possible = enough.then(|| self.attempts(tool, clause, &subjects))?;
                (!possible.is_empty()).then_some((fit, matched, tool, possible))
            });
            // Among equals, the one with the fewest parameters; among those, the first.
            let best = fits
                .min_by_key(|(fit, _, tool, _)| (std::cmp::Reverse(*fit), tool.required().count()));
            let Some((_, matched, tool, possible)) = best else {
                return tasks;
            };
            words.retain(|word| !matched.contains(word));
            chosen.push(&tool.name);
            tasks.extend(possible);
        }
    }

    /// What a fitting tool needs but the clause leaves out; `None` if no tool fits.
    pub(crate) fn lacking(&self, clause: &Clause) -> Option<String> {
        let fits = self
            .tools
            .iter()
            .map(|tool| (tool.fit(&clause.words).0, tool));
        let (_, tool) = fits
            .filter(|(fit, _)| *fit >= 2)
            .min_by_key(|(fit, tool)| (std::cmp::Reverse(*fit), tool.required().count()))?;
        let somewhere = Subject {
            place: Some(Place::Named("somewhere".to_owned())),
            ..Subject::default()
        };
        let anywhere = [somewhere.clone(), somewhere];
        let tool_name = words::spelled(&tool.name);
        Some(match self.attempts(tool, clause, &anywhere).is_empty() {
            false => format!(
                "I could ask {tool_name}, but “{}” does not say where: name a city.",
                clause.text
            ),
            true => {
                let needed = tool.required().map(|one| words::spelled(one.name));
                format!(
                    "I could ask {tool_name}, but “{}” does not say what it needs: {}.",
                    clause.text,
                    needed.collect::<Vec<_>>().join(", ")
                )
            }
        })
    }

    /// The tool for each subject, or for all at once if it takes several; empty if it cannot be used.
    fn attempts(&self, tool: &'a Function, clause: &Clause, all: &[Subject]) -> Vec<Task<'a>> {
        let is_about = |one: &Parameter<'_>| matches!(one.wants(), Wants::Place | Wants::Zone);
        let wanted = tool.required().filter(is_about).count();
        let takes_text = tool.required().any(|one| one.wants() == Wants::Question);
        let only_text = takes_text
            && (tool.required()).all(|one| matches!(one.wants(), Wants::Question | Wants::Day));
        let groups: Vec<Vec<Subject>> = match wanted {
            // A text is its own subject, regardless of the places that it names.
            _ if only_text => vec![vec![Subject::default()]],
            0 | 1 => all.iter().map(|subject| vec![subject.clone()]).collect(),
            _ => all.chunks_exact(wanted).map(<[Subject]>::to_vec).collect(),
        };
        let tasks = groups.into_iter().map(|subjects| Task {
            state: self.attempt(tool, clause, &subjects, &[]),
            tool,
            subjects,
        });
        tasks
            .filter(|task| !matches!(task.state, State::Impossible))
            .collect()
    }

    fn attempt(
        &self,
        tool: &Function,
        clause: &Clause,
        subjects: &[Subject],
        waiting: &[&str],
    ) -> State<'a> {
        let mut arguments = Arguments::new();
        let mut calls: Vec<NewCall> = Vec::new();
        let mut next = subjects.iter();
        let several = subjects.len() > 1;
        let mut quoted = clause.quoted.iter();
        for parameter in tool.required() {
            if parameter.wants() == Wants::Question
                && let Some(text) = quoted.next()
            {
                arguments.insert(parameter.name.to_owned(), text.as_str().into());
                continue;
            }
            let own = match parameter.wants() {
                Wants::Place | Wants::Zone if several && parameter.is_goal() => subjects.last(),
                Wants::Place | Wants::Zone if several => next.next(),
                _ => subjects.first(),
            };
            let Some(subject) = own else {
                return State::Impossible;
            };
            if let Some(value) = self.value(&parameter, clause, subject) {
                arguments.insert(parameter.name.to_owned(), value);
                continue;
            }
            match self.source(tool, &parameter, clause, subject, waiting) {
                State::Next(more) => {
                    for call in more {
                        if !calls.contains(&call) {
                            calls.push(call);
                        }
                    }
                }
                blocked => return blocked,
            }
        }
        if !calls.is_empty() {
            return State::Next(calls);
        }
        if let Some(exchange) = self.exchanges.iter().find(|exchange| {
            exchange.tool == tool.name
                && arguments
                    .iter()
                    .all(|(name, value)| exchange.arguments.get(name) == Some(value))
        }) {
            return State::Done(exchange);
        }
        for parameter in tool.optional() {
            let sought = matches!(parameter.wants(), Wants::Day | Wants::Zone);
            let value = match sought {
                true => subjects
                    .first()
                    .and_then(|subject| self.value(&parameter, clause, subject)),
                false => parameter.choice(&clause.words),
            };
            arguments.extend(value.map(|value| (parameter.name.to_owned(), value)));
        }
        State::Next(vec![NewCall {
            tool: tool.name.clone(),
            arguments,
        }])
    }

    /// The state of the tool that can provide `parameter`.
    fn source(
        &self,
        tool: &Function,
        parameter: &Parameter<'_>,
        clause: &Clause,
        subject: &Subject,
        waiting: &[&str],
    ) -> State<'a> {
        let key = words::key(parameter.name);
        let key = match parameter.wants() {
            Wants::Zone => "timezone",
            _ => key.as_str(),
        };
        let waiting = [waiting, &[tool.name.as_str()]].concat();
        let sources = self
            .tools
            .iter()
            .filter(|source| !waiting.contains(&source.name.as_str()) && source.speaks_of(key));
        for source in sources {
            match self.attempt(source, clause, std::slice::from_ref(subject), &waiting) {
                State::Impossible => {}
                State::Done(exchange) => {
                    let reason = match &exchange.result {
                        Ok(_) => {
                            format!("it says nothing about {}", words::spelled(parameter.name))
                        }
                        Err(reason) => reason.clone(),
                    };
                    return State::Blocked {
                        tool: source.name.clone(),
                        reason,
                    };
                }
                other => return other,
            }
        }
        State::Impossible
    }

    /// The value of a parameter, from the question or from the results about the subject.
    fn value(
        &self,
        parameter: &Parameter<'_>,
        clause: &Clause,
        subject: &Subject,
    ) -> Option<Value> {
        let known = |key: &str| subject.facts.get(key).cloned();
        let by_key = || known(&words::key(parameter.name));
        match (parameter.wants(), &subject.place) {
            (Wants::Place, Some(Place::Named(name))) => Some(name.clone().into()),
            (Wants::Zone, Some(Place::Zone(name))) => Some(name.clone().into()),
            (Wants::Zone, _) => known("timezone"),
            (Wants::Day, _) => clause.day.as_ref().map(|day| self.day(day, parameter)),
            // Numbers next to a place are seldom its coordinates.
            (Wants::Number, None) => clause.numbers.first().map(|number| Value::from(*number)),
            (Wants::Question, _) => Some(after_colon(&clause.text).into()),
            _ => by_key()
                .or_else(|| parameter.choice(&clause.words))
                .or_else(|| {
                    Some(
                        clause
                            .quoted
                            .first()
                            .filter(|_| parameter.is_free())?
                            .as_str()
                            .into(),
                    )
                }),
        }
    }

    /// The day in the form that the parameter's description expects: the word if the description names
    /// it, otherwise a date.
    fn day(&self, day: &str, parameter: &Parameter<'_>) -> Value {
        let off = match day {
            "yesterday" => -1,
            "today" => 0,
            "tomorrow" => 1,
            date => return date.into(),
        };
        match parameter.description().contains(day) {
            true => day.into(),
            false => self.today.saturating_add(off.days()).to_string().into(),
        }
    }

    /// The subjects of the clause; one unnamed subject if it names none.
    fn subjects(&self, clause: &Clause) -> Vec<Subject> {
        match clause.places.is_empty() {
            true => vec![Subject::default()],
            false => clause
                .places
                .iter()
                .map(|place| self.subject(place))
                .collect(),
        }
    }

    /// A subject with its facts: results of calls that name it, and of calls with values from those
    /// results.
    fn subject(&self, place: &Place) -> Subject {
        let mut facts: BTreeMap<String, Value> = BTreeMap::new();
        for exchange in self.exchanges {
            let is_its = exchange.arguments.iter().any(|(name, value)| {
                value == place.label() || facts.get(&words::key(name)) == Some(value)
            });
            let (true, Ok(Value::Object(members))) = (is_its, &exchange.result) else {
                continue;
            };
            for (name, value) in members {
                if value.is_string() || value.is_number() {
                    facts
                        .entry(words::key(name))
                        .or_insert_with(|| value.clone());
                }
            }
        }
        Subject {
            place: Some(place.clone()),
            facts,
        }
    }
}
