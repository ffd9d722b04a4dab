//! Instrumentation scopes in the SDK's form.

use glassbox_core::telemetry::Scope;
use opentelemetry::InstrumentationScope;

/// The scope of telemetry without one.
pub(crate) fn own() -> InstrumentationScope {
    InstrumentationScope::builder("glassbox")
        .with_version(env!("CARGO_PKG_VERSION"))
        .build()
}

/// A scope in the SDK's form.
pub(crate) fn of(scope: &Scope) -> InstrumentationScope {
    let mut builder = InstrumentationScope::builder(scope.name());
    if let Some(version) = scope.version() {
        builder = builder.with_version(version);
    }
    if let Some(schema_url) = scope.schema_url() {
        builder = builder.with_schema_url(schema_url);
    }
    builder.build()
}
