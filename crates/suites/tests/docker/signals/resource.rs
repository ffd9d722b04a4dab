//! The resource of the application, which accompanies every record.

use crate::{collector::Found, emitter::Emitted};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs};

/// Variables that configure the resource.
pub(super) const VARIABLES: &[(&str, &str)] = &[
    ("OTEL_SERVICE_NAME", "shop für alle"),
    ("OTEL_SERVICE_NAMESPACE", "market"),
    ("OTEL_SERVICE_VERSION", "1.2.3-rc.1"),
    (
        "OTEL_RESOURCE_ATTRIBUTES",
        "team=Gr%C3%BC%C3%9Fe%20%F0%9F%8C%8D,empty=,list=a%2Cb,service.instance.id=i-1",
    ),
    ("GLASSBOX_ENVIRONMENT", "suite"),
    ("K8S_POD_NAME", "shop-0"),
];

/// Asserts that the resource has exactly these attributes.
pub(super) fn assert_described(found: &Found, emitted: &Emitted) {
    let program = env!("CARGO_BIN_EXE_suites-emitter");
    let program = fs::canonicalize(program).unwrap();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let text = |text: &str| json!({ "stringValue": text });
    let mut expected = BTreeMap::from([
        ("service.name", text("shop für alle")),
        ("service.namespace", text("market")),
        ("service.version", text("1.2.3-rc.1")),
        ("service.instance.id", text("i-1")),
        ("team", text("Grüße 🌍")),
        ("empty", text("")),
        ("list", text("a,b")),
        ("deployment.environment.name", text("suite")),
        ("k8s.pod.name", text("shop-0")),
        ("telemetry.sdk.name", text("opentelemetry")),
        ("telemetry.sdk.language", text("rust")),
        ("telemetry.sdk.version", text("0.33.1")),
        ("telemetry.distro.name", text("glassbox-telemetry")),
        ("telemetry.distro.version", text(env!("CARGO_PKG_VERSION"))),
        (
            "process.pid",
            json!({ "intValue": emitted.facts["pid"].to_string() }),
        ),
        ("process.runtime.name", text("rust")),
        ("process.executable.name", text("suites-emitter")),
        ("process.executable.path", text(program.to_str().unwrap())),
        ("host.name", text(host.trim())),
        ("os.type", text("linux")),
    ]);
    let mut described = described(&found.resource);
    // Values of this machine, which the test cannot verify independently.
    for key in ["host.arch", "os.version"] {
        let value = described.remove(key).unwrap();
        assert!(!value["stringValue"].as_str().unwrap().is_empty(), "{key}");
    }
    let expected: BTreeMap<String, Value> = std::mem::take(&mut expected)
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
    assert_eq!(described, expected);
    assert_eq!(found.resource_schema, Value::Null);
}

/// Attributes by key; each key occurs once.
pub(super) fn described(of: &Value) -> BTreeMap<String, Value> {
    let mut attributes = BTreeMap::new();
    for attribute in of["attributes"].as_array().into_iter().flatten() {
        let key = attribute["key"].as_str().unwrap().to_owned();
        let before = attributes.insert(key, attribute["value"].clone());
        assert_eq!(before, None, "{attribute} stands twice");
    }
    attributes
}
