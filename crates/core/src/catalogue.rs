//! The capabilities of a service with their implementations.

use crate::{Capability, Outcome, ToolError};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

/// Capabilities under one service name, each with its callee.
pub(crate) struct Catalogue<T: ?Sized> {
    service: String,
    capabilities: Vec<Capability>,
    callees: Vec<Box<T>>,
}

impl<T: ?Sized> Catalogue<T> {
    pub(crate) fn new(service: String) -> Self {
        Self {
            service,
            capabilities: Vec::new(),
            callees: Vec::new(),
        }
    }

    /// Adds a capability, with a title if it has one, and closed to unknown input fields if it is strict.
    ///
    /// # Panics
    /// If its name is taken or malformed, or its input is not an object. These are programming errors.
    pub(crate) fn add(
        &mut self,
        mut capability: Capability,
        title: Option<&str>,
        is_strict: bool,
        callee: Box<T>,
    ) {
        if let Some(title) = title {
            capability = capability.with_title(title);
        }
        if is_strict {
            capability = capability.with_closed_input();
        }
        let (service, name) = (&self.service, &capability.name);
        assert!(
            self.position(name).is_none(),
            "{service} has two capabilities called '{name}'"
        );
        assert!(
            is_name(name),
            "'{name}' of {service} is not a capability name: use lower-case words joined by '_'"
        );
        assert!(
            capability.takes_object(),
            "the input of '{name}' of {service} is not an object: use a struct"
        );
        self.capabilities.push(capability);
        self.callees.push(callee);
    }

    pub(crate) fn service(&self) -> &str {
        &self.service
    }

    pub(crate) fn capabilities(&self) -> &[Capability] {
        &self.capabilities
    }

    /// The implementation.
    pub(crate) fn find(&self, name: &str) -> Result<&T, ToolError> {
        match self.position(name) {
            Some(index) => Ok(&self.callees[index]),
            None => Err(ToolError::unknown_capability(&self.service, name)),
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.capabilities.iter().position(|held| held.name == name)
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.split('_')
        .all(|word| !word.is_empty() && word.bytes().all(plain))
}

/// Deserialises a typed input. The input `()` is an empty object.
///
/// # Errors
/// If a field has the wrong type, is missing, or, if `strict`, is unknown; with its path.
pub(crate) fn read<I: DeserializeOwned>(
    name: &str,
    input: Value,
    strict: bool,
) -> Result<I, ToolError> {
    if matches!(&input, Value::Object(fields) if fields.is_empty())
        && let Ok(nothing) = serde_json::from_value(Value::Null)
    {
        return Ok(nothing);
    }
    let mut unknown = None;
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(input, &mut track);
    let read = serde_ignored::deserialize(tracked, |path| {
        unknown.get_or_insert_with(|| dotted(&path));
    });
    let input = match read {
        Ok(input) => input,
        Err(error) => {
            let path = match track.path().to_string() {
                root if root == "." => String::new(),
                path => path,
            };
            return Err(ToolError::invalid_input(name, &path, error));
        }
    };
    match unknown {
        Some(path) if strict => Err(ToolError::invalid_input(name, &path, "unknown field")),
        _ => Ok(input),
    }
}

/// Formats a path as `document.paragraphs[1].text`.
fn dotted(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}[{index}]", dotted(parent)),
        Path::Map { parent, key } => match dotted(parent) {
            root if root.is_empty() => key.clone(),
            parent => format!("{parent}.{key}"),
        },
        Path::Some { parent }
        | Path::NewtypeStruct { parent }
        | Path::NewtypeVariant { parent } => dotted(parent),
    }
}

/// Serialises a typed output.
pub(crate) fn write(name: &str, output: &impl Serialize) -> Result<Outcome, ToolError> {
    serde_json::to_value(output)
        .map(Outcome::done)
        .map_err(|error| {
            let message = format!("cannot serialise the output of {name}: {error}");
            ToolError::internal("output.not_json", message).with_source(error)
        })
}
