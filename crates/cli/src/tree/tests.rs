use super::*;
use serde_json::json;

fn span(id: &str, parent: Option<&str>, service: &str, name: &str, at: (u64, u64)) -> Span {
    Span {
        span_id: id.into(),
        parent_span_id: parent.map(Into::into),
        service: service.into(),
        name: name.into(),
        start_unix_nano: at.0 * 1_000_000,
        end_unix_nano: at.1 * 1_000_000,
        status: "unset".into(),
        ..Span::default()
    }
}

fn with(mut span: Span, attributes: serde_json::Value, status: &str) -> Span {
    span.attributes = attributes.as_object().cloned().unwrap_or_default();
    span.status = status.into();
    span
}

#[test]
fn a_run_is_drawn_with_services_tokens_and_errors() {
    let chat = json!({
        "gen_ai.operation.name": "chat",
        "gen_ai.usage.input_tokens": 412,
        "gen_ai.usage.output_tokens": 96,
    });
    let failed = json!({"error.type": "tool.unavailable"});
    let spans = [
        span(
            "a",
            None,
            "travel-agent",
            "invoke_agent travel-agent",
            (0, 2310),
        ),
        with(
            span("b", Some("a"), "travel-agent", "chat offline", (0, 741)),
            chat,
            "unset",
        ),
        span(
            "c",
            Some("a"),
            "travel-agent",
            "execute_tool geocode",
            (750, 846),
        ),
        span(
            "d",
            Some("c"),
            "geocoding-tool",
            "POST /v1/capabilities/{name}",
            (760, 838),
        ),
        with(
            span(
                "e",
                Some("a"),
                "travel-agent",
                "execute_tool weather",
                (850, 1454),
            ),
            failed,
            "error",
        ),
    ];
    assert_eq!(
        draw(&spans, Style::plain(110)),
        "\
invoke_agent travel-agent                  travel-agent      2.31 s  ━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╸
├ chat offline                             412→96 tok        741 ms  ━━━━━━━━━╸
├ execute_tool geocode                                        96 ms            ╸
│ └ POST /v1/capabilities/{name}           geocoding-tool     78 ms            ╸
└ execute_tool weather ✗ tool.unavailable                    604 ms             ━━━━━━━━╸
"
    );
}

#[test]
fn an_orphan_stands_at_the_top_and_a_ring_is_shown_once() {
    let spans = [
        span("a", Some("gone"), "s", "orphan", (0, 1)),
        span("b", Some("c"), "s", "ring one", (0, 1)),
        span("c", Some("b"), "s", "ring two", (0, 1)),
    ];
    let drawn = draw(&spans, Style::plain(80));
    assert_eq!(drawn.lines().count(), 3);
    assert!(drawn.starts_with("orphan"));
}

#[test]
fn a_long_name_is_cut_to_its_column() {
    assert_eq!(fit("abcdef", 4), "abc…");
    assert_eq!(fit("ab", 4), "ab  ");
    // Two columns each.
    assert_eq!(fit("東京都", 4), "東… ");
    assert_eq!(fit("東京", 4), "東京");
}

#[test]
fn a_tree_fits_every_terminal() {
    let mut spans: Vec<Span> = (0..12)
        .map(|depth| {
            let parent = (depth > 0).then(|| format!("s{}", depth - 1));
            let name = "execute_tool 東京の天気を調べる with a long name";
            let id = format!("s{depth}");
            span(
                &id,
                parent.as_deref(),
                &format!("service-{depth}"),
                name,
                (depth, 20),
            )
        })
        .collect();
    spans[3].status = "error".into();
    for width in [20, 28, 40, 60, 80, 110, 160] {
        let drawn = draw(&spans, Style::plain(width));
        assert_eq!(drawn.lines().count(), spans.len());
        for line in drawn.lines() {
            assert!(line.width() <= width, "{width}: {} {line}", line.width());
            assert!(line.contains(" ms"), "{width}: {line}");
        }
    }
}

#[test]
fn a_bar_goes_before_a_service_and_a_service_before_a_name() {
    let within = |width| {
        let Columns { name, fact, bar } = Columns::within(width, 30, 14);
        (name, fact, bar)
    };
    assert_eq!(within(110), (30, 14, 32));
    assert_eq!(within(70), (30, 14, 12));
    assert_eq!(within(60), (30, 14, 0));
    assert_eq!(within(50), (30, 0, 0));
    assert_eq!(within(30), (20, 0, 0));
}
