//! Closes schemas: objects accept only the fields that they name.

use schemars::{Schema, transform::transform_subschemas};
use serde_json::{Map, Value};
use std::collections::HashSet;

/// Keywords that compose an object from several schemas.
const COMPOSED: [&str; 6] = ["$ref", "allOf", "anyOf", "oneOf", "if", "dependentSchemas"];
/// Keywords that already define additional fields.
const SAID: [&str; 3] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
];

/// Adds `additionalProperties: false` to every object that is not composed.
///
/// An object composed of several schemas, such as a flattened struct or a tagged enum, stays open, and so
/// does each definition that it refers to: if closed, it would reject the fields of its siblings.
pub(super) fn close(schema: &mut Schema) {
    let mut open = HashSet::new();
    if let Some(object) = schema.as_object() {
        find_open(object, &mut open);
    }
    if let Some(Value::Object(definitions)) = schema.get_mut("$defs") {
        for (name, definition) in definitions {
            let Ok(definition) = <&mut Schema>::try_from(definition) else {
                continue;
            };
            match open.contains(name.as_str()) {
                true => transform_subschemas(&mut close_object, definition),
                false => close_object(definition),
            }
        }
    }
    // The definitions are done. Visiting them again would close the open ones.
    let definitions = schema.remove("$defs");
    close_object(schema);
    if let Some(definitions) = definitions {
        schema.insert("$defs".to_owned(), definitions);
    }
}

/// Closes one schema and everything below it.
fn close_object(schema: &mut Schema) {
    if let Some(object) = schema.as_object_mut() {
        let has = |keys: &[&str]| keys.iter().any(|key| object.contains_key(*key));
        let is_object = object.get("type").and_then(Value::as_str) == Some("object");
        if is_composed(object) {
            // The parts of a composed object are separate objects only below their fields.
            for part in parts_mut(object) {
                transform_subschemas(&mut close_object, part);
            }
            if let Some(Value::Object(fields)) = object.get_mut("properties") {
                for field in fields.values_mut() {
                    if let Ok(field) = <&mut Schema>::try_from(field) {
                        close_object(field);
                    }
                }
            }
            return;
        }
        if is_object && !has(&SAID) && !has(&COMPOSED) {
            object.insert("additionalProperties".to_owned(), Value::Bool(false));
        }
    }
    transform_subschemas(&mut close_object, schema);
}

/// Whether the object combines its own fields with other schemas, or is an `allOf` of several schemas.
fn is_composed(object: &Map<String, Value>) -> bool {
    let own = object.contains_key("properties");
    let others = COMPOSED.iter().any(|key| object.contains_key(*key));
    object.contains_key("allOf") || (own && others)
}

/// The parts of a composed object, except references.
fn parts_mut(object: &mut Map<String, Value>) -> impl Iterator<Item = &mut Schema> {
    object
        .iter_mut()
        .filter(|(key, _)| matches!(key.as_str(), "allOf" | "anyOf" | "oneOf"))
        .filter_map(|(_, parts)| parts.as_array_mut())
        .flatten()
        .filter_map(|part| <&mut Schema>::try_from(part).ok())
}

/// The names of the definitions that composed objects refer to.
fn find_open(object: &Map<String, Value>, open: &mut HashSet<String>) {
    if is_composed(object) {
        name_reference(object, open);
        for part in ["allOf", "anyOf", "oneOf"] {
            let parts = object.get(part).and_then(Value::as_array);
            for part in parts.into_iter().flatten().filter_map(Value::as_object) {
                name_reference(part, open);
            }
        }
    }
    for value in object.values() {
        match value {
            Value::Object(below) => find_open(below, open),
            Value::Array(several) => {
                for below in several.iter().filter_map(Value::as_object) {
                    find_open(below, open);
                }
            }
            _ => {}
        }
    }
}

fn name_reference(object: &Map<String, Value>, open: &mut HashSet<String>) {
    let reference = object.get("$ref").and_then(Value::as_str);
    if let Some(name) = reference.and_then(|reference| reference.strip_prefix("#/$defs/")) {
        open.insert(name.to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::close;
    use schemars::{JsonSchema, Schema, schema_for};
    use std::collections::BTreeMap;

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Inner {
        text: String,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Outer {
        inner: Inner,
        many: Vec<Inner>,
        map: BTreeMap<String, Inner>,
        anything: serde_json::Value,
        free: serde_json::Map<String, serde_json::Value>,
    }

    fn closed<T: JsonSchema>() -> Schema {
        let mut schema = schema_for!(T);
        close(&mut schema);
        schema
    }

    #[test]
    fn an_object_is_closed_with_everything_below_it_and_a_map_is_not() {
        let schema = closed::<Outer>();
        let schema = schema.as_value();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["$defs"]["Inner"]["additionalProperties"], false);
        let map = &schema["properties"]["map"]["additionalProperties"];
        assert!(map.is_object(), "{schema:#}");
        assert_eq!(schema["properties"]["free"]["additionalProperties"], true);
        assert!(
            schema["properties"]["anything"].is_boolean()
                || schema["properties"]["anything"]
                    .get("additionalProperties")
                    .is_none()
        );
    }

    #[derive(JsonSchema)]
    #[serde(tag = "kind")]
    #[expect(dead_code, reason = "only its schema is used")]
    enum Tagged {
        One(Inner),
        Two { n: u8 },
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Flat {
        own: u8,
        #[serde(flatten)]
        rest: Tagged,
    }

    #[derive(JsonSchema)]
    #[expect(dead_code, reason = "only its schema is used")]
    struct Holds {
        tagged: Tagged,
    }

    #[test]
    fn a_definition_that_is_a_part_of_an_object_stays_open() {
        let schema = closed::<Holds>();
        let schema = schema.as_value();
        assert_eq!(schema["additionalProperties"], false);
        let inner = &schema["$defs"]["Inner"];
        assert!(inner.get("additionalProperties").is_none(), "{schema:#}");
        let schema = closed::<Flat>();
        assert!(schema.get("additionalProperties").is_none(), "{schema:#?}");
    }
}
