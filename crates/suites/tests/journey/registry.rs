//! The contents of Redis, as `redis-cli` shows them.

use crate::{part::Part, patience::eventually};
use serde_json::Value;

/// The Redis of a stage.
pub(crate) struct Registry(Part);

impl Registry {
    pub(crate) const fn new(redis: Part) -> Self {
        Self(redis)
    }

    pub(crate) const fn part(&self) -> &Part {
        &self.0
    }

    /// The names of the services with a valid lease, one for each instance, in order.
    pub(crate) async fn services(&self) -> Vec<String> {
        let cli = ["redis-cli", "--raw"];
        let range = ["ZRANGE", "{glassbox}:instances", "0", "-1"];
        let ids = self.0.run(&[&cli[..], &range[..]].concat()).await;
        let ids = ids.lines().filter(|id| !id.is_empty());
        let keys: Vec<_> = ids
            .map(|id| format!("{{glassbox}}:instance:{id}"))
            .collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let keys = keys.iter().map(String::as_str);
        let words: Vec<_> = cli.into_iter().chain(["MGET"]).chain(keys).collect();
        let texts = self.0.run(&words).await;
        // An expired lease leaves an empty line.
        let texts = texts.lines().filter(|text| !text.is_empty());
        let name = |text: &str| {
            let service: Value = serde_json::from_str(text).unwrap();
            service["name"].as_str().unwrap().to_owned()
        };
        let mut names: Vec<_> = texts.map(name).collect();
        names.sort();
        names
    }

    /// Waits until exactly these services are registered, in this order. Fails with the registered ones otherwise.
    pub(crate) async fn knows(&self, services: &[&str]) {
        let known = eventually(async || (self.services().await == services).then_some(()));
        if known.await.is_none() {
            panic!(
                "not {services:?} are registered but {:?}",
                self.services().await
            );
        }
    }
}
