//! The telemetry of applications: none, no metrics, too many series, an open breaker.

use super::{Answer, doctor};
use crate::glassbox::{Running, get, page_of, request, up};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};

struct World {
    _data: tempfile::TempDir,
    _backend: Running,
    page: String,
    http: String,
}

impl World {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut backend = up(data.path());
        let page = page_of(&mut backend);
        let status = get(&format!("{page}/api/status")).unwrap();
        let http = status["endpoints"]["http"].as_str().unwrap().to_owned();
        Self {
            _data: data,
            _backend: backend,
            page,
            http,
        }
    }

    /// Sends as an application with this name.
    fn send(&self, signal: &str, body: &Value) {
        let url = format!("{}/v1/{signal}", self.http);
        let (status, answer) = request("POST", &url, &body.to_string()).unwrap();
        assert_eq!(status, 200, "{answer}");
    }

    fn span(&self, service: &str, age: Duration) {
        let start = nanos(age);
        let span = json!({
            "traceId": format!("{:032x}", age.as_nanos()), "spanId": "0123456789abcdef",
            "name": "GET /", "kind": 2, "startTimeUnixNano": start, "endTimeUnixNano": start,
        });
        let scope = json!([{"scope": {}, "spans": [span]}]);
        let all = json!([{"resource": of(service), "scopeSpans": scope}]);
        self.send("traces", &json!({"resourceSpans": all}));
    }

    fn metric(&self, service: &str, metric: Value) {
        let scope = json!([{"scope": {}, "metrics": [metric]}]);
        let all = json!([{"resource": of(service), "scopeMetrics": scope}]);
        self.send("metrics", &json!({"resourceMetrics": all}));
    }

    fn ask(&self) -> Answer {
        doctor(&self.http).backend(&self.page).ask()
    }

    fn ask_about(&self, service: &str) -> Answer {
        doctor(&self.http)
            .backend(&self.page)
            .service(service)
            .ask()
    }
}

fn of(service: &str) -> Value {
    let name = json!({"key": "service.name", "value": {"stringValue": service}});
    json!({"attributes": [name]})
}

fn nanos(age: Duration) -> String {
    let then = SystemTime::now() - age;
    let since = then.duration_since(SystemTime::UNIX_EPOCH).unwrap();
    since.as_nanos().to_string()
}

fn text(key: &str, value: &str) -> Value {
    json!({"key": key, "value": {"stringValue": value}})
}

/// A point with these attributes.
fn point(value: u64, attributes: Value) -> Value {
    let now = nanos(Duration::ZERO);
    let start = nanos(Duration::from_secs(60));
    json!({
        "attributes": attributes, "asInt": value.to_string(),
        "timeUnixNano": now, "startTimeUnixNano": start,
    })
}

fn counter(name: &str, points: Vec<Value>) -> Value {
    let sum = json!({"aggregationTemporality": 2, "isMonotonic": true, "dataPoints": points});
    json!({"name": name, "unit": "1", "sum": sum})
}

#[test]
fn no_application_at_all_is_told_and_one_that_sends_is_named() {
    let world = World::new();
    let answer = world.ask();
    assert_eq!(answer.verdict(), "well");
    answer.found("no_application").says("", "--service NAME");
    world.span("checkout", Duration::from_secs(1));
    let answer = world.ask();
    assert!(!answer.has("no_application"));
    assert_eq!(answer.marks("arrivals"), ["well"]);
}

#[test]
fn a_service_of_which_nothing_is_there_has_no_telemetry() {
    let world = World::new();
    world.span("somebody-else", Duration::from_secs(1));
    world
        .ask_about("checkout")
        .broken("arrivals", "silent_service")
        .says("nothing from checkout", "glassbox_telemetry::init");
    // The environment of the application can also name the service.
    doctor(&world.http)
        .backend(&world.page)
        .with("OTEL_SERVICE_NAME", "checkout")
        .ask()
        .broken("arrivals", "silent_service");
}

#[test]
fn metrics_that_cannot_have_come_yet_are_told_from_those_that_never_come() {
    let world = World::new();
    world.span("young", Duration::from_secs(2));
    let answer = world.ask_about("young");
    assert_eq!(answer.verdict(), "well");
    let found = answer.found("no_metrics_yet");
    assert_eq!(found.mark, "note");
    found.says("collected every 30s", "OTEL_METRIC_EXPORT_INTERVAL");

    world.span("old", Duration::from_secs(600));
    world
        .ask_about("old")
        .broken("arrivals", "no_metrics")
        .says("10 min after", "OTEL_METRICS_EXPORTER");
}

#[test]
fn a_service_without_traces_is_told() {
    let world = World::new();
    world.metric("worker", counter("jobs", vec![point(1, json!([]))]));
    let answer = world.ask_about("worker");
    assert_eq!(answer.verdict(), "well");
    answer
        .found("no_traces")
        .says("worker", "OTEL_TRACES_SAMPLER");
}

#[test]
fn an_explosion_of_labels_is_blamed_on_the_label() {
    let world = World::new();
    let mut points: Vec<Value> = (0..20)
        .map(|n| {
            point(
                1,
                json!([text("user.id", &n.to_string()), text("method", "GET")]),
            )
        })
        .collect();
    let over = json!([{"key": "otel.metric.overflow", "value": {"boolValue": true}}]);
    points.push(point(7, over));
    world.metric("checkout", counter("logins", points));
    world.span("checkout", Duration::from_secs(1));
    for answer in [world.ask(), world.ask_about("checkout")] {
        answer
            .broken("arrivals", "cardinality")
            .says(
                "'user.id' alone has 20 values",
                "remove 'user.id' from the metric",
            )
            .says("logins of checkout", "telemetry.cardinality_limit");
    }
}

#[test]
fn an_open_breaker_is_told_by_its_state_and_by_what_it_refuses() {
    let at = |service: &str, metric: Value| {
        let world = World::new();
        world.span(service, Duration::from_secs(1));
        world.metric(service, metric);
        world.ask()
    };
    let to_model = || json!([text("glassbox.dependency", "model")]);
    let gauge = |state| {
        let points = json!({"dataPoints": [point(state, to_model())]});
        json!({"name": "resilience.breaker.state", "unit": "1", "gauge": points})
    };
    at("agent", gauge(2))
        .broken("arrivals", "open_circuit")
        .says(
            "agent has an open circuit breaker: calls to model",
            "closes once",
        );
    let refused = counter("resilience.breaker.rejections", vec![point(3, to_model())]);
    at("agent", refused).broken("arrivals", "open_circuit");
    assert!(!at("agent", gauge(0)).has("open_circuit"));
}
