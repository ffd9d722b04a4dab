//! A chat model behind a provider's HTTP API.

mod failure;
mod framing;
mod open_stream;
mod sse;

use crate::{
    ModelIdentity, ProviderConfig, base_url,
    openai::OpenAiChat,
    provider::Api,
    wire::{Reading, Wire, conceal::Conceal},
};
use failure::Failures;
use futures_util::StreamExt;
use glassbox_core::{
    ChatEvent, ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, ModelError, async_trait,
};
use glassbox_instrument::{HttpBody, HttpClient, HttpResponse};
use open_stream::OpenStream;
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// How often a request is encoded differently after the server rejected its form.
const MAX_ADAPTED: u32 = 2;
/// How much of an error's body is read, in bytes.
const MAX_ERROR: usize = 64 << 10;

/// A model behind the HTTP API of a provider.
///
/// It makes one attempt, and its only telemetry is the HTTP client's span. [`Observed`](crate::Observed)
/// and [`Resilient`](crate::Resilient) add the rest. An attempt consists of several requests only if the
/// server rejects an optional member of the request, which is then permanently left out.
///
/// # Bounds
/// The caller's deadline limits a whole call. The configured timeouts limit the time until the head of
/// the answer, each pause within it, and the total. [`AnswerLimits`](crate::AnswerLimits) limit its
/// size.
#[derive(Clone, Debug)]
pub struct HttpModel {
    http: HttpClient,
    wire: Arc<dyn Wire>,
    id: String,
    identity: ModelIdentity,
    url: String,
    api_key: Option<String>,
    timeout: Duration,
    idle_timeout: Duration,
    reading: Reading,
    failures: Failures,
}

impl HttpModel {
    /// The model that `config` describes, called through `http`.
    pub fn new(config: &ProviderConfig, http: HttpClient) -> Self {
        let wire: Arc<dyn Wire> = match config.provider.api {
            Api::OpenAiChat => Arc::new(OpenAiChat::new(config)),
        };
        let url = base_url::request_url(&config.base_url, wire.path());
        let secrets = base_url::secrets(&config.base_url);
        let conceal = Conceal::new(secrets.into_iter().chain(config.api_key.clone()));
        Self {
            http,
            id: config.identity.id(),
            identity: config.identity.clone(),
            failures: Failures::new(&url, config, conceal.clone()),
            url,
            wire,
            api_key: config.api_key.clone(),
            timeout: config.timeout,
            idle_timeout: config.idle_timeout,
            reading: Reading {
                limits: config.limits,
                conceal,
            },
        }
    }

    /// The model's identity.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    async fn open(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<OpenStream, ModelError> {
        let start = Instant::now();
        let response = self.send(cx, request, stream).await?;
        Ok(OpenStream::new(
            response.into_body(),
            self.wire.join(request, &self.reading),
            self.failures.clone(),
            self.reading.limits,
            start,
        ))
    }

    /// Sends the request, and sends it again in another form if the server rejects the first one.
    async fn send(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<HttpResponse, ModelError> {
        let mut adapted = 0;
        loop {
            let body = self.wire.encode(request, stream)?;
            let response = self.post(cx, &body, stream).await?;
            if response.status().is_success() {
                return Ok(response);
            }
            let status = response.status();
            let headers = response.headers().clone();
            let said = self.error_body(response.into_body()).await;
            if adapted < MAX_ADAPTED && self.wire.adapt(&body, &said) {
                adapted += 1;
                continue;
            }
            let refusal = self.wire.refusal(&said, &self.reading);
            return Err(self.failures.of_status(status, &headers, refusal));
        }
    }

    async fn post(
        &self,
        cx: &Cx,
        body: &serde_json::Value,
        stream: bool,
    ) -> Result<HttpResponse, ModelError> {
        let mut post = self
            .http
            .post(&self.url)
            .template(self.wire.path())
            .timeout(self.timeout)
            .idle_timeout(self.idle_timeout)
            .json(body);
        if let Some(key) = &self.api_key {
            post = match base_url::is_azure(&self.identity.address) {
                true => post.secret_header("api-key", key),
                false => post.bearer(key),
            };
        }
        for secret in base_url::secrets(&self.url) {
            post = post.conceal(&secret);
        }
        if stream {
            post = post.header("accept", "text/event-stream");
        }
        let sent = post.send(cx).await;
        sent.map_err(|error| self.failures.of_http(error))
    }

    /// The beginning of an error's body. If the body breaks off or does not end, the part received is
    /// returned.
    async fn error_body(&self, mut body: HttpBody) -> String {
        let mut bytes = Vec::new();
        let read = async {
            while let Ok(Some(chunk)) = body.chunk().await {
                let left = MAX_ERROR - bytes.len();
                bytes.extend_from_slice(&chunk[..chunk.len().min(left)]);
                if bytes.len() == MAX_ERROR {
                    break;
                }
            }
        };
        let _late = tokio::time::timeout(self.timeout, read).await;
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[async_trait]
impl ChatModel for HttpModel {
    fn id(&self) -> &str {
        &self.id
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        Ok(Box::pin(self.open(cx, request, true).await?))
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let mut events = self.open(cx, request, false).await?;
        while let Some(event) = events.next().await {
            if let ChatEvent::Finished(response) = event? {
                return Ok(*response);
            }
        }
        Err(self.failures.of_end())
    }
}
