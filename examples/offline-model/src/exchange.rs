//! The HTTP side: an answer as a whole, or as server-sent events.

use crate::{
    access::Access,
    reply::Reply,
    wire::{Refusal, Request},
};
use axum::{
    Json, Router,
    body::{Body, Bytes},
    extract::rejection::BytesRejection,
    http::{Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
    routing::{get, post},
    serve::ListenerExt,
};
use futures_util::stream;
use serde_json::{Value, json};
use std::{convert::Infallible, io};
use tokio::net::TcpListener;

/// The model name in every answer, regardless of the requested name.
pub const MODEL: &str = "offline-rules";

/// `POST /v1/chat/completions`, `GET /v1/models`, and `GET /health`.
pub fn router() -> Router {
    Router::new()
        .route("/v1/chat/completions", post(chat))
        .route("/v1/models", get(models))
        .route("/health", get(health))
        .fallback(unknown)
        .method_not_allowed_fallback(not_allowed)
}

/// Serves [`router`] until `shutdown` resolves; answers in progress are finished.
///
/// # Errors
/// If the listener fails, or is not on loopback although `access` has no key and does not allow that.
pub async fn serve(
    listener: TcpListener,
    access: &Access,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    access.check(address)?;
    let router = router().layer(access.guard(address).layer());
    // Small chunks are sent immediately: if the kernel collects them, the reader waits 40 ms.
    let listener = listener.tap_io(|stream| {
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(exception.message = %error, "a connection stays with Nagle's delay");
        }
    });
    axum::serve(listener, router)
        .with_graceful_shutdown(shutdown)
        .await
}

async fn models() -> Json<Value> {
    let model = json!({"id": MODEL, "object": "model", "created": 0, "owned_by": "glassbox"});
    Json(json!({"object": "list", "data": [model]}))
}

async fn health() -> Json<Value> {
    Json(json!({"status": "ok"}))
}

async fn unknown(method: Method, uri: Uri) -> Refusal {
    let message = format!("Unknown request URL: {method} {}", uri.path());
    Refusal::new(StatusCode::NOT_FOUND, message)
}

async fn not_allowed(method: Method, uri: Uri) -> Refusal {
    let message = format!("Not allowed to {method} {}", uri.path());
    Refusal::new(StatusCode::METHOD_NOT_ALLOWED, message)
}

async fn chat(body: Result<Bytes, BytesRejection>) -> Result<Response, Refusal> {
    let body = body.map_err(|error| Refusal::new(error.status(), error.body_text()))?;
    let mut reader = serde_json::Deserializer::from_slice(&body);
    let request: Request = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let message = format!("We could not parse the JSON body of your request: {error}");
        Refusal::new(StatusCode::BAD_REQUEST, message)
    })?;
    refuse_unsupported(&request)?;
    let today = jiff::Timestamp::now()
        .to_zoned(jiff::tz::TimeZone::UTC)
        .date();
    let reply = Reply::to(&request, today)?;
    let created = jiff::Timestamp::now().as_second();
    if !request.stream {
        return Ok(Json(whole(&reply, created)).into_response());
    }
    let usage = request.stream_options.unwrap_or_default().include_usage;
    let events = chunks(&reply, created, usage)
        .into_iter()
        .map(|chunk| format!("data: {chunk}\n\n"));
    let events = events
        .chain(["data: [DONE]\n\n".to_owned()])
        .map(Ok::<_, Infallible>);
    let body = Body::from_stream(stream::iter(events.collect::<Vec<_>>()));
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream; charset=utf-8"),
        (header::CACHE_CONTROL, "no-cache"),
    ];
    Ok((headers, body).into_response())
}

/// Rejects unsupported requests instead of ignoring the unsupported parts.
fn refuse_unsupported(request: &Request) -> Result<(), Refusal> {
    if request.model.is_empty() {
        return Err(Refusal::of("model", "you must provide a model parameter"));
    }
    if request.messages.is_empty() {
        return Err(Refusal::messages("[] is too short - 'messages'"));
    }
    if request.n.is_some_and(|choices| choices != 1) {
        return Err(Refusal::of("n", "the offline model gives one choice"));
    }
    let choice = request.tool_choice.as_ref().unwrap_or(&Value::Null);
    if !(choice.is_null() || choice == "auto" || choice == "none") {
        return Err(Refusal::of(
            "tool_choice",
            "the offline model knows 'auto' and 'none' only",
        ));
    }
    let format = request.response_format.as_ref().unwrap_or(&Value::Null);
    match format.is_null() || format["type"] == "text" {
        true => Ok(()),
        false => Err(Refusal::of(
            "response_format",
            "the offline model writes text only",
        )),
    }
}

fn whole(reply: &Reply, created: i64) -> Value {
    let mut message = json!({"role": "assistant", "content": null, "refusal": null});
    match reply.calls.is_empty() {
        true => message["content"] = reply.text.as_str().into(),
        false => message["tool_calls"] = json!(reply.calls),
    }
    let choice =
        json!({"index": 0, "message": message, "logprobs": null, "finish_reason": reply.finish});
    json!({
        "id": reply.id, "object": "chat.completion", "created": created, "model": MODEL,
        "choices": [choice], "usage": reply.usage, "system_fingerprint": "fp_offline",
    })
}

/// The chunks of a stream: the role, the text word by word or the calls with their arguments in pieces,
/// the finish reason, the usage.
fn chunks(reply: &Reply, created: i64, usage: bool) -> Vec<Value> {
    let chunk = |choices: Value| {
        let mut chunk = json!({
            "id": reply.id, "object": "chat.completion.chunk", "created": created, "model": MODEL,
            "system_fingerprint": "fp_offline", "choices": choices,
        });
        if usage {
            chunk["usage"] = Value::Null;
        }
        chunk
    };
    let delta = |delta: Value, finish: Option<&str>| {
        chunk(json!([{"index": 0, "delta": delta, "logprobs": null, "finish_reason": finish}]))
    };
    let content = if reply.calls.is_empty() {
        json!("")
    } else {
        Value::Null
    };
    let mut all = vec![delta(
        json!({"role": "assistant", "content": content, "refusal": null}),
        None,
    )];
    let words = reply.text.split_inclusive(' ');
    all.extend(words.map(|word| delta(json!({"content": word}), None)));
    for (index, call) in reply.calls.iter().enumerate() {
        let function = json!({"name": call.function.name, "arguments": ""});
        let start =
            json!({"index": index, "id": call.id, "type": "function", "function": function});
        all.push(delta(json!({"tool_calls": [start]}), None));
        let letters: Vec<char> = call.function.arguments.chars().collect();
        for piece in letters.chunks(9) {
            let piece: String = piece.iter().collect();
            let more = json!({"index": index, "function": {"arguments": piece}});
            all.push(delta(json!({"tool_calls": [more]}), None));
        }
    }
    all.push(delta(json!({}), Some(reply.finish)));
    if usage {
        let mut last = chunk(json!([]));
        last["usage"] = json!(reply.usage);
        all.push(last);
    }
    all
}
