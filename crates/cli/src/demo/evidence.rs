//! Checks that the telemetry of a run is complete: what must be in the backend for the demo to succeed.

use crate::{
    backend::{Backend, Span},
    failure::Failure,
    plural::counted,
};
use std::{
    collections::{BTreeSet, HashMap},
    time::{Duration, Instant},
};

/// The interval between two queries of the backend.
const PAUSE: Duration = Duration::from_millis(100);
/// `gen_ai.client.token.usage`.
const TOKENS: &str = glassbox_semconv::gen_ai_v1_41::CLIENT_TOKEN_USAGE.name;

/// The telemetry of a run.
#[derive(Debug)]
pub(crate) struct Evidence {
    /// The spans, in the order of their start.
    pub(crate) spans: Vec<Span>,
    /// Log records that carry the trace id.
    pub(crate) logs: u64,
    /// What is missing, if anything.
    pub(crate) missing: Vec<String>,
}

/// The kind of run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Run {
    /// An agent asked a model.
    Question,
    /// An agent ran a workflow.
    Workflow,
}

/// The required content of a run's trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Everything from a successful run.
    Success(Run),
    /// The telemetry of a run that may have failed anywhere.
    Failure,
}

impl Evidence {
    /// Polls until nothing is missing, or for at most `patience`.
    ///
    /// # Errors
    /// If the backend does not respond.
    pub(crate) async fn gather(
        backend: &Backend,
        trace_id: &str,
        expected: Expected,
        patience: Duration,
    ) -> Result<Self, Failure> {
        let start = Instant::now();
        loop {
            let spans = backend.trace(trace_id).await?;
            let logs = backend.logs(trace_id).await?;
            let mut missing = missing_spans(&spans, expected);
            if logs == 0 && expected != Expected::Failure {
                missing.push("no log record carries the trace id".to_owned());
            }
            if expected == Expected::Success(Run::Question) && missing.is_empty() {
                missing.extend(missing_tokens(backend, &spans).await?);
            }
            if missing.is_empty() || start.elapsed() >= patience {
                return Ok(Self {
                    spans,
                    logs,
                    missing,
                });
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The spans missing from the trace to connect the agent, the model and every called tool.
fn missing_spans(spans: &[Span], expected: Expected) -> Vec<String> {
    let by_id: HashMap<&str, &Span> = spans
        .iter()
        .map(|span| (span.span_id.as_str(), span))
        .collect();
    let mut missing = Vec::new();
    let has = |operation: &str| spans.iter().any(|span| span.operation() == Some(operation));
    let wanted: &[&str] = match expected {
        Expected::Success(Run::Question) => &["invoke_agent", "chat"],
        Expected::Success(Run::Workflow) => &["invoke_workflow"],
        Expected::Failure => &[],
    };
    for operation in wanted.iter().filter(|operation| !has(operation)) {
        missing.push(format!("no {operation} span has arrived"));
    }
    let roots = spans.iter().filter(|span| span.parent_span_id.is_none());
    match roots.count() {
        0 => missing.push("the root span has not arrived".to_owned()),
        1 => {}
        roots => missing.push(format!("the trace has {roots} roots instead of one")),
    }
    let orphans: BTreeSet<&str> = spans
        .iter()
        .filter_map(|span| span.parent_span_id.as_deref())
        .filter(|parent| !by_id.contains_key(parent))
        .collect();
    if !orphans.is_empty() {
        let orphans = counted(orphans.len() as u64, "parent span");
        missing.push(format!("not arrived: {orphans}"));
    }
    let calls = spans
        .iter()
        .filter(|span| span.operation() == Some("execute_tool"));
    for call in calls {
        let served = spans.iter().any(|span| {
            span.kind == "server"
                && span.service != call.service
                && is_below(span, &call.span_id, &by_id)
        });
        // A call that failed on the caller's side may not have reached its tool.
        if !served && !call.is_error() {
            missing.push(format!(
                "the tool behind '{}' is not in the trace",
                call.name
            ));
        }
    }
    missing
}

fn is_below(span: &Span, ancestor: &str, by_id: &HashMap<&str, &Span>) -> bool {
    let mut at = span;
    // Protects against a cycle of parents: no chain is longer than the trace.
    for _ in 0..by_id.len() {
        let Some(parent) = at.parent_span_id.as_deref() else {
            return false;
        };
        if parent == ancestor {
            return true;
        }
        match by_id.get(parent) {
            Some(span) => at = span,
            None => return false,
        }
    }
    false
}

/// Whether the token metric has arrived from every instance that called the model.
async fn missing_tokens(backend: &Backend, spans: &[Span]) -> Result<Vec<String>, Failure> {
    let metric = backend.metric(TOKENS).await?;
    let counted: BTreeSet<&str> = metric
        .series
        .iter()
        .filter_map(|series| series.instance.as_deref())
        .collect();
    let callers: BTreeSet<&str> = spans
        .iter()
        .filter(|span| span.operation() == Some("chat"))
        .filter_map(|span| span.instance.as_deref())
        .collect();
    let mut missing: Vec<String> = callers
        .difference(&counted)
        .map(|instance| format!("{TOKENS} has not arrived from instance {instance}"))
        .collect();
    if callers.is_empty() {
        missing.push("the chat spans name no service.instance.id".to_owned());
    }
    Ok(missing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn span(id: &str, parent: Option<&str>, service: &str, kind: &str, operation: &str) -> Span {
        Span {
            span_id: id.into(),
            parent_span_id: parent.map(Into::into),
            service: service.into(),
            kind: kind.into(),
            name: format!("{operation} x"),
            attributes: json!({"gen_ai.operation.name": operation})
                .as_object()
                .cloned()
                .unwrap_or_default(),
            ..Span::default()
        }
    }

    fn run() -> Vec<Span> {
        vec![
            span("root", None, "agent", "server", "-"),
            span("invoke", Some("root"), "agent", "internal", "invoke_agent"),
            span("chat", Some("invoke"), "agent", "client", "chat"),
            span("tool", Some("invoke"), "agent", "internal", "execute_tool"),
            span("post", Some("tool"), "agent", "client", "-"),
            span("serve", Some("post"), "geocoding", "server", "-"),
        ]
    }

    #[test]
    fn a_whole_run_misses_nothing() {
        assert!(missing_spans(&run(), Expected::Success(Run::Question)).is_empty());
    }

    #[test]
    fn each_part_is_missed() {
        for (at, said) in [
            (0, "the root span has not arrived"),
            (1, "no invoke_agent span"),
            (2, "no chat span"),
            (4, "not arrived: 1 parent span"),
            (5, "the tool behind 'execute_tool x' is not in the trace"),
        ] {
            let mut spans = run();
            spans.remove(at);
            let missing = missing_spans(&spans, Expected::Success(Run::Question)).join("; ");
            assert!(missing.contains(said), "without {at}: {missing}");
        }
    }

    #[test]
    fn a_failed_run_needs_only_to_hang_together() {
        let mut spans = run();
        spans.truncate(2);
        assert!(missing_spans(&spans, Expected::Failure).is_empty());
        spans.remove(0);
        assert!(!missing_spans(&spans, Expected::Failure).is_empty());
        assert!(!missing_spans(&[], Expected::Failure).is_empty());
    }

    #[test]
    fn a_failed_call_needs_no_tool() {
        let mut spans = run();
        spans[3].status = "error".into();
        spans.truncate(4);
        assert!(missing_spans(&spans, Expected::Success(Run::Question)).is_empty());
    }
}
