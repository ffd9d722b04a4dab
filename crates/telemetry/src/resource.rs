//! The resource: the process, its machine, and its environment.

use crate::config::TelemetryConfig;
use glassbox_semconv::v1_41::resource as key;
use opentelemetry::{KeyValue, Value};
use opentelemetry_sdk::Resource;
use std::{collections::BTreeMap, env, fs};

/// The application's revision. No convention defines it.
const BUILD_COMMIT: &str = "build.commit";
/// When the application was built.
const BUILD_TIME: &str = "build.time";

/// The resource of this process. Named settings override the attributes of the settings, which override
/// detected ones.
pub(crate) fn resource(config: &TelemetryConfig) -> Resource {
    let mut attributes: BTreeMap<String, Value> = BTreeMap::new();
    let mut set = |key: &str, value: Value| drop(attributes.insert(key.to_owned(), value));
    detect(&mut set);
    for (key, value) in &config.resource_attributes {
        set(key, value.clone().into());
    }
    let named = [
        (key::SERVICE_NAMESPACE, &config.service_namespace),
        (key::SERVICE_VERSION, &config.service_version),
        (key::DEPLOYMENT_ENVIRONMENT_NAME, &config.environment),
        (BUILD_COMMIT, &config.build_commit),
        (BUILD_TIME, &config.build_time),
        (key::K8S_POD_NAME, &config.kubernetes.pod_name),
        (key::K8S_POD_UID, &config.kubernetes.pod_uid),
        (key::K8S_NAMESPACE_NAME, &config.kubernetes.namespace),
        (key::K8S_NODE_NAME, &config.kubernetes.node_name),
        (key::K8S_CONTAINER_NAME, &config.kubernetes.container_name),
        (key::K8S_DEPLOYMENT_NAME, &config.kubernetes.deployment_name),
        (key::K8S_CLUSTER_NAME, &config.kubernetes.cluster_name),
    ];
    for (key, value) in named {
        if let Some(value) = value {
            set(key, value.clone().into());
        }
    }
    // OTEL_RESOURCE_ATTRIBUTES may contain the name. A service without a name is named after its
    // program.
    let unnamed = config.service_name == TelemetryConfig::default().service_name;
    if !unnamed {
        set(key::SERVICE_NAME, config.service_name.clone().into());
    } else if !config.resource_attributes.contains_key(key::SERVICE_NAME) {
        let unknown = &config.service_name;
        let name = match attributes.get(key::PROCESS_EXECUTABLE_NAME) {
            Some(program) => format!("{unknown}:{program}"),
            None => unknown.clone(),
        };
        attributes.insert(key::SERVICE_NAME.to_owned(), name.into());
    }
    let attributes = attributes.into_iter();
    Resource::builder_empty()
        .with_attributes(attributes.map(|(key, value)| KeyValue::new(key, value)))
        .build()
}

fn detect(set: &mut impl FnMut(&str, Value)) {
    set(key::TELEMETRY_SDK_NAME, "opentelemetry".into());
    set(key::TELEMETRY_SDK_LANGUAGE, "rust".into());
    set(key::TELEMETRY_SDK_VERSION, SDK_VERSION.into());
    set(key::TELEMETRY_DISTRO_NAME, env!("CARGO_PKG_NAME").into());
    set(
        key::TELEMETRY_DISTRO_VERSION,
        env!("CARGO_PKG_VERSION").into(),
    );
    set(key::OS_TYPE, os_type().into());
    set(key::HOST_ARCH, host_arch().into());
    let system = rustix::system::uname();
    set(
        key::HOST_NAME,
        system.nodename().to_string_lossy().into_owned().into(),
    );
    let release = system.release().to_string_lossy().into_owned();
    set(key::OS_VERSION, os_version().unwrap_or(release).into());
    set(key::PROCESS_PID, i64::from(std::process::id()).into());
    set(key::PROCESS_RUNTIME_NAME, "rust".into());
    if let Ok(path) = env::current_exe() {
        if let Some(name) = path.file_name() {
            let name = name.to_string_lossy().into_owned();
            set(key::PROCESS_EXECUTABLE_NAME, name.into());
        }
        let path = path.to_string_lossy().into_owned();
        set(key::PROCESS_EXECUTABLE_PATH, path.into());
    }
}

/// The version of `opentelemetry_sdk`, which does not export it.
const SDK_VERSION: &str = "0.33.1";

/// A random UUID, version 4.
pub(crate) fn instance_id() -> String {
    let id = fastrand::u128(..) & !(0xf << 76) & !(0x3 << 62) | 0x4 << 76 | 0x2 << 62;
    let hex = format!("{id:032x}");
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

fn os_type() -> &'static str {
    match env::consts::OS {
        "macos" => "darwin",
        other => other,
    }
}

fn host_arch() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "x86",
        other => other,
    }
}

/// The version of the Linux distribution, if it has one.
fn os_version() -> Option<String> {
    let release = fs::read_to_string("/etc/os-release").ok()?;
    let version = release
        .lines()
        .find_map(|line| line.strip_prefix("VERSION_ID="))?;
    Some(version.trim_matches('"').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use opentelemetry::Key;

    fn text(resource: &Resource, key: &'static str) -> Option<String> {
        let value = resource.get(&Key::from_static_str(key))?;
        Some(value.to_string())
    }

    #[test]
    fn the_process_is_described_without_being_told() {
        let resource = resource(&TelemetryConfig::new("weather"));
        assert_eq!(
            text(&resource, key::SERVICE_NAME).as_deref(),
            Some("weather")
        );
        assert_eq!(
            text(&resource, key::PROCESS_PID),
            Some(std::process::id().to_string())
        );
        for key in [
            key::HOST_NAME,
            key::OS_TYPE,
            key::OS_VERSION,
            key::PROCESS_EXECUTABLE_NAME,
            key::PROCESS_RUNTIME_NAME,
            key::TELEMETRY_SDK_NAME,
        ] {
            assert!(!text(&resource, key).unwrap().is_empty(), "{key}");
        }
        assert_eq!(text(&resource, BUILD_COMMIT), None);
        assert_eq!(text(&resource, key::K8S_POD_NAME), None);
    }

    #[test]
    fn every_instance_has_an_id_of_its_own_in_the_form_of_a_uuid() {
        let (one, other) = (instance_id(), instance_id());
        assert_ne!(one, other);
        let lengths: Vec<_> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!(matches!(&one[19..20], "8" | "9" | "a" | "b"), "{one}");
    }

    #[test]
    fn settings_win_over_what_is_detected_and_names_over_attributes() {
        let mut config = TelemetryConfig::new("named")
            .with_environment("production")
            .with_service_version("1.2.3")
            .with_service_namespace("shop")
            .with_build_commit("abc123")
            .with_build_time("2026-11-21T00:00:00Z")
            .with_resource_attribute("service.name", "from attributes")
            .with_resource_attribute("host.name", "box");
        config.kubernetes.pod_name = Some("pod-1".to_owned());
        let resource = resource(&config);
        for (key, value) in [
            (key::SERVICE_NAME, "named"),
            (key::SERVICE_NAMESPACE, "shop"),
            (key::SERVICE_VERSION, "1.2.3"),
            (key::DEPLOYMENT_ENVIRONMENT_NAME, "production"),
            (key::HOST_NAME, "box"),
            (key::K8S_POD_NAME, "pod-1"),
            (BUILD_COMMIT, "abc123"),
            (BUILD_TIME, "2026-11-21T00:00:00Z"),
        ] {
            assert_eq!(text(&resource, key).as_deref(), Some(value), "{key}");
        }
    }

    #[test]
    fn the_name_among_the_attributes_counts_where_no_other_is_given() {
        let config =
            TelemetryConfig::default().with_resource_attribute("service.name", "from attributes");
        let resource = resource(&config);
        assert_eq!(
            text(&resource, key::SERVICE_NAME).as_deref(),
            Some("from attributes")
        );
    }

    #[test]
    fn a_service_without_a_name_is_called_after_its_program() {
        let resource = resource(&TelemetryConfig::default());
        let program = text(&resource, key::PROCESS_EXECUTABLE_NAME).unwrap();
        assert_eq!(
            text(&resource, key::SERVICE_NAME),
            Some(format!("unknown_service:{program}"))
        );
    }
}
