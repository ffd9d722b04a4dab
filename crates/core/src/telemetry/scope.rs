//! Instrumentation scopes.

/// The library or module that emits telemetry, as defined by OpenTelemetry: name, version, and the schema of its
/// attribute names.
///
/// ```
/// use glassbox_core::{scope, telemetry::Scope};
///
/// /// This crate, with its version.
/// const SCOPE: Scope = scope!();
/// assert_eq!(SCOPE.name(), env!("CARGO_PKG_NAME"));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Scope {
    name: &'static str,
    version: Option<&'static str>,
    schema_url: Option<&'static str>,
}

impl Scope {
    /// A scope without version and schema.
    pub const fn new(name: &'static str) -> Self {
        Self {
            name,
            version: None,
            schema_url: None,
        }
    }

    /// The version of the library or module.
    #[must_use]
    pub const fn with_version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// The URL of the schema of the attribute names.
    #[must_use]
    pub const fn with_schema_url(mut self, schema_url: &'static str) -> Self {
        self.schema_url = Some(schema_url);
        self
    }

    /// The name, usually of a crate or of a module.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The version, if one was given.
    pub const fn version(&self) -> Option<&'static str> {
        self.version
    }

    /// The schema, if one was given.
    pub const fn schema_url(&self) -> Option<&'static str> {
        self.schema_url
    }
}
