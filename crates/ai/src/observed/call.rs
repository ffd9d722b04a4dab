//! The telemetry of one call.

use crate::{
    ContentCapture, ModelIdentity, content, estimate,
    instruments::{DURATION, FIRST_CHUNK, INPUT_TOKENS, OUTPUT_TOKENS, PER_CHUNK, TOKENS},
};
use glassbox_core::{
    ChatEvent, ChatRequest, ChatResponse, Cx, ModelError, Usage, UsageSource, span,
    telemetry::{Span, SpanKind, Value},
};
use glassbox_semconv::{
    gen_ai_v1_41::{
        INPUT_MESSAGES, OPENAI_API_TYPE, OPERATION_NAME, OUTPUT_MESSAGES, OUTPUT_TYPE,
        PROVIDER_NAME, REQUEST_MAX_TOKENS, REQUEST_MODEL, REQUEST_SEED, REQUEST_STOP_SEQUENCES,
        REQUEST_STREAM, REQUEST_TEMPERATURE, RESPONSE_FINISH_REASONS, RESPONSE_ID, RESPONSE_MODEL,
        RESPONSE_TIME_TO_FIRST_CHUNK, TOOL_DEFINITIONS, USAGE_CACHE_CREATION_INPUT_TOKENS,
        USAGE_CACHE_READ_INPUT_TOKENS, USAGE_INPUT_TOKENS, USAGE_OUTPUT_TOKENS,
        USAGE_REASONING_OUTPUT_TOKENS, operation, provider, token_type,
    },
    glassbox::{
        RESPONSE_SKIPPED, RESPONSE_SKIPPED_KINDS, RESPONSE_TRUNCATED, USAGE_SOURCE, usage_source,
    },
    v1_41::server,
};
use std::{sync::Arc, time::Instant};

/// The telemetry of one call. Dropping it before its end records a cancellation.
#[derive(Debug)]
pub(super) struct Call {
    identity: Arc<ModelIdentity>,
    capture: ContentCapture,
    span: Span,
    start: Instant,
    /// Seconds until the first piece of a stream.
    first_chunk: Option<f64>,
    /// Seconds until the latest piece.
    last_chunk: f64,
    /// Estimated input tokens.
    input: u64,
    /// Characters received so far.
    output: u64,
    open: bool,
}

impl Call {
    pub(super) fn start(
        identity: Arc<ModelIdentity>,
        capture: ContentCapture,
        cx: &Cx,
        request: &ChatRequest,
        stream: bool,
    ) -> Self {
        let mut span = span!(
            format_args!("{} {}", operation::CHAT, identity.model),
            OPERATION_NAME => Value::Static(operation::CHAT),
            PROVIDER_NAME => &identity.provider,
            REQUEST_MODEL => &identity.model,
            server::ADDRESS => &identity.address,
            server::PORT => identity.port;
            kind: SpanKind::Client,
            or_parent: cx.trace(),
        );
        if span.is_recording() {
            describe(&mut span, request, stream);
            if identity.provider == provider::OPENAI {
                span.set(OPENAI_API_TYPE, "chat_completions");
            }
            if capture.is_on() {
                span.set(INPUT_MESSAGES, content::input(&request.messages));
                if !request.tools.is_empty() {
                    span.set(TOOL_DEFINITIONS, content::tools(&request.tools));
                }
            }
        }
        Self {
            identity,
            capture,
            span,
            start: Instant::now(),
            first_chunk: None,
            last_chunk: 0.0,
            input: estimate::request(request),
            output: 0,
            open: true,
        }
    }

    pub(super) fn span(&self) -> &Span {
        &self.span
    }

    /// Records a piece of the answer.
    pub(super) fn heard(&mut self, event: &ChatEvent) {
        self.mark_chunk();
        self.output += match event {
            // Characters instead of tokens: rounding up each short piece would overcount.
            ChatEvent::Text(text) | ChatEvent::Reasoning(text) => text.chars().count() as u64,
            ChatEvent::ToolCall(call) => 4 * estimate::call(call),
            _ => 0,
        };
    }

    /// Ends the call with its answer.
    pub(super) fn finished(&mut self, response: &ChatResponse) {
        self.open = false;
        self.describe_response(response);
        self.used(response.usage, Some(&response.model));
        self.measure(Some(&response.model), None);
    }

    /// Ends the call without a complete answer.
    pub(super) fn failed(&mut self, error: &ModelError) {
        if let Some(partial) = error.partial() {
            self.describe_response(partial);
        }
        let problem = error.problem();
        self.end_badly(
            problem.category().as_str(),
            problem.message(),
            error.usage(),
        );
    }

    /// Sets the attributes of an answer, complete or partial.
    fn describe_response(&mut self, response: &ChatResponse) {
        let span = &mut self.span;
        if !span.is_recording() {
            return;
        }
        span.set(RESPONSE_MODEL, &response.model);
        span.set(
            RESPONSE_FINISH_REASONS,
            vec![response.finish.as_str().to_owned()],
        );
        if let Some(id) = &response.id {
            span.set(RESPONSE_ID, id);
        }
        if response.is_truncated() {
            span.set(RESPONSE_TRUNCATED, true);
        }
        if !response.skipped.is_empty() {
            span.set(RESPONSE_SKIPPED, response.skipped.values().sum::<u64>());
            let kinds: Vec<String> = response.skipped.keys().cloned().collect();
            span.set(RESPONSE_SKIPPED_KINDS, kinds);
        }
        if self.capture.is_on() {
            span.set(OUTPUT_MESSAGES, content::output(response));
        }
    }

    fn end_badly(&mut self, error_type: &'static str, message: &str, usage: Option<Usage>) {
        self.open = false;
        self.span.fail(error_type, message.to_owned());
        // Before the first piece, no usage is known.
        let heard = self
            .first_chunk
            .map(|_| Usage::estimated(self.input, self.output.div_ceil(4)));
        if let Some(usage) = usage.or(heard) {
            self.used(usage, None);
        }
        self.measure(None, Some(error_type));
    }

    /// Records the metrics that are recorded once, at the end.
    fn measure(&self, response_model: Option<&str>, error_type: Option<&str>) {
        let [operation, provider, model, address, port] = self.labels();
        let answered = Value::from(response_model);
        let took = self.start.elapsed().as_secs_f64();
        let error = Value::from(error_type);
        DURATION.record_with(
            took,
            &[operation, provider, model, address, port, answered, error],
        );
        if let Some(first) = self.first_chunk {
            let labels = [operation, provider, model, address, port, answered];
            FIRST_CHUNK.record_with(first, &labels);
        }
    }

    fn used(&mut self, usage: Usage, response_model: Option<&str>) {
        let span = &mut self.span;
        span.set(USAGE_INPUT_TOKENS, usage.input);
        span.set(USAGE_OUTPUT_TOKENS, usage.output);
        if usage.cache_read > 0 {
            span.set(USAGE_CACHE_READ_INPUT_TOKENS, usage.cache_read);
        }
        if usage.cache_write > 0 {
            span.set(USAGE_CACHE_CREATION_INPUT_TOKENS, usage.cache_write);
        }
        if usage.reasoning > 0 {
            span.set(USAGE_REASONING_OUTPUT_TOKENS, usage.reasoning);
        }
        span.set(
            USAGE_SOURCE,
            match usage.source {
                UsageSource::Reported => usage_source::REPORTED,
                _ => usage_source::ESTIMATED,
            },
        );
        let [operation, provider, model, address, port] = self.labels();
        let answered = Value::from(response_model);
        for (kind, tokens, latest) in [
            (token_type::INPUT, usage.input, &INPUT_TOKENS),
            (token_type::OUTPUT, usage.output, &OUTPUT_TOKENS),
        ] {
            let kind = Value::Str(kind);
            latest.record_with(tokens as f64, &[operation, provider, model, answered]);
            TOKENS.record_with(
                tokens as f64,
                &[operation, provider, model, address, port, kind, answered],
            );
        }
    }

    fn mark_chunk(&mut self) {
        let seconds = self.start.elapsed().as_secs_f64();
        match self.first_chunk {
            None => {
                self.first_chunk = Some(seconds);
                self.span.set(RESPONSE_TIME_TO_FIRST_CHUNK, seconds);
            }
            Some(_) => PER_CHUNK.record_with(seconds - self.last_chunk, &self.labels()),
        }
        self.last_chunk = seconds;
    }

    fn labels(&self) -> [Value<'_>; 5] {
        [
            Value::Str(operation::CHAT),
            Value::Str(&self.identity.provider),
            Value::Str(&self.identity.model),
            Value::Str(&self.identity.address),
            Value::from(self.identity.port),
        ]
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.open {
            self.end_badly(
                "cancelled",
                "the caller dropped the answer before its end",
                None,
            );
        }
    }
}

/// Sets the attributes of the request.
fn describe(span: &mut Span, request: &ChatRequest, stream: bool) {
    if stream {
        span.set(REQUEST_STREAM, true);
    }
    if let Some(tokens) = request.max_tokens {
        span.set(REQUEST_MAX_TOKENS, tokens);
    }
    if let Some(temperature) = request.temperature {
        span.set(REQUEST_TEMPERATURE, f64::from(temperature));
    }
    if let Some(seed) = request.seed {
        span.set(REQUEST_SEED, seed);
    }
    if !request.stop.is_empty() {
        span.set(REQUEST_STOP_SEQUENCES, request.stop.clone());
    }
    if request.response_schema.is_some() {
        span.set(OUTPUT_TYPE, "json");
    }
}
