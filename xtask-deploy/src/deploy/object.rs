//! Rendered Kubernetes objects, and all objects of one kustomization.

use std::{collections::BTreeMap, fmt};

use serde_json::Value;

/// One object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) api_version: String,
    pub(super) kind: String,
    pub(super) name: String,
    /// Empty for cluster-wide objects.
    pub(super) namespace: String,
    pub(super) value: Value,
}

/// The objects that one kustomization adds to a cluster.
#[derive(Debug)]
pub(super) struct Cluster {
    /// The folder of the kustomization.
    pub(super) folder: String,
    pub(super) objects: Vec<Object>,
    /// The objects in the files of that folder, before any patch.
    pub(super) own: Vec<Object>,
}

impl Cluster {
    /// The objects of one kind.
    pub(super) fn kind(&self, kind: &str) -> impl Iterator<Item = &Object> {
        self.objects
            .iter()
            .filter(move |object| object.kind == kind)
    }

    /// The object of this kind and name.
    pub(super) fn find(&self, kind: &str, namespace: &str, name: &str) -> Option<&Object> {
        self.kind(kind)
            .find(|object| object.namespace == namespace && object.name == name)
    }
}

impl Object {
    /// The text at a JSON pointer.
    pub(super) fn text(&self, pointer: &str) -> Option<&str> {
        self.value.pointer(pointer)?.as_str()
    }

    /// The pairs of text at a JSON pointer: labels, a selector, the data of a config map.
    pub(super) fn pairs(&self, pointer: &str) -> BTreeMap<&str, &str> {
        let map = self.value.pointer(pointer).and_then(Value::as_object);
        map.into_iter()
            .flatten()
            .filter_map(|(key, value)| Some((key.as_str(), value.as_str()?)))
            .collect()
    }
}

impl TryFrom<Value> for Object {
    type Error = String;

    fn try_from(value: Value) -> Result<Self, String> {
        let text = |pointer: &str| {
            let found = value.pointer(pointer).and_then(Value::as_str);
            found.map(str::to_owned)
        };
        let missing =
            |what: &str| format!("something rendered is no object, since it has no {what}");
        Ok(Self {
            api_version: text("/apiVersion").ok_or_else(|| missing("apiVersion"))?,
            kind: text("/kind").ok_or_else(|| missing("kind"))?,
            name: text("/metadata/name").ok_or_else(|| missing("name"))?,
            namespace: text("/metadata/namespace").unwrap_or_default(),
            value,
        })
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            kind,
            name,
            namespace,
            ..
        } = self;
        match namespace.as_str() {
            "" => write!(f, "{kind} {name}"),
            _ => write!(f, "{kind} {namespace}/{name}"),
        }
    }
}
