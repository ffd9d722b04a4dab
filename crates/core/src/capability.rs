//! One thing that a tool or an agent can do.

mod closed;

use schemars::{JsonSchema, Schema, generate::SchemaSettings, json_schema, schema_for};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// How long a call may take when neither its caller nor its author says anything.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(30);

/// What can be called, with its schemas and with what callers may do on its behalf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Capability {
    /// Lower-case words joined by `_`, unique within the service.
    pub name: String,
    /// One or two sentences; a model reads them to choose.
    pub description: String,
    /// JSON Schema of the input, an object.
    pub input: Schema,
    /// JSON Schema of the output.
    pub output: Schema,
    /// What calling it does to the world: decides retry, hedging and approval.
    pub effect: Effect,
    /// What a call costs, roughly.
    pub cost: CostClass,
    /// How long a call may take when its caller says nothing; milliseconds on the wire.
    #[serde(rename = "timeout_ms", with = "millis")]
    pub timeout: Duration,
    /// The name for people, if it is not the capability's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Whether it reaches beyond what the service itself holds: the web, a mailbox, a shop.
    #[serde(default = "yes", skip_serializing_if = "is_yes")]
    pub open_world: bool,
    /// Whether two calls with one idempotency key take effect once. A mutating call that honours keys may
    /// be repeated.
    #[serde(default, skip_serializing_if = "is_no")]
    pub honours_idempotency_key: bool,
    /// Words to find it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Inputs that show how it is called.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub examples: Vec<Value>,
}

fn yes() -> bool {
    true
}

// The signatures are serde's.
fn is_yes(value: &bool) -> bool {
    *value
}

fn is_no(value: &bool) -> bool {
    !*value
}

impl Capability {
    /// A capability with the schemas of its types: mutating, free, 30 s, until said otherwise.
    ///
    /// The input's schema is what is read, the output's is what is written. A capability that takes
    /// nothing (`()`) takes an empty object.
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

    /// A capability whose schemas are known as JSON: mutating, free, 30 s, until said otherwise.
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

    /// Closes the input: the schema says `additionalProperties: false` for every object whose fields are
    /// all known.
    #[must_use]
    pub fn with_closed_input(mut self) -> Self {
        closed::close(&mut self.input);
        self
    }

    /// Whether a failed call may be repeated: the effect allows it, or the call has an idempotency key that
    /// the capability honours.
    pub const fn is_repeatable(&self, has_idempotency_key: bool) -> bool {
        self.effect.is_repeatable() || (self.honours_idempotency_key && has_idempotency_key)
    }

    /// Whether the input is an object, as models and protocols ask for.
    pub fn takes_object(&self) -> bool {
        is_of_type(&self.input, "object")
    }

    /// Says what calling it does to the world.
    #[must_use]
    pub fn with_effect(mut self, effect: Effect) -> Self {
        self.effect = effect;
        self
    }

    /// Says what a call costs.
    #[must_use]
    pub fn with_cost(mut self, cost: CostClass) -> Self {
        self.cost = cost;
        self
    }

    /// Says how long a call may take.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Adds a name for people.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Says whether it reaches beyond what the service itself holds.
    #[must_use]
    pub fn with_open_world(mut self, open_world: bool) -> Self {
        self.open_world = open_world;
        self
    }

    /// Says whether two calls with one idempotency key take effect once.
    #[must_use]
    pub fn with_honours_idempotency_key(mut self, honours: bool) -> Self {
        self.honours_idempotency_key = honours;
        self
    }

    /// Adds words to find it by.
    #[must_use]
    pub fn with_tags(mut self, tags: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.tags.extend(tags.into_iter().map(Into::into));
        self
    }

    /// Adds inputs that show how it is called.
    #[must_use]
    pub fn with_examples(mut self, examples: impl IntoIterator<Item = Value>) -> Self {
        self.examples.extend(examples);
        self
    }
}

fn is_of_type(schema: &Schema, name: &str) -> bool {
    schema.get("type").and_then(Value::as_str) == Some(name)
}

/// What a call does to the world, from harmless to not repeatable.
///
/// A word that this version does not know is read as the most cautious one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// Changes nothing: may be retried, hedged and cached.
    ReadOnly,
    /// Changes something, and twice is the same as once: may be retried, not hedged.
    Idempotent,
    /// Changes something each time: never repeated without an idempotency key that the tool honours.
    Mutating,
    /// Cannot be undone: asks for approval first.
    #[serde(other)]
    Destructive,
}

impl Effect {
    /// Whether a failed call may be repeated without asking anybody.
    pub const fn is_repeatable(self) -> bool {
        matches!(self, Self::ReadOnly | Self::Idempotent)
    }
}

/// What a call costs, roughly.
///
/// A word that this version does not know is read as the dearest one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CostClass {
    /// Computed here.
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
    #[expect(dead_code, reason = "only its schema is looked at")]
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
