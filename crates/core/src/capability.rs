//! Capabilities of tools and agents.

mod closed;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, json_schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// The default timeout of a call.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// Something that can be called, with its schemas and its effect.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capability {
    /// Lower-case words joined by `_`, unique within the service.
    pub name: String,
    /// One or two sentences. Models use them to choose.
    pub description: String,
    /// JSON Schema of the input, an object.
    pub input: Schema,
    /// JSON Schema of the output.
    pub output: Schema,
    /// The effect of a call. Determines retries, hedging and approval.
    pub effect: Effect,
    /// The approximate cost of a call.
    pub cost: CostClass,
    /// Default timeout of a call; milliseconds on the wire.
    #[serde(rename = "timeout_ms", with = "millis")]
    pub timeout: Duration,
    /// The display name, if it differs from `name`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it accesses systems outside the service, such as the web or a mailbox.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub open_world: bool,
    /// Whether two calls with one idempotency key take effect once. If so, a mutating call can be retried.
    #[serde(default, skip_serializing_if = "is_no")]
    pub honours_idempotency_key: bool,
    /// Search terms.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Example inputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
}

fn yes() -> bool {
    true
}

// serde defines the signatures.
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_no(value: &bool) -> bool {
    !*value
}

impl Capability {
    /// Creates a capability with the schemas of its types. Defaults: mutating, free, 30 s.
    ///
    /// Uses the deserialisation schema of the input and the serialisation schema of the output. The input
    /// `()` is an empty object.
    pub fn of<I: JsonSchema, O: JsonSchema>(
        name: impl Into<String>,
        description: impl Into<String>,
    ) -> Self {
        let input = match schema_for!(I) {
            schema if is_of_type(&schema, "null") => {
                json_schema!({"type": "object", "properties": {}})
            }
            schema => schema,
        };
        let written = SchemaSettings::draft2020_12().for_serialize();
        let output = written.into_generator().into_root_schema_for::<O>();
        Self::from_schemas(name, description, input, output)
    }

    /// Creates a capability with JSON schemas. Defaults: mutating, free, 30 s.
    pub fn from_schemas(
        name: impl Into<String>,
        description: impl Into<String>,
        input: Schema,
        output: Schema,
    ) -> Self {
        Self {
            name: name.into(),
            description: description.into(),
            input,
            output,
            effect: Effect::Mutating,
            cost: CostClass::Free,
            timeout: DEFAULT_TIMEOUT,
            title: None,
            open_world: true,
            honours_idempotency_key: false,
            tags: Vec::new(),
            examples: Vec::new(),
        }
    }

    /// Closes the input schema: adds `additionalProperties: false` to every object whose fields are all
    /// known.
    #[must_use]
    pub fn with_closed_input(mut self) -> Self {
        closed::close(&mut self.input);
        self
    }

    /// Whether a failed call can be retried: the effect allows it, or the call has an idempotency key that
    /// the capability honours.
    pub const fn is_repeatable(&self, has_idempotency_key: bool) -> bool {
        self.effect.is_repeatable() || (self.honours_idempotency_key && has_idempotency_key)
    }

    /// Whether the input is an object, as models and protocols require.
    pub fn takes_object(&self) -> bool {
        is_of_type(&self.input, "object")
    }

    /// Sets the effect.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Sets the cost.
    #[must_use]
    pub fn with_cost(mut self, cost: CostClass) -> Self {
        self.cost = cost;
        self
    }

    /// Sets the timeout.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Sets the display name.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets whether it accesses systems outside the service.
    #[must_use]
    pub fn with_open_world(mut self, open_world: bool) -> Self {
        self.open_world = open_world;
        self
    }

    /// Sets whether two calls with one idempotency key take effect once.
    #[must_use]
    pub fn with_honours_idempotency_key(mut self, honours: bool) -> Self {
        self.honours_idempotency_key = honours;
        self
    }

    /// Adds search terms.
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds example inputs.
    #[must_use]
    pub fn with_examples(mut self, examples: impl IntoIterator<Item = Value>) -> Self {
        self.examples.extend(examples);
        self
    }
}

fn is_of_type(schema: &Schema, name: &str) -> bool {
    schema.get("type").and_then(Value::as_str) == Some(name)
}

/// The effect of a call.
///
/// An unknown value is read as the most cautious one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// No effect: can be retried, hedged and cached.
    ReadOnly,
    /// Idempotent effect: can be retried, but not hedged.
    Idempotent,
    /// An effect on each call: not retried without an idempotency key that the tool honours.
    Mutating,
    /// Irreversible: requires approval.
    #[serde(other)]
    Destructive,
}

impl Effect {
    /// Whether a failed call can be retried without approval.
    pub const fn is_repeatable(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Idempotent)
    }
}

/// The approximate cost of a call.
///
/// An unknown value is read as the most expensive one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CostClass {
    /// Local computation.
    Free,
    /// A call over the network.
    Cheap,
    /// Money or scarce quota per call.
    #[serde(other)]
    Expensive,
}

/// A duration as whole milliseconds.
mod millis {
    use serde::{Deserialize, Deserializer, Serializer};
    use std::time::Duration;

    pub(super) fn serialize<S: Serializer>(value: &Duration, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(u64::try_from(value.as_millis()).unwrap_or(u64::MAX))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Duration, D::Error> {
        u64::deserialize(from).map(Duration::from_millis)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize, JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Input {
        /// The city's name.
        city: String,
    }

    #[test]
    fn a_capability_survives_the_wire_with_its_schemas() {
        let capability = Capability::of::<Input, u32>("weather", "Tells the weather.")
            .with_effect(Effect::Idempotent)
            .with_cost(CostClass::Cheap)
            .with_timeout(Duration::from_millis(1500));
        let wire = serde_json::to_value(&capability).unwrap();
        assert_eq!(wire["timeout_ms"], 1500);
        assert_eq!(wire["effect"], "idempotent");
        assert_eq!(
            wire["input"]["properties"]["city"]["description"],
            "The city's name."
        );
        let back: Capability = serde_json::from_value(wire).unwrap();
        assert_eq!(back, capability);
    }

    #[derive(Serialize, JsonSchema)]
    struct Output {
        #[serde(rename(serialize = "celsius"))]
        temperature: f64,
    }

    #[test]
    fn the_schemas_are_those_of_the_wire() {
        let capability = Capability::of::<(), Output>("now", "Tells the weather.");
        assert!(capability.takes_object());
        assert_eq!(capability.output.get("required").unwrap()[0], "celsius");
    }

    #[test]
    fn a_newer_peers_words_are_read_with_caution() {
        let capability = Capability::of::<Input, u32>("weather", "Tells the weather.");
        let mut wire = serde_json::to_value(&capability).unwrap();
        wire["effect"] = "explosive".into();
        wire["cost"] = "ruinous".into();
        let read: Capability = serde_json::from_value(wire).unwrap();
        assert_eq!(read.effect, Effect::Destructive);
        assert_eq!(read.cost, CostClass::Expensive);
    }
}
