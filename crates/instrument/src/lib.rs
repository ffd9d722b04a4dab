//! HTTP instrumentation over the telemetry contract, by the semantic conventions 1.41.1.
//!
//! **Server.** [`ServerLayer`] goes around any tower service that speaks `http`: one SERVER span and
//! the two server metrics for each request, and a [`Cx`](glassbox_core::Cx) made from the caller's
//! headers in the request's extensions. With feature `axum` the route comes from axum; otherwise put
//! a [`Route`] into the extensions of the request or of the response.
//!
//! **Calls of an application's own.** [`record_ai_request`] and [`record_tool_call`] record a request to a
//! model and a call of a tool that the application makes by itself, in the metrics of the GenAI
//! conventions.
//!
//! **Client** (feature `client`). `HttpClient` sends one request as one CLIENT span and one record
//! of `http.client.request.duration`; the trace, the baggage, the time left and the idempotency key of
//! the caller's `Cx` are propagated. It never repeats a request: callers that do (`glassbox-resilience`) report it
//! with `HttpRequest::resend_count`.
//!
#![cfg_attr(feature = "client", doc = "```no_run")]
#![cfg_attr(not(feature = "client"), doc = "```ignore")]
//! # async fn example(cx: &glassbox_core::Cx) -> Result<(), glassbox_instrument::HttpError> {
//! use glassbox_instrument::HttpClient;
//!
//! let client = HttpClient::new(); // cheap to clone; TLS is set up with the first https:// request
//!
//! // A whole answer.
//! let response = client.get("http://127.0.0.1:8080/v1/capabilities").send(cx).await?;
//! assert!(response.status().is_success());
//! let capabilities: serde_json::Value = response.json().await?;
//!
//! // A streamed one: the span ends with the body, or when the body is dropped.
//! let response = client
//!     .post("https://api.example.com/v1/chat/completions")
//!     .bearer("secret")
//!     .header("accept", "text/event-stream")
//!     .json(&serde_json::json!({"stream": true}))
//!     .timeout(std::time::Duration::from_secs(120)) // to the response head
//!     .idle_timeout(std::time::Duration::from_secs(60)) // between two chunks of the body
//!     .send(cx)
//!     .await?;
//! let retry_after = response.headers().get("retry-after").cloned();
//! let mut body = response.into_body(); // also a `futures_core::Stream` of `Result<Bytes, HttpError>`
//! while let Some(chunk) = body.chunk().await? {
//!     println!("{} bytes", chunk.len());
//! }
//! # drop((capabilities, retry_after));
//! # Ok(())
//! # }
//! ```
//!
//! The caller's deadline bounds everything, the body included; a status of 400 or more is an answer,
//! not an `HttpError`. Redirects are not followed. The application sets proxies with
//! `HttpClientBuilder::proxies_from`; they are never used for loopback.

#![forbid(unsafe_code)]

#[cfg(feature = "client")]
mod client;
mod clock;
mod header;
mod method;
mod record;
mod redact;
mod server;

#[cfg(feature = "client")]
pub use client::{HttpBody, HttpClient, HttpClientBuilder, HttpError, HttpRequest, HttpResponse};
pub use clock::SystemClock;
pub use header::{HeaderCarrier, HeaderSource};
pub use record::{AiRequest, record_ai_request, record_tool_call};
#[cfg(feature = "client")]
pub use redact::redact_url;
pub use server::{PeerAddress, Route, ServerBody, ServerFuture, ServerLayer, ServerService};
