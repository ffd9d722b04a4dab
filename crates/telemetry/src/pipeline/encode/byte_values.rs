//! Attribute values that are bytes, which the SDK's spans cannot contain.

use crate::pipeline::item::{ByteValue, Owner};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, KeyValue, any_value::Value},
    trace::v1::{ResourceSpans, Span},
};

/// Adds one encoded span, with its byte values put in their places, to those of the same scope.
pub(super) fn add(
    all: &mut Vec<ResourceSpans>,
    mut encoded: Vec<ResourceSpans>,
    values: Vec<ByteValue>,
) {
    let scopes = encoded
        .iter_mut()
        .flat_map(|resource| &mut resource.scope_spans);
    if let Some(span) = scopes.flat_map(|scope| &mut scope.spans).next() {
        put(span, values);
    }
    // Both are of the one resource of this process.
    let Some(resource) = all.first_mut() else {
        all.append(&mut encoded);
        return;
    };
    for scope in encoded
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
    {
        let known = resource
            .scope_spans
            .iter_mut()
            .find(|known| known.scope == scope.scope && known.schema_url == scope.schema_url);
        match known {
            Some(known) => known.spans.extend(scope.spans),
            None => resource.scope_spans.push(scope),
        }
    }
}

fn put(span: &mut Span, values: Vec<ByteValue>) {
    for ByteValue { owner, at, value } in values {
        let attributes: Option<&mut Vec<KeyValue>> = match owner {
            Owner::Span => Some(&mut span.attributes),
            Owner::Event(event) => span.events.get_mut(event).map(|it| &mut it.attributes),
            Owner::Link(link) => span.links.get_mut(link).map(|it| &mut it.attributes),
        };
        if let Some(attribute) = attributes.and_then(|attributes| attributes.get_mut(at)) {
            attribute.value = Some(AnyValue {
                value: Some(Value::BytesValue(value)),
            });
        }
    }
}
