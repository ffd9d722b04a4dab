//! A crashed backend does not affect other processes, and restarts with all acknowledged data.

use crate::glassbox::{Running, command, get, page_of, request, until, up};
use serde_json::Value;
use std::{net::TcpListener, path::Path, process::Stdio};

/// Three ports that stay the same across restarts of the backend.
fn ports() -> [String; 3] {
    let held: Vec<_> = (0..3)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    let address = |at: usize| held[at].local_addr().unwrap().to_string();
    [address(0), address(1), address(2)]
}

fn up_at([grpc, http, page]: &[String; 3], data: &Path) -> Running {
    let mut up = command(&["up", "--grpc", grpc, "--http", http, "--page", page]);
    let mut up = Running::start(up.arg("--data").arg(data));
    page_of(&mut up);
    up
}

fn service(name: &str, ports: &[String; 3], model: &str) -> Running {
    let mut service = command(&["demo-service", name]);
    service
        // Held open by the test: a demo service exits when its parent closes this pipe.
        .stdin(Stdio::piped())
        .env(
            "OTEL_EXPORTER_OTLP_ENDPOINT",
            format!("http://{}", ports[1]),
        )
        .env("OTEL_BSP_SCHEDULE_DELAY", "100")
        .env("OTEL_BLRP_SCHEDULE_DELAY", "100")
        .env("GLASSBOX_REGISTRY_URL", format!("http://{}", ports[2]))
        .env("OPENAI_BASE_URL", format!("http://{model}/v1"));
    Running::start(&mut service)
}

fn ask(endpoint: &str) -> Value {
    let question = r#"{"question": "What time is it in Oslo?"}"#;
    let url = format!("{endpoint}/v1/capabilities/ask");
    let (status, body) = request("POST", &url, question).expect("the agent answers");
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

#[test]
fn the_agent_answers_while_the_backend_is_dead_and_is_seen_again_after_it() {
    let data = tempfile::tempdir().unwrap();
    let ports = ports();
    let page = format!("http://{}", ports[2]);
    let model = self::ports()[0].clone();
    let _model = Running::start(&mut command(&["offline-model", "--listen", &model]));
    let backend = up_at(&ports, data.path());
    let _services: Vec<Running> = ["geocoding-tool", "time-tool", "travel-agent"]
        .iter()
        .map(|name| service(name, &ports, &model))
        .collect();
    let agent = until("the services to register", || {
        let services = get(&format!("{page}/v1/registry/services"))?;
        let services = services["services"].as_array()?.clone();
        let agent = services.iter().find(|service| service["kind"] == "agent")?;
        (services.len() == 3).then(|| agent.clone())
    });
    let endpoint = agent["endpoint"].as_str().unwrap().to_owned();

    let before = ask(&endpoint);
    let arrived = |answer: &Value| {
        let trace_id = answer["trace_id"].as_str().unwrap();
        let trace = get(&format!("{page}/api/otel/traces?trace_id={trace_id}"))?;
        (trace["total"].as_u64()? > 5).then_some(())
    };
    until("the first trace", || arrived(&before));
    let trace_id = before["trace_id"].as_str().unwrap();
    let trace = get(&format!("{page}/api/otel/traces?trace_id={trace_id}")).unwrap();
    let root = &trace["spans"][0];
    assert_eq!(
        root["instance"], agent["instance"],
        "one id in registry and resource"
    );

    backend.kill();
    let blind = ask(&endpoint);
    assert!(
        blind["answer"].as_str().unwrap().contains("Oslo"),
        "{blind}"
    );

    let _backend = up_at(&ports, data.path());
    until("the first trace after a kill", || arrived(&before));
    let after = ask(&endpoint);
    until("a new trace after the backend came back", || {
        arrived(&after)
    });
    let services = || get(&format!("{page}/v1/registry/services"));
    until("the services to register again", || {
        (services()?["total"] == 3).then_some(())
    });
}

#[test]
fn a_killed_demo_leaves_no_service_behind() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo"]);
    demo.args(crate::glassbox::free_ports())
        .arg("--data")
        .arg(data.path());
    // The mark that identifies the demo's processes among all others.
    let mark = data.path().display().to_string();
    let mut demo = Running::start(demo.env("GLASSBOX_TEST_MARK", &mark));
    demo.wait_for_line("OTLP");
    assert!(marked(&mark) > 5, "the demo runs its services as processes");
    demo.kill();
    until("every service to end", || {
        (marked(&mark) == 0).then_some(())
    });
    // The folder is not locked any more.
    let mut backend = up(data.path());
    page_of(&mut backend);
}

/// How many processes carry the mark in their environment.
fn marked(mark: &str) -> usize {
    let processes = std::fs::read_dir("/proc").unwrap();
    processes
        .filter_map(|entry| std::fs::read(entry.ok()?.path().join("environ")).ok())
        .filter(|environment| {
            let wanted = format!("GLASSBOX_TEST_MARK={mark}");
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == wanted.as_bytes())
        })
        .count()
}
