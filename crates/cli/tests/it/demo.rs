//! The demo, end to end.

use crate::{
    glassbox::{Running, command, free_address, free_ports, get, page_of, request, run, until, up},
    strangers::{Reply, web},
};
use serde_json::{Value, json};
use std::{
    path::Path,
    process::Command,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

fn once(data: &Path, more: &[&str]) -> (Value, String) {
    let mut demo = command(&["demo", "--json"]);
    demo.args(free_ports()).arg("--data").arg(data).args(more);
    let output = run(&mut demo);
    let said = String::from_utf8(output.stderr).unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}\n{printed}");
    assert_eq!(
        printed.lines().count(),
        1,
        "one object, nothing else: {printed}"
    );
    (serde_json::from_str(&printed).unwrap(), said)
}

fn spans_named<'a>(answer: &'a Value, name: &str) -> Vec<&'a Value> {
    let spans = answer["spans"].as_array().unwrap().iter();
    spans
        .filter(|span| span["name"].as_str().unwrap().starts_with(name))
        .collect()
}

#[test]
fn one_question_gives_one_trace_twice_in_a_row() {
    let data = tempfile::tempdir().unwrap();
    let (first, said) = once(data.path(), &[]);
    assert!(said.contains("offline: neither OPENAI_API_KEY nor OPENAI_BASE_URL is set"));
    assert!(said.contains("--capture-content"), "{said}");
    assert!(
        first["answer"].as_str().unwrap().contains("Tromsø"),
        "{first}"
    );
    assert_eq!(first["model"], "offline-rules");
    assert_eq!(first["trace_id"].as_str().unwrap().len(), 32);
    for endpoint in ["grpc", "http", "page"] {
        let url = first["endpoints"][endpoint].as_str().unwrap();
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
    }
    assert_eq!(first["collector"]["mode"], "embedded", "{first}");
    assert_eq!(spans_named(&first, "invoke_agent travel-agent").len(), 1);
    assert!(spans_named(&first, "chat offline").len() >= 2);
    assert!(!spans_named(&first, "execute_tool geocode").is_empty());
    let roots = first["spans"].as_array().unwrap().iter();
    assert_eq!(
        roots
            .filter(|span| span["parent_span_id"].is_null())
            .count(),
        1
    );

    let (second, _) = once(data.path(), &["--ask", "What time is it in Oslo?"]);
    assert_ne!(first["trace_id"], second["trace_id"]);

    // Both runs are stored when the backend starts again, without any message content.
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    for answer in [&first, &second] {
        let trace_id = answer["trace_id"].as_str().unwrap();
        let trace = get(&format!("{page}/api/otel/traces?trace_id={trace_id}")).unwrap();
        assert_eq!(
            trace["total"].as_u64().unwrap() as usize,
            answer["spans"].as_array().unwrap().len()
        );
        let text = trace.to_string();
        assert!(!text.contains("gen_ai.input.messages") && !text.contains("glassbox.question"));
    }
    assert!(backend.terminate().success());
}

#[test]
fn content_is_on_the_spans_only_when_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let (answer, said) = once(data.path(), &["--capture-content"]);
    assert!(said.contains("prompts and answers are recorded on the spans"));
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let trace_id = answer["trace_id"].as_str().unwrap();
    let trace = get(&format!("{page}/api/otel/traces?trace_id={trace_id}")).unwrap();
    let text = trace.to_string();
    assert!(text.contains("gen_ai.input.messages") && text.contains("gen_ai.output.messages"));
    let list = get(&format!("{page}/api/otel/traces")).unwrap();
    let question = list["traces"][0]["question"].as_str().unwrap();
    assert!(question.contains("Tromsø"), "{list}");
}

#[test]
fn content_of_a_workflow_is_on_the_spans_only_when_asked_for() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let trace = |more: &[&str]| {
        let mut demo = command(&["demo", "--json", "--backend", &page, "--workflow", "trip"]);
        let output = run(demo.args(["--input", "city=Oslo"]).args(more));
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        let trace_id = answer["trace_id"].as_str().unwrap();
        get(&format!("{page}/api/otel/traces?trace_id={trace_id}"))
            .unwrap()
            .to_string()
    };
    assert!(!trace(&[]).contains("Oslo"));
    let captured = trace(&["--capture-content"]);
    for part in [
        "trip city=Oslo",
        "gen_ai.input.messages",
        "gen_ai.output.messages",
        "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result",
    ] {
        assert!(captured.contains(part), "no '{part}' in {captured}");
    }
    // Logs have no content in either case.
    let logs = get(&format!("{page}/api/otel/logs")).unwrap().to_string();
    assert!(!logs.contains("Oslo"), "{logs}");
    assert!(backend.terminate().success());
}

#[test]
fn a_person_sees_the_answer_the_tree_and_the_addresses() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once"]);
    demo.args(free_ports()).arg("--data").arg(data.path());
    let output = run(&mut demo);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    for part in [
        "▸ How long is the day in Tromsø tomorrow",
        "(offline model: offline-rules)",
        "├ chat offline",
        "→",
        "execute_tool geocode",
        "geocoding-tool",
        "$0 (offline)",
        "/runs/",
        "Trace      ",
        "Collector  embedded: the setting collector.otelcol is off",
    ] {
        assert!(printed.contains(part), "no '{part}' in:\n{printed}");
    }
    assert!(
        !printed.contains('\x1b'),
        "no colours where nobody sees them"
    );
    // The backend ended with the demo: the command that shows the run again is printed instead of an
    // address.
    let said = String::from_utf8(output.stderr).unwrap();
    let again = format!("run 'glassbox up --data {}'", data.path().display());
    assert!(printed.contains(&again), "{printed}");
    for address in ["http://", "127.0.0.1"] {
        assert!(
            !printed.contains(address) && !said.contains(address),
            "{printed}{said}"
        );
    }
}

#[test]
fn a_workflow_runs_without_a_model() {
    let data = tempfile::tempdir().unwrap();
    let (answer, _) = once(data.path(), &["--workflow", "trip", "--input", "city=Oslo"]);
    assert_eq!(answer["model"], Value::Null);
    assert_eq!(answer["answer"]["place"]["timezone"], "Europe/Oslo");
    assert!(
        answer["answer"]["time"]["local_time"].is_string(),
        "{answer}"
    );
    assert_eq!(spans_named(&answer, "invoke_workflow trip").len(), 1);
    assert!(spans_named(&answer, "chat").is_empty());
}

#[test]
fn a_model_elsewhere_is_used_when_the_environment_names_one() {
    let listen = free_address();
    let _model = Running::start(&mut command(&["offline-model", "--listen", &listen]));
    let models = format!("http://{listen}/v1/models");
    until("the model", || request("GET", &models, ""));

    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once", "--json"]);
    demo.args(free_ports())
        .arg("--data")
        .arg(data.path())
        .env("OPENAI_BASE_URL", format!("http://{listen}/v1"))
        .env("OPENAI_MODEL", "offline");
    let output = run(&mut demo);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains("offline: neither"), "{said}");
    let line = format!("model     openai/offline at {listen}");
    assert!(said.contains(&line), "{said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let port = listen.rsplit(':').next().unwrap();
    assert!(
        answer["answer"].as_str().unwrap().contains("Tromsø"),
        "{port}"
    );
}

#[test]
fn a_backend_that_runs_on_the_folder_is_joined_and_left_running() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let demo = |more: &[&str]| {
        let mut demo = command(&["demo", "--once"]);
        run(demo.arg("--data").arg(data.path()).args(more))
    };
    let output = demo(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let joined = format!("{page} (process {} already runs it", backend.id());
    assert!(said.contains(&joined), "{said}");
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains(&format!("{page}/runs/")), "{printed}");
    let list = get(&format!("{page}/api/otel/traces")).unwrap();
    assert_eq!(
        list["traces"][0]["root_name"], "POST /v1/capabilities/ask",
        "{list}"
    );

    // An address that the running backend does not have is an error.
    let output = demo(&["--page", "127.0.0.1:9"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("--page 127.0.0.1:9 has no effect"), "{said}");
    assert!(backend.terminate().success());
}

#[test]
fn a_key_of_the_backend_is_used_by_every_command() {
    const KEY: (&str, &str) = (
        "GLASSBOX_COLLECTOR_KEY",
        "a-key-of-32-characters-for-a-test",
    );
    let data = tempfile::tempdir().unwrap();
    let mut backend = command(&["up"]);
    backend
        .args(free_ports())
        .arg("--data")
        .arg(data.path())
        .env(KEY.0, KEY.1);
    let mut backend = Running::start(&mut backend);
    let page = page_of(&mut backend);

    let mut demo = command(&["demo", "--once", "--backend", &page]);
    let output = run(&mut demo);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("it requires a key: set GLASSBOX_COLLECTOR_KEY"),
        "{said}"
    );

    // Joined, with the key for the registry, for telemetry and for the API.
    let mut demo = command(&["demo", "--once"]);
    let output = run(demo.arg("--data").arg(data.path()).env(KEY.0, KEY.1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(!said.contains(KEY.1), "{said}");

    let address = page.trim_start_matches("http://");
    let probe = run(&mut command(&["probe", "--page", address]));
    assert!(probe.status.success(), "{probe:?}");
    assert!(backend.terminate().success());
}

#[test]
fn a_failed_run_is_shown_with_its_trace() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let demo = |more: &[&str]| {
        let mut demo = command(&["demo", "--once", "--backend", &page, "--workflow", "trip"]);
        let output = run(demo.args(["--input", "city=Nowhereville"]).args(more));
        assert_eq!(output.status.code(), Some(1));
        let [printed, said] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        let last = said.lines().last().unwrap_or_default();
        assert!(
            last.starts_with("glassbox: step 'place' (geocode) failed"),
            "{said}"
        );
        printed
    };
    let printed = demo(&[]);
    for part in [
        "invoke_workflow trip ✗",
        "step place ✗",
        "geocoding-tool",
        "errors",
        "/runs/",
    ] {
        assert!(printed.contains(part), "no '{part}' in: {printed}");
    }
    let object: Value = serde_json::from_str(&demo(&["--json"])).unwrap();
    assert!(
        object["error"].as_str().unwrap().contains("Nowhereville"),
        "{object}"
    );
    assert_eq!(object["code"], "geocoding.unknown_city");
    assert!(object.get("answer").is_none(), "{object}");
    assert_eq!(spans_named(&object, "invoke_workflow trip").len(), 1);
    let trace_id = object["trace_id"].as_str().unwrap();
    let trace = get(&format!("{page}/api/otel/traces?trace_id={trace_id}")).unwrap();
    assert!(trace["total"].as_u64().unwrap() >= 7, "{trace}");
}

#[test]
fn quiet_prints_only_the_answer_and_a_closed_pipe_is_no_error() {
    let data = tempfile::tempdir().unwrap();
    let mut demo = command(&["demo", "--once", "--quiet"]);
    let output = run(demo.args(free_ports()).arg("--data").arg(data.path()));
    assert!(output.status.success());
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.starts_with("In Tromsø"), "{printed}");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(
        output.stderr.is_empty(),
        "{:?}",
        String::from_utf8_lossy(&output.stderr)
    );

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    for arguments in [&["help"][..], &["man"], &["completions", "bash"]] {
        let output = Command::new(env!("CARGO_BIN_EXE_glassbox"))
            .args(arguments)
            .stdout(writer.try_clone().unwrap())
            .output()
            .unwrap();
        assert!(
            output.status.success() && output.stderr.is_empty(),
            "{output:?}"
        );
    }
}

#[test]
fn a_backend_that_runs_is_used_and_left_running() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let output = run(&mut command(&["demo", "--json", "--backend", &page]));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["endpoints"]["page"], page);
    let services = get(&format!("{page}/v1/registry/services")).unwrap();
    assert_eq!(services["total"], 0, "everybody has signed off: {services}");
    assert!(backend.terminate().success());
}

#[test]
fn an_interrupt_while_the_services_are_waited_for_ends_them_in_order() {
    // A backend that responds, but at which no service ever registers.
    let looks = Arc::new(AtomicU32::new(0));
    let seen = Arc::clone(&looks);
    let backend = web(move |path| match path {
        "/api/status" => Reply::json(
            &json!({"endpoints": {"grpc": "", "http": "", "page": "http://127.0.0.1:9"}}),
        ),
        "/v1/registry/services" => {
            seen.fetch_add(1, Ordering::Relaxed);
            Reply::json(&json!({"services": []}))
        }
        _ => Reply::page(404),
    });
    let page = format!("http://127.0.0.1:{backend}");
    let demo = Running::start(&mut command(&["demo", "--once", "--backend", &page]));
    until("the wait for the services", || {
        (looks.load(Ordering::Relaxed) > 2).then_some(())
    });
    let sent = Command::new("kill")
        .args(["-INT", &demo.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
    let output = demo.output();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(
        said.contains("interrupted before the answer arrived"),
        "{said}"
    );
    assert!(!said.contains("did not stop in time"), "{said}");
}
