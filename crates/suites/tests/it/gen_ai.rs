//! Compares our GenAI names with the registry, as published in OpenTelemetry's Python package.

use crate::python;
use glassbox_semconv::{gen_ai_latest, gen_ai_v1_41};
use std::collections::BTreeSet;
use tokio::process::Command;

/// Prints every name in the package, one a line.
const SCRIPT: &str = "
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes, openai_attributes
from opentelemetry.semconv._incubating.metrics import gen_ai_metrics
for module in (gen_ai_attributes, openai_attributes, gen_ai_metrics):
    for value in vars(module).values():
        if isinstance(value, str) and value.startswith(('gen_ai.', 'openai.')):
            print(value)
";

/// Names added since in the repository to which the GenAI conventions have moved.
const ADDED_SINCE: &[&str] = &[
    "gen_ai.conversation.compacted",
    "gen_ai.prompt.version",
    "gen_ai.request.reasoning.level",
    "gen_ai.token.modality",
    "gen_ai.usage.cache_write.input_tokens",
];

async fn registry() -> Option<BTreeSet<String>> {
    let python = python::interpreter()?;
    let output = Command::new(python)
        .args(["-c", SCRIPT])
        .output()
        .await
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let names: BTreeSet<_> = String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(str::to_owned)
        .collect();
    assert!(names.len() >= 70, "{names:?}");
    Some(names)
}

#[tokio::test]
async fn every_name_of_1_41_is_in_the_registry() {
    let Some(registry) = registry().await else {
        return;
    };
    let metrics = gen_ai_v1_41::METRICS.iter().map(|metric| metric.name);
    let names: Vec<_> = (gen_ai_v1_41::ATTRIBUTES.iter().copied())
        .chain(metrics)
        .collect();
    assert!(names.len() >= 45, "{names:?}");
    for name in names {
        assert!(registry.contains(name), "{name}");
    }
}

#[tokio::test]
async fn every_attribute_that_is_newer_than_the_registry_is_known_to_be() {
    let Some(registry) = registry().await else {
        return;
    };
    let newer: BTreeSet<_> = (gen_ai_latest::ATTRIBUTES.iter().copied())
        .filter(|name| !registry.contains(*name))
        .collect();
    assert_eq!(newer, ADDED_SINCE.iter().copied().collect());
}
