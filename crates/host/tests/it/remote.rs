//! Services that find and call each other over HTTP.

use crate::{
    registry::{ANY, serve},
    tools::{Probe, Remote, call, soon, until},
};
use glassbox_core::{
    Agent, Allowance, Blame, Capability, Category, Connector, Cx, Deadline, Decide, Discovery,
    Filter, Outcome, Problem, Registry, Remaining, ServiceInfo, ServiceKind, Spent, Tool,
    ToolError, World, async_trait, telemetry::SpanKind,
};
use glassbox_host::{
    Host, HostSettings, HttpConnector, HttpDiscovery, HttpRegistry, MemoryRegistry, Put, Running,
    SystemClock, registry_router,
};
use glassbox_instrument::HttpClient;
use glassbox_testkit::{TelemetryCapture, VirtualClock};
use serde_json::{Value, json};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::{Duration, Instant},
};

/// Calls the only tool that it finds.
struct Asker(Vec<Capability>);

impl Asker {
    fn new() -> Self {
        let ask = Capability::of::<Value, Value>("ask", "Asks the probe.");
        Self(vec![ask])
    }
}

#[async_trait]
impl Agent for Asker {
    fn name(&self) -> &str {
        "asker"
    }

    fn capabilities(&self) -> &[Capability] {
        &self.0
    }

    async fn invoke(
        &self,
        cx: &Cx,
        world: &World<'_>,
        _capability: &str,
        input: Value,
    ) -> Result<Outcome, ToolError> {
        let found = world.discovery.find(cx, &Filter::tools()).await?;
        let tool = world.connector.connect(&found[0])?;
        tool.call(cx, "context", input).await
    }
}

fn settings(registry: &str) -> HostSettings {
    let mut settings = HostSettings::default();
    settings.registry_url = Some(registry.to_owned());
    settings.lease = Duration::from_millis(300);
    settings
}

async fn pair() -> (Running, Remote, Arc<crate::tools::Seen>) {
    let probe = Probe::new("probe");
    let seen = Arc::clone(&probe.seen);
    let running = Host::tool(probe).start().await.unwrap();
    let tool = Remote::probe(running.instance(), running.endpoint());
    (running, tool, seen)
}

#[tokio::test]
async fn an_agent_finds_a_tool_by_the_registrys_url_and_one_trace_joins_them() {
    let capture = TelemetryCapture::install();
    let (url, _task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let tool = Host::tool(Probe::new("probe")).settings(settings(&url));
    let _tool = tool.start().await.unwrap();
    let agent = Host::agent(Asker::new()).settings(settings(&url));
    let agent = agent.start().await.unwrap();
    assert_eq!(
        capture.up_down_counter("agents.active", &[("gen_ai.agent.name", "asker")]),
        1
    );

    let ask = format!("{}/v1/capabilities/ask", agent.endpoint());
    let request = HttpClient::new().post(&ask).json(&json!({}));
    let response = request.send(&call(0xc1)).await.unwrap();
    assert_eq!(response.status(), 200);
    let seen: Value = response.json().await.unwrap();

    // The spans of this caller, the agent, its lookup in the registry, its call, and the tool.
    until(async || capture.trace(0xc1).len() == 5).await;
    let spans = capture.trace(0xc1);
    let tool_span = spans
        .iter()
        .find(|span| json!(span.context().to_traceparent()) == seen["current"])
        .unwrap();
    let parent = |span: &glassbox_testkit::CapturedSpan| {
        let parent = spans.iter().find(|other| span.is_child_of(other));
        parent.cloned()
    };
    let call = parent(tool_span).unwrap();
    let agent_span = parent(&call).unwrap();
    let ours = parent(&agent_span).unwrap();
    assert_eq!(call.name(), "POST /v1/capabilities/{name}");
    assert_eq!(agent_span.text("url.path"), Some("/v1/capabilities/ask"));
    assert_eq!(ours.parent().span_id, 1);

    let _ = agent.shutdown(Duration::from_secs(5)).await;
    assert_eq!(
        capture.up_down_counter("agents.active", &[("gen_ai.agent.name", "asker")]),
        0
    );
}

#[tokio::test]
async fn two_instances_are_two_and_a_stopped_one_is_gone() {
    let (url, _task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let start = async || {
        let host = Host::tool(Probe::new("probe")).settings(settings(&url));
        host.start().await.unwrap()
    };
    let (one, two) = (start().await, start().await);
    let discovery = HttpDiscovery::with_freshness(&url, HttpClient::new(), Duration::ZERO);
    let found = discovery
        .find(&Cx::background(), &Filter::any().with_name("probe"))
        .await;
    let found = found.unwrap();
    let instances: Vec<_> = found.iter().map(|service| &service.instance).collect();
    let mut expected = [one.instance(), two.instance()];
    expected.sort_unstable();
    assert_eq!(instances, expected);
    let _ = one.shutdown(Duration::from_secs(5)).await;
    let found = discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].instance, two.instance());
}

#[tokio::test]
async fn a_tool_that_dies_is_gone_after_its_lease() {
    let registry = MemoryRegistry::new();
    let (url, _task) = serve(registry.clone(), ANY.into()).await;
    let host = Host::tool(Probe::new("probe")).settings(settings(&url));
    let running = host.start().await.unwrap();
    assert_eq!(registry.len(), 1);
    drop(running); // as a crash: nothing is deregistered
    assert_eq!(registry.len(), 1);
    until(async || registry.is_empty()).await;
}

#[tokio::test]
async fn a_tool_that_lives_stays_past_its_lease() {
    let clock = VirtualClock::new();
    let registry = MemoryRegistry::with_clock(Arc::new(clock.clone()));
    let renewals = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&renewals);
    let count = axum::middleware::map_request(move |request: axum::extract::Request| {
        counted.fetch_add(1, SeqCst);
        std::future::ready(request)
    });
    let router = registry_router(registry.clone()).layer(count);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });

    let host = Host::tool(Probe::new("probe")).settings(settings(&url));
    let _running = host.start().await.unwrap();
    for _ in 0..4 {
        // The registration is for 300 ms: without renewals it would expire at the second step.
        let before = renewals.load(SeqCst);
        until(async || renewals.load(SeqCst) >= before + 2).await;
        clock.advance(Duration::from_millis(200));
        assert_eq!(registry.len(), 1);
    }
}

#[tokio::test]
async fn a_registry_that_was_away_and_forgot_knows_everybody_again() {
    let (url, task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
    let host = Host::tool(Probe::new("probe")).settings(settings(&url));
    let running = host.start().await.unwrap();
    let discovery = HttpDiscovery::with_freshness(&url, HttpClient::new(), Duration::ZERO);
    assert_eq!(
        discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap()
            .len(),
        1
    );

    task.abort();
    let _ = task.await;
    // While the registry is unavailable, the last known list is still used.
    until(async || {
        HttpClient::new()
            .get(&url)
            .send(&Cx::background())
            .await
            .is_err()
    })
    .await;
    assert_eq!(
        discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap()
            .len(),
        1
    );

    let fresh = MemoryRegistry::new();
    let (_, _task) = serve(fresh.clone(), address).await;
    until(async || fresh.len() == 1).await;
    let service = fresh.matching(&Filter::any()).remove(0);
    assert_eq!(service.instance, running.instance());
}

#[tokio::test]
async fn what_was_known_of_a_registry_is_used_for_a_time_and_no_longer() {
    let (url, task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let host = Host::tool(Probe::new("probe")).settings(settings(&url));
    let _running = host.start().await.unwrap();
    let limit = Duration::from_secs(4);
    let discovery = HttpDiscovery::with_times(&url, HttpClient::new(), Duration::ZERO, limit);
    let known = Instant::now();
    assert_eq!(
        discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap()
            .len(),
        1
    );

    task.abort();
    let _ = task.await;
    let mut used = false;
    until(
        async || match discovery.find(&Cx::background(), &Filter::any()).await {
            Ok(_) => {
                used = true;
                false
            }
            Err(problem) => problem.category() == Category::Unavailable,
        },
    )
    .await;
    assert!(
        used,
        "it was gone at once, or the machine is too slow to tell"
    );
    assert!(known.elapsed() >= limit);
}

#[tokio::test]
async fn a_registry_that_is_away_at_the_start_is_waited_for() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let host = Host::tool(Probe::new("probe")).settings(settings(&format!("http://{address}")));
    let running = host.start().await.unwrap();
    let registry = MemoryRegistry::new();
    let (_, _task) = serve(registry.clone(), address).await;
    until(async || registry.len() == 1).await;
    let _ = running.shutdown(Duration::from_secs(5)).await;
    assert!(registry.is_empty());
}

#[tokio::test]
async fn nobody_known_and_nobody_there_is_an_error() {
    let discovery = HttpDiscovery::new("http://127.0.0.1:1", HttpClient::new());
    let problem = discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap_err();
    assert_eq!(problem.category(), Category::Unavailable);
}

#[tokio::test]
async fn a_registry_that_refuses_says_why() {
    let (url, _task) = serve(MemoryRegistry::new(), ANY.into()).await;
    let registry = HttpRegistry::new(&url, HttpClient::new());
    let service = ServiceInfo::new(ServiceKind::Tool, "a", "1", "file:///etc/passwd", vec![]);
    let refused = registry
        .register(&Cx::background(), service, Duration::from_secs(1))
        .await;
    let problem = refused.err().unwrap();
    assert_eq!(problem.code(), "registry.invalid");
    assert!(problem.message().contains("'endpoint'"), "{problem}");
}

#[tokio::test]
async fn a_full_registry_and_a_taken_instance_are_waited_for() {
    let registry = MemoryRegistry::with_capacity(1);
    let (url, _task) = serve(registry.clone(), ANY.into()).await;
    let service =
        |instance: &str| ServiceInfo::new(ServiceKind::Tool, "a", instance, "http://h:1", vec![]);
    let ttl = Duration::from_secs(60);
    for waiting in ["2", "1"] {
        let Put::New(lease) = registry.put(service("1"), ttl, None).unwrap() else {
            panic!("the registry was empty");
        };
        let place = HttpRegistry::new(&url, HttpClient::new());
        let held = place
            .register(&Cx::background(), service(waiting), Duration::from_secs(1))
            .await
            .unwrap();
        let found = || {
            let found = registry.matching(&Filter::any());
            found.into_iter().map(|it| it.instance).collect::<Vec<_>>()
        };
        assert_eq!(found(), ["1"]);
        registry.remove("1", Some(&lease)).unwrap();
        crate::tools::until(async || found() == [waiting]).await;
        held.release(&Cx::background()).await.unwrap();
        assert!(registry.is_empty(), "the lease was sent");
    }
}

#[tokio::test]
async fn a_remote_tool_answers_and_refuses_as_a_local_one() {
    let (_running, tool, _) = pair().await;
    let cx = Cx::background();
    let echo = tool.call(&cx, "echo", json!({"a": 1})).await.unwrap();
    assert_eq!(echo.into_output().unwrap().value, json!({"a": 1}));
    let refused = tool.call(&cx, "fail", json!({})).await.unwrap_err();
    assert_eq!(refused.code(), "test.no_city");
    assert_eq!(refused.category(), Category::NotFound);
    let unknown = tool.call(&cx, "fly", json!({})).await.unwrap_err();
    assert_eq!(unknown.code(), "capability.unknown");
}

#[tokio::test]
async fn what_is_harmless_is_tried_again_and_what_is_not_is_not() {
    let capture = TelemetryCapture::install();
    let (_running, tool, seen) = pair().await;
    let done = tool.call(&call(0xc2), "flaky", json!({})).await.unwrap();
    assert_eq!(done.into_output().unwrap().value, "done");
    assert_eq!(seen.calls.load(SeqCst), 2);
    // One call, two requests, and the tool's spans of them.
    until(async || capture.trace(0xc2).len() == 5).await;
    let spans = capture.trace(0xc2);
    let tool_span = spans
        .iter()
        .find(|span| span.name() == "execute_tool flaky");
    let tool_span = tool_span.unwrap();
    assert_eq!(tool_span.int("glassbox.attempt"), Some(2));
    let requests = spans.iter().filter(|span| span.kind() == SpanKind::Client);
    assert!(
        requests
            .clone()
            .all(|request| request.is_child_of(tool_span))
    );
    assert_eq!(requests.count(), 2);

    seen.calls.store(0, SeqCst);
    let error = tool.call(&call(0xc3), "charge", json!({})).await;
    assert_eq!(error.unwrap_err().code(), "test.away");
    assert_eq!(seen.calls.load(SeqCst), 1);
}

#[tokio::test]
async fn the_callers_deadline_ends_a_remote_call_and_does_not_open_the_breaker() {
    let (_running, tool, _) = pair().await;
    for _ in 0..30 {
        let soon = Deadline::after(&SystemClock, Duration::from_millis(3));
        let cx = Cx::background().with_deadline(soon);
        let error = tool.call(&cx, "wait", json!({})).await.unwrap_err();
        assert_eq!(error.category(), Category::Timeout, "{error}");
        assert_eq!(error.blame(), Blame::Caller, "{error:?}");
    }
    let cx = Cx::background();
    assert!(tool.call(&cx, "echo", json!({})).await.is_ok());
}

#[tokio::test]
async fn a_tool_that_is_gone_is_said_and_then_spared() {
    let (running, tool, _) = pair().await;
    let address = running.address();
    let _ = running.shutdown(Duration::from_secs(5)).await;
    let cx = Cx::background();
    let error = tool.call(&cx, "echo", json!({})).await.unwrap_err();
    assert_eq!(error.code(), "http.connect");
    let said = format!("probe gave no answer: failed to connect to {address}: ");
    assert!(error.message().starts_with(&said), "{error}");
    soon(async {
        while tool.call(&cx, "echo", json!({})).await.unwrap_err().code() != "tool.circuit_open" {}
    })
    .await;
}

#[tokio::test]
async fn a_stranger_who_answers_is_told_from_a_service() {
    let router =
        axum::Router::new().fallback(async || (axum::http::StatusCode::BAD_GATEWAY, "<h1>no"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    let service = ServiceInfo::new(
        ServiceKind::Tool,
        "probe",
        "1",
        &endpoint,
        Probe::new("probe").capabilities().to_vec(),
    );
    let tool = HttpConnector::new(HttpClient::new()).connect(&service);
    let cx = Cx::background();
    let error = tool.unwrap().call(&cx, "charge", json!({})).await;
    assert_eq!(
        error.unwrap_err().message(),
        "probe answered 502 Bad Gateway without an error body; is it a Glassbox service? It said: <h1>no"
    );
}

#[tokio::test]
async fn an_endpoint_that_is_not_http_is_refused_before_any_call() {
    let service = ServiceInfo::new(ServiceKind::Tool, "a", "1", "local:a", vec![]);
    let refused = HttpConnector::new(HttpClient::new()).connect(&service);
    assert_eq!(refused.err().unwrap().code(), "service.unreachable");
}

#[tokio::test]
async fn all_three_outcomes_cross_the_wire() {
    let (_running, tool, _) = pair().await;
    let cx = Cx::background();
    let picture = tool.call(&cx, "picture", json!({})).await.unwrap();
    let output = picture.into_output().unwrap();
    assert_eq!((output.value, output.content.len()), (json!(1), 1));
    let ask = tool.call(&cx, "ask", json!({})).await.unwrap();
    assert!(matches!(ask, Outcome::NeedsInput(request) if request.message == "which Springfield?"));
    let begin = tool.call(&cx, "begin", json!({})).await.unwrap();
    assert!(matches!(begin, Outcome::Accepted(task) if task.id == "t-1"));
}

#[tokio::test]
async fn a_caller_who_takes_bare_values_gets_them_or_an_error_with_the_question() {
    let (running, _, _) = pair().await;
    let post = async |name: &str| {
        let url = format!("{}/v1/capabilities/{name}", running.endpoint());
        let request = HttpClient::new().post(&url).json(&json!({}));
        request.send(&Cx::background()).await.unwrap()
    };
    let picture = post("picture").await;
    assert_eq!(picture.json::<Value>().await.unwrap(), 1);
    let ask = post("ask").await;
    assert_eq!(ask.status(), 409);
    let problem: Problem = ask.json().await.unwrap();
    assert_eq!(problem.code(), "call.needs_input");
    assert_eq!(
        problem.details()["request"]["message"],
        "which Springfield?"
    );
    let begin = post("begin").await;
    assert_eq!(begin.status(), 202);
    assert_eq!(begin.json::<Value>().await.unwrap()["id"], "t-1");
}

#[tokio::test]
async fn a_budget_shrinks_on_both_sides_of_a_hop() {
    let (_running, tool, _) = pair().await;
    let limit = Remaining::unlimited().with_tokens(100);
    let cx = Cx::background().with_budget(Arc::new(Allowance::new(limit)));
    for left in [100, 60] {
        let spend = tool.call(&cx, "spend", json!({})).await.unwrap();
        let output = spend.into_output().unwrap();
        assert_eq!(output.value["tokens"], left);
        assert_eq!(output.spent, Spent::tokens(40).with_micro_usd(7));
    }
    assert_eq!(cx.budget().unwrap().remaining().tokens, Some(20));
}
