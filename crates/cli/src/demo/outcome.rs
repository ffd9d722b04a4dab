//! The result of a run, as text or as one JSON object.

use super::{
    evidence::{Evidence, Run},
    question::{Answer, Question, Refusal},
};
use crate::{
    backend::{Collector, Endpoints, Span, Status},
    excerpt,
    plural::counted,
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
    pub(super) question: &'a Question,
    pub(super) result: Result<Answer, Refusal>,
    /// The telemetry of the run; `None` if its trace is unknown.
    pub(super) evidence: Option<Evidence>,
    /// The status of the backend after all telemetry arrived.
    pub(super) status: &'a Status,
    /// The command that shows the run again, if the backend ends with the demo.
    pub(super) again: Option<String>,
    /// Whether a model is configured; otherwise the offline model answered.
    pub(super) real_model: bool,
}

/// The JSON form. Scripts rely on its fields.
#[derive(Serialize)]
struct Object<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    answer: Option<&'a Value>,
    /// Only if there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// The stable code of the error.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'a str>,
    model: Option<&'a str>,
    /// Whether the model stopped at its limit of output tokens.
    truncated: bool,
    trace_id: Option<&'a str>,
    endpoints: &'a Endpoints,
    /// The command that shows the run again, if the endpoints were closed with the demo.
    #[serde(skip_serializing_if = "Option::is_none")]
    see_again: Option<&'a str>,
    collector: &'a Collector,
    spans: Vec<SpanObject<'a>>,
    /// Only if the trace is incomplete.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    missing: &'a [String],
}

/// The JSON form of a failure before the question was asked.
#[derive(Serialize)]
struct Unasked {
    error: String,
    trace_id: Option<String>,
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

/// The JSON object of a failure before the question was asked, and a newline.
pub(crate) fn unasked(error: &crate::failure::Failure) -> String {
    line(&Unasked {
        error: error.to_string(),
        trace_id: None,
    })
}

fn line(object: &impl Serialize) -> String {
    let mut text = serde_json::to_string(object).expect("invariant: texts and numbers only");
    text.push('\n');
    text
}

impl Outcome<'_> {
    /// One JSON object and a newline.
    pub(crate) fn to_json(&self) -> String {
        let (answer, refusal) = (self.result.as_ref().ok(), self.result.as_ref().err());
        line(&Object {
            answer: answer.map(|answer| &answer.answer),
            error: refusal.map(|refusal| refusal.failure.to_string()),
            code: refusal.and_then(|refusal| refusal.code.as_deref()),
            model: answer.and_then(|answer| answer.model.as_deref()),
            truncated: self.is_truncated(),
            trace_id: self.trace_id(),
            endpoints: &self.status.endpoints,
            see_again: self.again.as_deref(),
            collector: &self.status.collector,
            spans: self.spans().iter().map(Into::into).collect(),
            missing: self.missing(),
        })
    }

    /// Question, answer, tree, totals and addresses.
    pub(crate) fn to_text(&self, style: Style) -> String {
        let title = excerpt::start(self.question.title(), 4 * style.width);
        let mut out = format!("\n▸ {}\n", style.strong(&title));
        if let Ok(answer) = &self.result {
            if let Some(model) = &answer.model {
                let kind = match self.real_model {
                    true => "model",
                    false => "offline model",
                };
                out.push_str(&style.dim(&format!("  ({kind}: {model})\n")));
            }
            let _fits = write!(out, "\n{}\n", self.answer_text(answer));
        }
        if !self.spans().is_empty() {
            let _fits = write!(
                out,
                "\n{}\n{}\n",
                tree::draw(self.spans(), style),
                self.sums()
            );
        }
        out.push_str(&self.addresses(style));
        out
    }

    /// Only the answer.
    pub(crate) fn to_answer(&self) -> String {
        match &self.result {
            Ok(answer) => format!("{}\n", self.answer_text(answer)),
            Err(_) => String::new(),
        }
    }

    fn answer_text(&self, answer: &Answer) -> String {
        let mut text = match &answer.answer {
            Value::String(text) => text.clone(),
            other => format!("{other:#}"),
        };
        if self.is_truncated() {
            text.push_str(" …\n(truncated: the model reached its limit of output tokens)");
        }
        text
    }

    /// Whether the last answer of the model ended at its limit of output tokens.
    fn is_truncated(&self) -> bool {
        let chats = self
            .spans()
            .iter()
            .filter(|span| span.operation() == Some("chat"));
        let last = chats.max_by_key(|span| span.end_unix_nano);
        let reasons = last.and_then(|span| span.attributes.get("gen_ai.response.finish_reasons"));
        let reasons = reasons.and_then(Value::as_array);
        reasons.is_some_and(|reasons| reasons.iter().any(|reason| reason == "length"))
    }

    fn trace_id(&self) -> Option<&str> {
        match &self.result {
            Ok(answer) => Some(&answer.trace_id),
            Err(refusal) => refusal.trace_id.as_deref(),
        }
    }

    fn spans(&self) -> &[Span] {
        self.evidence
            .as_ref()
            .map_or(&[], |evidence| &evidence.spans)
    }

    fn missing(&self) -> &[String] {
        self.evidence
            .as_ref()
            .map_or(&[], |evidence| &evidence.missing)
    }

    fn sums(&self) -> String {
        let spans = self.spans();
        let services: BTreeSet<&str> = spans.iter().map(|span| span.service.as_str()).collect();
        let tokens = |kind: &str| -> u64 {
            spans
                .iter()
                .filter(|span| span.operation() == Some("chat"))
                .filter_map(|span| span.number(&format!("gen_ai.usage.{kind}_tokens")))
                .sum()
        };
        let errors = spans.iter().filter(|span| span.is_error()).count();
        let logs = self.evidence.as_ref().map_or(0, |evidence| evidence.logs);
        let mut parts = vec![
            counted(services.len() as u64, "service"),
            counted(spans.len() as u64, "span"),
            counted(logs, "log"),
        ];
        if errors > 0 {
            parts.push(counted(errors as u64, "error"));
        }
        if self.question.run() == Run::Question {
            parts.push(format!(
                "{} in, {} out tokens",
                tokens("input"),
                tokens("output")
            ));
            if !self.real_model {
                parts.push("$0 (offline)".to_owned());
            }
        }
        parts.join(" · ")
    }

    /// The addresses at which the run is visible. Addresses that end with the demo are left out.
    fn addresses(&self, style: Style) -> String {
        let Status {
            endpoints,
            collector,
            ..
        } = self.status;
        let trace_id = self.trace_id().unwrap_or_default();
        let run = match trace_id {
            "" => String::new(),
            id => format!("/runs/{id}"),
        };
        let mut lines = Vec::new();
        match &self.again {
            None => {
                let bare = |url: &str| url.trim_start_matches("http://").to_owned();
                let (grpc, http) = (bare(&endpoints.grpc), bare(&endpoints.http));
                lines.push(("Page", format!("{}{run}", endpoints.page)));
                lines.push(("OTLP", format!("{grpc} gRPC   {http} HTTP")));
            }
            Some(_) if trace_id.is_empty() => {}
            Some(again) => {
                lines.push(("Trace", trace_id.to_owned()));
                lines.push((
                    "See it",
                    format!("run '{again}', and open {run} of its page"),
                ));
            }
        }
        lines.push(("Collector", collector.line()));
        let line = |(name, text): &(&str, String)| {
            let gap = " ".repeat(11 - name.len());
            format!("{}{gap}{text}\n", style.dim(name))
        };
        lines.iter().map(line).collect()
    }

    /// Prints why the run failed, or what is missing from its trace. Succeeds if there is nothing to
    /// print.
    pub(crate) fn report(&self) -> ExitCode {
        let missing = self.missing().join("; ");
        match &self.result {
            Err(refusal) => {
                let code = refusal.failure.report();
                if !missing.is_empty() {
                    tell(&format!("glassbox: its trace is incomplete: {missing}"));
                }
                code
            }
            Ok(_) if missing.is_empty() => ExitCode::SUCCESS,
            Ok(_) => {
                tell(&format!(
                    "glassbox: the question was answered, but its trace is incomplete: {missing}"
                ));
                ExitCode::FAILURE
            }
        }
    }
}
