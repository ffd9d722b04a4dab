//! Tests of the tables as a whole: names are unique and match the constants that OpenTelemetry publishes.

use std::collections::BTreeMap;

use glassbox_core::telemetry::Descriptor;
use glassbox_semconv::v1_41::{
    code, db, error, exception, http, network, otel, resource, rpc, server, session, url,
};
use glassbox_semconv::{gen_ai_latest, gen_ai_v1_41, glassbox};
use opentelemetry_semantic_conventions::{attribute, metric};

const ATTRIBUTES: &[(&str, &[&str])] = &[
    ("code", code::ATTRIBUTES),
    ("db", db::ATTRIBUTES),
    ("error", error::ATTRIBUTES),
    ("exception", exception::ATTRIBUTES),
    ("http", http::ATTRIBUTES),
    ("network", network::ATTRIBUTES),
    ("otel", otel::ATTRIBUTES),
    ("resource", resource::ATTRIBUTES),
    ("rpc", rpc::ATTRIBUTES),
    ("server", server::ATTRIBUTES),
    ("session", session::ATTRIBUTES),
    ("url", url::ATTRIBUTES),
    ("gen_ai_v1_41", gen_ai_v1_41::ATTRIBUTES),
    ("gen_ai_latest", gen_ai_latest::ATTRIBUTES),
    ("glassbox", glassbox::ATTRIBUTES),
];

const METRICS: &[(&str, &[Descriptor])] = &[
    ("db", db::METRICS),
    ("http", http::METRICS),
    ("rpc", rpc::METRICS),
    ("gen_ai_v1_41", gen_ai_v1_41::METRICS),
    ("gen_ai_latest", gen_ai_latest::METRICS),
    ("glassbox", glassbox::METRICS),
];

#[test]
fn an_attribute_belongs_to_one_module() {
    let mut owners = BTreeMap::new();
    for (module, names) in ATTRIBUTES {
        for name in *names {
            let before = owners.insert(*name, *module);
            assert_eq!(before, None, "{name} is in {module} too");
        }
    }
    assert!(owners.len() > 100, "only {} attributes", owners.len());
}

#[test]
fn a_metric_belongs_to_one_module_and_its_labels_are_declared() {
    let attributes: Vec<&str> = ATTRIBUTES.iter().flat_map(|(_, n)| *n).copied().collect();
    let mut owners = BTreeMap::new();
    for (module, metrics) in METRICS {
        for metric in *metrics {
            let before = owners.insert(metric.name, *module);
            assert_eq!(before, None, "{} is in {module} too", metric.name);
            for label in metric.keys {
                assert!(attributes.contains(label), "{}: {label}", metric.name);
            }
        }
    }
    assert!(owners.len() > 30, "only {} metrics", owners.len());
}

#[test]
fn the_metrics_of_core_are_described_as_core_records_them() {
    use glassbox_core::telemetry::{OPERATION_DURATION, OPERATION_ERRORS};
    assert_eq!(glassbox::OPERATION_DURATION, OPERATION_DURATION);
    assert_eq!(glassbox::OPERATION_ERRORS, OPERATION_ERRORS);
}

#[test]
fn attributes_are_those_that_opentelemetry_publishes() {
    let pairs = [
        (code::FILE_PATH, attribute::CODE_FILE_PATH),
        (code::LINE_NUMBER, attribute::CODE_LINE_NUMBER),
        (code::FUNCTION_NAME, attribute::CODE_FUNCTION_NAME),
        (db::SYSTEM_NAME, attribute::DB_SYSTEM_NAME),
        (db::NAMESPACE, attribute::DB_NAMESPACE),
        (db::COLLECTION_NAME, attribute::DB_COLLECTION_NAME),
        (db::OPERATION_NAME, attribute::DB_OPERATION_NAME),
        (db::OPERATION_BATCH_SIZE, attribute::DB_OPERATION_BATCH_SIZE),
        (db::QUERY_SUMMARY, attribute::DB_QUERY_SUMMARY),
        (db::QUERY_TEXT, attribute::DB_QUERY_TEXT),
        (db::RESPONSE_STATUS_CODE, attribute::DB_RESPONSE_STATUS_CODE),
        (error::TYPE, attribute::ERROR_TYPE),
        (exception::TYPE, attribute::EXCEPTION_TYPE),
        (exception::MESSAGE, attribute::EXCEPTION_MESSAGE),
        (exception::STACKTRACE, attribute::EXCEPTION_STACKTRACE),
        (http::REQUEST_METHOD, attribute::HTTP_REQUEST_METHOD),
        (
            http::REQUEST_METHOD_ORIGINAL,
            attribute::HTTP_REQUEST_METHOD_ORIGINAL,
        ),
        (
            http::REQUEST_RESEND_COUNT,
            attribute::HTTP_REQUEST_RESEND_COUNT,
        ),
        (
            http::RESPONSE_STATUS_CODE,
            attribute::HTTP_RESPONSE_STATUS_CODE,
        ),
        (http::ROUTE, attribute::HTTP_ROUTE),
        (http::USER_AGENT_ORIGINAL, attribute::USER_AGENT_ORIGINAL),
        (network::PROTOCOL_NAME, attribute::NETWORK_PROTOCOL_NAME),
        (
            network::PROTOCOL_VERSION,
            attribute::NETWORK_PROTOCOL_VERSION,
        ),
        (network::TRANSPORT, attribute::NETWORK_TRANSPORT),
        (network::PEER_ADDRESS, attribute::NETWORK_PEER_ADDRESS),
        (network::PEER_PORT, attribute::NETWORK_PEER_PORT),
        (otel::SCOPE_NAME, attribute::OTEL_SCOPE_NAME),
        (otel::SCOPE_VERSION, attribute::OTEL_SCOPE_VERSION),
        (otel::STATUS_CODE, attribute::OTEL_STATUS_CODE),
        (otel::STATUS_DESCRIPTION, attribute::OTEL_STATUS_DESCRIPTION),
        (resource::SERVICE_NAME, attribute::SERVICE_NAME),
        (resource::SERVICE_NAMESPACE, attribute::SERVICE_NAMESPACE),
        (resource::SERVICE_VERSION, attribute::SERVICE_VERSION),
        (
            resource::SERVICE_INSTANCE_ID,
            attribute::SERVICE_INSTANCE_ID,
        ),
        (
            resource::DEPLOYMENT_ENVIRONMENT_NAME,
            attribute::DEPLOYMENT_ENVIRONMENT_NAME,
        ),
        (
            resource::TELEMETRY_SDK_LANGUAGE,
            attribute::TELEMETRY_SDK_LANGUAGE,
        ),
        (resource::OS_TYPE, attribute::OS_TYPE),
        (resource::OS_VERSION, attribute::OS_VERSION),
        (resource::HOST_NAME, attribute::HOST_NAME),
        (resource::HOST_ARCH, attribute::HOST_ARCH),
        (resource::PROCESS_PID, attribute::PROCESS_PID),
        (
            resource::PROCESS_CREATION_TIME,
            attribute::PROCESS_CREATION_TIME,
        ),
        (
            resource::PROCESS_EXECUTABLE_NAME,
            attribute::PROCESS_EXECUTABLE_NAME,
        ),
        (
            resource::PROCESS_EXECUTABLE_PATH,
            attribute::PROCESS_EXECUTABLE_PATH,
        ),
        (
            resource::PROCESS_RUNTIME_NAME,
            attribute::PROCESS_RUNTIME_NAME,
        ),
        (resource::K8S_CLUSTER_NAME, attribute::K8S_CLUSTER_NAME),
        (resource::K8S_NAMESPACE_NAME, attribute::K8S_NAMESPACE_NAME),
        (resource::K8S_NODE_NAME, attribute::K8S_NODE_NAME),
        (resource::K8S_POD_NAME, attribute::K8S_POD_NAME),
        (resource::K8S_POD_UID, attribute::K8S_POD_UID),
        (resource::K8S_POD_IP, attribute::K8S_POD_IP),
        (resource::K8S_CONTAINER_NAME, attribute::K8S_CONTAINER_NAME),
        (
            resource::K8S_DEPLOYMENT_NAME,
            attribute::K8S_DEPLOYMENT_NAME,
        ),
        (rpc::SYSTEM_NAME, attribute::RPC_SYSTEM_NAME),
        (rpc::METHOD, attribute::RPC_METHOD),
        (rpc::METHOD_ORIGINAL, attribute::RPC_METHOD_ORIGINAL),
        (
            rpc::RESPONSE_STATUS_CODE,
            attribute::RPC_RESPONSE_STATUS_CODE,
        ),
        (server::ADDRESS, attribute::SERVER_ADDRESS),
        (server::PORT, attribute::SERVER_PORT),
        (server::CLIENT_ADDRESS, attribute::CLIENT_ADDRESS),
        (server::CLIENT_PORT, attribute::CLIENT_PORT),
        (session::ID, attribute::SESSION_ID),
        (session::PREVIOUS_ID, attribute::SESSION_PREVIOUS_ID),
        (url::SCHEME, attribute::URL_SCHEME),
        (url::PATH, attribute::URL_PATH),
        (url::QUERY, attribute::URL_QUERY),
        (url::FULL, attribute::URL_FULL),
        (url::TEMPLATE, attribute::URL_TEMPLATE),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(ours, theirs);
    }
}

#[test]
fn metrics_are_those_that_opentelemetry_publishes() {
    let pairs = [
        (
            http::SERVER_REQUEST_DURATION,
            metric::HTTP_SERVER_REQUEST_DURATION,
        ),
        (
            http::SERVER_ACTIVE_REQUESTS,
            metric::HTTP_SERVER_ACTIVE_REQUESTS,
        ),
        (
            http::CLIENT_REQUEST_DURATION,
            metric::HTTP_CLIENT_REQUEST_DURATION,
        ),
        (rpc::SERVER_CALL_DURATION, metric::RPC_SERVER_CALL_DURATION),
        (rpc::CLIENT_CALL_DURATION, metric::RPC_CLIENT_CALL_DURATION),
        (
            db::CLIENT_OPERATION_DURATION,
            metric::DB_CLIENT_OPERATION_DURATION,
        ),
        (
            db::CLIENT_CONNECTION_COUNT,
            metric::DB_CLIENT_CONNECTION_COUNT,
        ),
    ];
    for (ours, theirs) in pairs {
        assert_eq!(ours.name, theirs);
    }
}
