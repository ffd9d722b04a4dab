//! Exports and imports telemetry of a backend as OTLP JSON.

use crate::glassbox::{command, get, page_of, run, up};
use serde_json::json;

const TRACE: &str = "5b8efff798038103d269b633813fc60c";

fn request() -> String {
    let span = json!({
        "traceId": TRACE, "spanId": "eee19b7ec3c1b174", "name": "imported", "kind": 2,
        "startTimeUnixNano": "1764324000000000000", "endTimeUnixNano": "1764324001000000000",
    });
    json!({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).to_string()
}

#[test]
fn a_file_is_imported_and_a_wrong_line_is_named() {
    let data = tempfile::tempdir().unwrap();
    let mut backend = up(data.path());
    let page = page_of(&mut backend);
    let file = data.path().join("traces.jsonl");
    let import = |text: &str| {
        std::fs::write(&file, text).unwrap();
        let mut import = command(&["import", "--backend", &page]);
        let output = run(import.arg(&file));
        (
            output.status.code(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (status, said) = import(&format!("{}\n\n", request()));
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said, "imported 1 request: 1 with traces\n");
    let trace = get(&format!("{page}/api/otel/traces?trace_id={TRACE}")).unwrap();
    assert_eq!(trace["spans"][0]["name"], "imported", "{trace}");

    for (text, part) in [
        ("{}\n", "traces.jsonl:1 is not an OTLP request"),
        ("\nnot json\n", "traces.jsonl:2 is not a JSON object"),
        ("", "has no OTLP requests"),
        ("{\"resourceSpans\": 5}\n", "traces.jsonl:1 was not stored"),
    ] {
        let (status, said) = import(text);
        assert_eq!(status, Some(1), "{said}");
        assert!(said.contains(part), "no '{part}' in {said}");
    }
    let missing = run(&mut command(&[
        "import",
        "/nowhere.jsonl",
        "--backend",
        &page,
    ]));
    let said = String::from_utf8(missing.stderr).unwrap();
    assert!(said.contains("cannot read /nowhere.jsonl"), "{said}");
}

#[test]
fn a_trace_is_exported_so_that_another_backend_can_import_it() {
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut backends = folders.each_ref().map(|folder| up(folder.path()));
    let pages = backends.each_mut().map(page_of);
    let file = folders[0].path().join("in.jsonl");
    std::fs::write(&file, request()).unwrap();
    let imported = run(command(&["import", "--backend", &pages[0]]).arg(&file));
    assert!(imported.status.success(), "{imported:?}");

    let export = |more: &[&str]| {
        let output = run(command(&["export", "--backend", &pages[0]]).args(more));
        let [printed, said] =
            [output.stdout, output.stderr].map(|text| String::from_utf8(text).unwrap());
        (output.status.code(), printed, said)
    };
    let (status, printed, said) = export(&[TRACE]);
    assert_eq!(status, Some(0), "{said}");
    assert_eq!(said, "exported 1 trace\n");
    assert_eq!(printed.lines().count(), 1, "{printed}");
    assert!(printed.contains("imported"), "{printed}");

    let out = folders[0].path().join("out.jsonl");
    let (status, printed, _) = export(&[TRACE, "--quiet", "--output", out.to_str().unwrap()]);
    assert_eq!((status, printed.as_str()), (Some(0), ""));
    let imported = run(command(&["import", "--backend", &pages[1]]).arg(&out));
    assert!(imported.status.success(), "{imported:?}");
    let trace = get(&format!("{}/api/otel/traces?trace_id={TRACE}", pages[1])).unwrap();
    assert_eq!(trace["spans"][0]["name"], "imported", "{trace}");

    let (status, _, said) = export(&["0123456789abcdef0123456789abcdef"]);
    assert_eq!(status, Some(1));
    assert!(said.contains("no span of this trace is stored"), "{said}");
    for wrong in [&[][..], &["abc"]] {
        let (status, _, said) = export(wrong);
        assert_eq!(status, Some(2), "{said}");
    }
}
