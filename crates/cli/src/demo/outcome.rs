//! The result of a run, as text or as one JSON object.

use super::{
    evidence::{Evidence, Run},
    question::{Answer, Question},
};
use crate::{
    backend::{Collector, Endpoints, Span, Status},
    style::Style,
    terminal::tell,
    tree,
};
use serde::Serialize;
use serde_json::Value;
use std::{collections::BTreeSet, fmt::Write, process::ExitCode};

/// The result of a run.
#[derive(Debug)]
pub(crate) struct Outcome<'a> {
    question: &'a Question,
    answer: Answer,
    evidence: Evidence,
    /// The status of the backend after all telemetry arrived.
    status: &'a Status,
}

/// The JSON form. Scripts rely on its fields.
#[derive(Serialize)]
struct Object<'a> {
    answer: &'a Value,
    model: Option<&'a str>,
    trace_id: &'a str,
    endpoints: &'a Endpoints,
    collector: &'a Collector,
    spans: Vec<SpanObject<'a>>,
    /// Only if the exit status is not 0.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing: &'a [String],
}

#[derive(Serialize)]
struct SpanObject<'a> {
    span_id: &'a str,
    parent_span_id: Option<&'a str>,
    service: &'a str,
    name: &'a str,
    start_unix_nano: u64,
    end_unix_nano: u64,
    status: &'a str,
}

impl<'a> From<&'a Span> for SpanObject<'a> {
    fn from(span: &'a Span) -> Self {
        Self {
            span_id: &span.span_id,
            parent_span_id: span.parent_span_id.as_deref(),
            service: &span.service,
            name: &span.name,
            start_unix_nano: span.start_unix_nano,
            end_unix_nano: span.end_unix_nano,
            status: &span.status,
        }
    }
}

impl<'a> Outcome<'a> {
    /// Combines the parts of a result.
    pub(crate) fn new(
        question: &'a Question,
        answer: Answer,
        evidence: Evidence,
        status: &'a Status,
    ) -> Self {
        Self {
            question,
            answer,
            evidence,
            status,
        }
    }

    /// One JSON object and a newline.
    pub(crate) fn to_json(&self) -> String {
        let object = Object {
            answer: &self.answer.answer,
            model: self.answer.model.as_deref(),
            trace_id: &self.answer.trace_id,
            endpoints: &self.status.endpoints,
            collector: &self.status.collector,
            spans: self.evidence.spans.iter().map(Into::into).collect(),
            missing: &self.evidence.missing,
        };
        let mut text = serde_json::to_string(&object).expect("invariant: texts and numbers only");
        text.push('\n');
        text
    }

    /// Question, answer, tree, totals and addresses.
    pub(crate) fn to_text(&self, style: Style, real_model: bool) -> String {
        let mut out = format!("\n▸ {}\n", style.strong(self.question.title()));
        if let Some(model) = &self.answer.model {
            let kind = if real_model { "model" } else { "offline model" };
            out.push_str(&style.dim(&format!("  ({kind}: {model})\n")));
        }
        let answer = match &self.answer.answer {
            Value::String(text) => text.clone(),
            other => format!("{other:#}"),
        };
        let _fits = write!(
            out,
            "\n{answer}\n\n{}\n{}\n{}",
            tree::draw(&self.evidence.spans, style),
            self.sums(real_model),
            self.addresses(style),
        );
        out
    }

    fn sums(&self, real_model: bool) -> String {
        let spans = &self.evidence.spans;
        let services: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        let tokens = |kind: &str| -> u64 {
            spans
                .iter()
                .filter(|span| span.operation() == Some("chat"))
                .filter_map(|span| span.number(&format!("gen_ai.usage.{kind}_tokens")))
                .sum()
        };
        let errors = spans.iter().filter(|span| span.is_error()).count();
        let mut parts = vec![
            format!("{} services", services.len()),
            format!("{} spans", spans.len()),
            format!("{} logs", self.evidence.logs),
        ];
        if errors > 0 {
            parts.push(format!("{errors} with errors"));
        }
        if self.question.run() == Run::Question {
            parts.push(format!(
                "{} in, {} out tokens",
                tokens("input"),
                tokens("output")
            ));
            if !real_model {
                parts.push("$0 (offline)".to_owned());
            }
        }
        parts.join(" · ")
    }

    fn addresses(&self, style: Style) -> String {
        let bare = |url: &str| url.trim_start_matches("http://").to_owned();
        let Status {
            endpoints,
            collector,
            ..
        } = self.status;
        format!(
            "{}       {}/runs/{}\n{}       {} gRPC   {} HTTP\n{}  {}\n",
            style.dim("Page"),
            endpoints.page,
            self.answer.trace_id,
            style.dim("OTLP"),
            bare(&endpoints.grpc),
            bare(&endpoints.http),
            style.dim("Collector"),
            collector.line(),
        )
    }

    /// Prints what is missing. Succeeds only if nothing is.
    pub(crate) fn report(&self) -> ExitCode {
        if self.evidence.missing.is_empty() {
            return ExitCode::SUCCESS;
        }
        let missing = self.evidence.missing.join("; ");
        tell(&format!(
            "glassbox: the question was answered, but its trace is incomplete: {missing}"
        ));
        ExitCode::FAILURE
    }
}
