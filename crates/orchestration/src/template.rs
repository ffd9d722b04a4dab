//! Templates: JSON whose strings may contain bindings.

use crate::binding::{BadBinding, Binding, NoValue, Scope};
use serde_json::{Map, Value};

/// JSON with its bindings parsed.
///
/// A string that consists of exactly one binding is replaced by the value, with its type. A binding
/// within a longer string is replaced by its value as text: strings unchanged, everything else as JSON.
/// `$${` stands for a literal `${`. Names of object members are not searched for bindings.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Template(Node);

#[derive(Clone, Debug, PartialEq)]
enum Node {
    Literal(Value),
    Whole(Binding),
    Text(Vec<Piece>),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

#[derive(Clone, Debug, PartialEq)]
enum Piece {
    Plain(String),
    Binding(Binding),
}

impl Template {
    /// Parses the bindings in `value`.
    ///
    /// # Errors
    /// The first `${` that does not start a valid binding.
    pub(crate) fn parse(value: &Value) -> Result<Self, BadBinding> {
        Node::parse(value).map(Self)
    }

    /// All bindings, in the order in which they appear.
    pub(crate) fn bindings(&self) -> Vec<&Binding> {
        let mut found = Vec::new();
        self.0.collect(&mut found);
        found
    }

    /// Whether the template has the member `name`. `None` if the template is not an object, because its
    /// members are then unknown until it is resolved.
    pub(crate) fn has_member(&self, name: &str) -> Option<bool> {
        match &self.0 {
            Node::Object(members) => Some(members.iter().any(|(key, _)| key == name)),
            Node::Literal(Value::Object(members)) => Some(members.contains_key(name)),
            _ => None,
        }
    }

    /// The JSON with every binding replaced by its value.
    ///
    /// # Errors
    /// If a binding's path does not exist in its value.
    pub(crate) fn resolve(&self, scope: &Scope<'_>) -> Result<Value, NoValue> {
        self.0.resolve(scope)
    }
}

impl Node {
    fn parse(value: &Value) -> Result<Self, BadBinding> {
        Ok(match value {
            Value::String(text) => Self::parse_text(text)?,
            Value::Array(items) => {
                Self::List(items.iter().map(Self::parse).collect::<Result<_, _>>()?)
            }
            Value::Object(members) => Self::Object(
                members
                    .iter()
                    .map(|(key, value)| Ok((key.clone(), Self::parse(value)?)))
                    .collect::<Result<_, _>>()?,
            ),
            other => Self::Literal(other.clone()),
        })
    }

    fn parse_text(text: &str) -> Result<Self, BadBinding> {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            if rest[..at].ends_with('$') {
                plain.push_str(&rest[..at - 1]);
                plain.push_str("${");
                rest = &rest[at + 2..];
                continue;
            }
            plain.push_str(&rest[..at]);
            let (binding, after) = Binding::parse(&rest[at..])?;
            if !plain.is_empty() {
                pieces.push(Piece::Plain(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Binding(binding));
            rest = after;
        }
        plain.push_str(rest);
        if pieces.is_empty() {
            return Ok(Self::Literal(Value::String(plain)));
        }
        if !plain.is_empty() {
            pieces.push(Piece::Plain(plain));
        }
        Ok(match <[Piece; 1]>::try_from(pieces) {
            Ok([Piece::Binding(binding)]) => Self::Whole(binding),
            Ok(plain) => Self::Text(plain.into()),
            Err(pieces) => Self::Text(pieces),
        })
    }

    fn collect<'a>(&'a self, found: &mut Vec<&'a Binding>) {
        match self {
            Self::Literal(_) => {}
            Self::Whole(binding) => found.push(binding),
            Self::Text(pieces) => found.extend(pieces.iter().filter_map(|piece| match piece {
                Piece::Plain(_) => None,
                Piece::Binding(binding) => Some(binding),
            })),
            Self::List(items) => items.iter().for_each(|item| item.collect(found)),
            Self::Object(members) => members.iter().for_each(|(_, node)| node.collect(found)),
        }
    }

    fn resolve(&self, scope: &Scope<'_>) -> Result<Value, NoValue> {
        Ok(match self {
            Self::Literal(value) => value.clone(),
            Self::Whole(binding) => binding.resolve(scope)?.clone(),
            Self::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Plain(plain) => text.push_str(plain),
                        Piece::Binding(binding) => match binding.resolve(scope)? {
                            Value::String(value) => text.push_str(value),
                            value => text.push_str(&value.to_string()),
                        },
                    }
                }
                Value::String(text)
            }
            Self::List(items) => Value::Array(
                items
                    .iter()
                    .map(|item| item.resolve(scope))
                    .collect::<Result<_, _>>()?,
            ),
            Self::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(key, node)| Ok((key.clone(), node.resolve(scope)?)))
                    .collect::<Result<Map<_, _>, _>>()?,
            ),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use std::collections::BTreeMap;

    fn resolve(template: Value) -> Result<Value, String> {
        let inputs = Map::from_iter([("city".to_owned(), json!("Tromsø"))]);
        let place = json!({"latitude": 69.65, "tags": ["arctic", "port"], "a": {"b": null}});
        let outputs = BTreeMap::from([("geo".to_owned(), place)]);
        let scope = Scope::new(&inputs, &outputs);
        let template = Template::parse(&template).map_err(|error| error.to_string())?;
        template.resolve(&scope).map_err(|error| error.to_string())
    }

    #[test]
    fn a_string_that_is_one_binding_keeps_the_type() {
        let template =
            json!({"lat": "${steps.geo.output.latitude}", "all": ["${steps.geo.output.tags}"]});
        let expected = json!({"lat": 69.65, "all": [["arctic", "port"]]});
        assert_eq!(resolve(template), Ok(expected));
    }

    #[test]
    fn a_binding_within_a_string_is_written_into_it() {
        let template = json!("${inputs.city}: ${steps.geo.output.latitude} ${steps.geo.output.a}!");
        assert_eq!(resolve(template), Ok(json!("Tromsø: 69.65 {\"b\":null}!")));
    }

    #[test]
    fn a_list_is_entered_by_position_and_null_is_a_value() {
        assert_eq!(
            resolve(json!("${steps.geo.output.tags.1}")),
            Ok(json!("port"))
        );
        assert_eq!(resolve(json!("${steps.geo.output.a.b}")), Ok(Value::Null));
    }

    #[test]
    fn two_dollars_stand_for_a_literal_dollar() {
        assert_eq!(
            resolve(json!("costs $${inputs.city}, $5")),
            Ok(json!("costs ${inputs.city}, $5"))
        );
    }

    #[test]
    fn an_error_names_where_the_path_ended() {
        assert_eq!(
            resolve(json!("${steps.geo.output.longitude}")).unwrap_err(),
            "${steps.geo.output.longitude} has no value: steps.geo.output has no member 'longitude' (it has a, latitude, tags)"
        );
        assert_eq!(
            resolve(json!("${steps.geo.output.tags.7}")).unwrap_err(),
            "${steps.geo.output.tags.7} has no value: steps.geo.output.tags has no member '7' (it is a list of 2)"
        );
        assert_eq!(
            resolve(json!("${steps.geo.output.latitude.deg}")).unwrap_err(),
            "${steps.geo.output.latitude.deg} has no value: steps.geo.output.latitude has no member 'deg' (it is a number)"
        );
    }

    #[test]
    fn an_invalid_binding_is_rejected_with_the_reason() {
        for (text, expected) in [
            ("${inputs.city", "'${inputs.city' has no closing brace"),
            (
                "${city}",
                "'${city}' is neither ${inputs.NAME} nor ${steps.ID.output}",
            ),
            (
                "${steps.geo.latitude}",
                "'${steps.geo.latitude}' is neither ${inputs.NAME} nor ${steps.ID.output}",
            ),
            (
                "${inputs.a..b}",
                "'${inputs.a..b}' has an empty name in its path",
            ),
        ] {
            assert_eq!(resolve(json!(text)).unwrap_err(), expected);
        }
    }
}
