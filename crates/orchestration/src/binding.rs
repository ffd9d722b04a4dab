//! Bindings: `${inputs.x}` and `${steps.s.output.path}`.

use serde_json::{Map, Value};
use std::{collections::BTreeMap, fmt};

/// A reference to an input or into the output of a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Binding {
    root: Root,
    path: Vec<String>,
}

/// What a binding refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Root {
    /// An input of the workflow.
    Input(String),
    /// The output of a step.
    Step(String),
}

/// The values that bindings can refer to at one moment of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scope<'a> {
    inputs: &'a Map<String, Value>,
    outputs: &'a BTreeMap<String, Value>,
}

impl<'a> Scope<'a> {
    /// The inputs of the run and the outputs of the steps that completed, by their ids.
    pub(crate) fn new(
        inputs: &'a Map<String, Value>,
        outputs: &'a BTreeMap<String, Value>,
    ) -> Self {
        Self { inputs, outputs }
    }
}

/// A `${` that does not start a valid binding.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadBinding {
    /// The closing brace is missing.
    #[error("'{0}' has no closing brace")]
    Open(String),
    /// It is neither `${inputs.NAME}` nor `${steps.ID.output}`.
    #[error("'{0}' is neither ${{inputs.NAME}} nor ${{steps.ID.output}}")]
    Root(String),
    /// Two dots in a row, or one at the end.
    #[error("'{0}' has an empty name in its path")]
    EmptyName(String),
}

/// A binding whose path does not exist in its value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{binding} has no value: {at} has no member '{member}' ({has})")]
pub(crate) struct NoValue {
    binding: String,
    at: String,
    member: String,
    has: String,
}

impl Binding {
    /// Parses the binding at the start of `text`. Returns it with the rest of the text.
    pub(crate) fn parse(text: &str) -> Result<(Self, &str), BadBinding> {
        let Some(end) = text.find('}') else {
            return Err(BadBinding::Open(text.to_owned()));
        };
        let (whole, after) = text.split_at(end + 1);
        let mut names = whole[2..end].trim().split('.');
        let root = match (names.next(), names.next()) {
            (Some("inputs"), Some(name)) => Root::Input(name.to_owned()),
            (Some("steps"), Some(step)) if names.next() == Some("output") => {
                Root::Step(step.to_owned())
            }
            _ => return Err(BadBinding::Root(whole.to_owned())),
        };
        let path: Vec<String> = names.map(str::to_owned).collect();
        let (Root::Input(name) | Root::Step(name)) = &root;
        if name.is_empty() || path.iter().any(String::is_empty) {
            return Err(BadBinding::EmptyName(whole.to_owned()));
        }
        Ok((Self { root, path }, after))
    }

    /// The root of the reference.
    pub(crate) fn root(&self) -> &Root {
        &self.root
    }

    /// The value that the binding refers to.
    pub(crate) fn resolve<'a>(&self, scope: &Scope<'a>) -> Result<&'a Value, NoValue> {
        // Validation has checked that the root exists. A step's output is only known now.
        let mut value = match &self.root {
            Root::Input(name) => scope.inputs.get(name).unwrap_or(&Value::Null),
            Root::Step(id) => scope.outputs.get(id).unwrap_or(&Value::Null),
        };
        for (depth, member) in self.path.iter().enumerate() {
            let next = match value {
                Value::Object(members) => members.get(member),
                Value::Array(items) => member.parse().ok().and_then(|at: usize| items.get(at)),
                _ => None,
            };
            value = next.ok_or_else(|| NoValue {
                binding: self.to_string(),
                at: self.prefix(depth),
                member: member.clone(),
                has: describe(value),
            })?;
        }
        Ok(value)
    }

    /// The binding without braces, with the first `depth` members of its path.
    fn prefix(&self, depth: usize) -> String {
        let mut text = match &self.root {
            Root::Input(name) => format!("inputs.{name}"),
            Root::Step(id) => format!("steps.{id}.output"),
        };
        for member in &self.path[..depth] {
            text.push('.');
            text.push_str(member);
        }
        text
    }
}

impl fmt::Display for Binding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "${{{}}}", self.prefix(self.path.len()))
    }
}

/// Describes a value without revealing its content, except for names of members.
fn describe(value: &Value) -> String {
    match value {
        Value::Null => "it is null".to_owned(),
        Value::Bool(_) => "it is a boolean".to_owned(),
        Value::Number(_) => "it is a number".to_owned(),
        Value::String(_) => "it is a string".to_owned(),
        Value::Array(items) => format!("it is a list of {}", items.len()),
        Value::Object(members) if members.is_empty() => "it is empty".to_owned(),
        Value::Object(members) => {
            let names: Vec<&str> = members.keys().map(String::as_str).collect();
            format!("it has {}", names.join(", "))
        }
    }
}
