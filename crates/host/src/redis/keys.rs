//! The names of keys.

/// The names of the keys of one namespace.
#[derive(Clone, Debug)]
pub(super) struct Keys {
    instances: String,
}

impl Keys {
    pub(super) fn new(namespace: &str) -> Self {
        Self {
            instances: format!("{{{namespace}}}:instances"),
        }
    }

    /// The sorted set of all instances.
    pub(super) fn index(&self) -> &str {
        &self.instances
    }

    /// The registration of one instance. Ids in the index may be arbitrary bytes.
    pub(super) fn instance(&self, id: &[u8]) -> Vec<u8> {
        // `{namespace}:instance`, not `…instances`, so that no id collides with the index.
        let stem = &self.instances[..self.instances.len() - 1];
        [stem.as_bytes(), b":", id].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_keys_of_a_namespace_share_a_hash_tag() {
        let keys = Keys::new("glassbox");
        assert_eq!(keys.index(), "{glassbox}:instances");
        assert_eq!(keys.instance(b"a-1"), b"{glassbox}:instance:a-1");
    }
}
