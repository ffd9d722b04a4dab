//! What a service can do, with who does it.

use crate::{Capability, Category, Output, ToolError};
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

    /// Adds a capability.
    ///
    /// # Panics
    /// If its name is taken or malformed, or its input is no object: mistakes of the program.
    pub(crate) fn add(&mut self, capability: Capability, callee: Box<T>) {
        let (service, name) = (&self.service, &capability.name);
        assert!(
            self.position(name).is_none(),
            "{service} has two capabilities called '{name}'"
        );
        assert!(
            is_name(name),
            "'{name}' of {service} is no capability name: lower-case words joined by '_'"
        );
        assert!(
            capability.takes_object(),
            "the input of '{name}' of {service} is no object: put its fields into a struct"
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

    /// Who does it.
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

/// Reads JSON into a typed input. A callee that takes nothing takes an empty object.
pub(crate) fn read<I: DeserializeOwned>(name: &str, input: Value) -> Result<I, ToolError> {
    let empty = matches!(&input, Value::Object(fields) if fields.is_empty());
    serde_json::from_value(input)
        .or_else(|error| match empty {
            true => serde_json::from_value(Value::Null).map_err(|_| error),
            false => Err(error),
        })
        .map_err(|error| ToolError::invalid_input(name, &error))
}

/// Writes a typed output as JSON.
pub(crate) fn write(name: &str, output: &impl Serialize) -> Result<Output, ToolError> {
    serde_json::to_value(output)
        .map(Output::new)
        .map_err(|error| {
            let message = format!("the output of {name} cannot be written as JSON: {error}");
            ToolError::new(Category::Internal, "output.not_json", message).with_source(error)
        })
}
