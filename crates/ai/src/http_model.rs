//! A chat model behind a provider's HTTP API.

mod failure;
mod open_stream;
mod sse;

use crate::{
    ModelIdentity, ProviderConfig,
    openai::OpenAiChat,
    provider::Api,
    wire::{Join, Wire},
};
use failure::Failures;
use glassbox_core::{
    ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, ModelError, async_trait,
};
use glassbox_instrument::{HttpClient, HttpResponse};
use http::{HeaderMap, header::CONTENT_TYPE};
use open_stream::OpenStream;
use std::{sync::Arc, time::Duration};

/// A model behind the HTTP API of a provider.
///
/// It makes one attempt, and its only telemetry is the HTTP client's span. [`Observed`](crate::Observed) and
/// [`Resilient`](crate::Resilient) add the rest.
///
/// # Bounds
/// The caller's deadline limits a whole call. The configured timeouts limit the time until the head of the
/// answer and each pause within a stream.
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
    failures: Failures,
}

impl HttpModel {
    /// The model that `config` describes, called through `http`.
    pub fn new(config: &ProviderConfig, http: HttpClient) -> Self {
        let wire: Arc<dyn Wire> = match config.provider.api {
            Api::OpenAiChat => Arc::new(OpenAiChat::new(config)),
        };
        let url = format!("{}{}", config.base_url, wire.path());
        Self {
            http,
            id: config.identity.id(),
            identity: config.identity.clone(),
            failures: Failures::new(&url, config),
            url,
            wire,
            api_key: config.api_key.clone(),
            timeout: config.timeout,
            idle_timeout: config.idle_timeout,
        }
    }

    /// The model's identity.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    async fn send(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<HttpResponse, ModelError> {
        let body = self.wire.encode(request, stream)?;
        let mut post = self
            .http
            .post(&self.url)
            .template(self.wire.path())
            .timeout(self.timeout)
            .idle_timeout(self.idle_timeout)
            .json(&body);
        if let Some(key) = &self.api_key {
            post = post.bearer(key);
        }
        if stream {
            post = post.header("accept", "text/event-stream");
        }
        let response = post
            .send(cx)
            .await
            .map_err(|error| self.failures.of_http(error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(self.failures.of_response(response, &*self.wire).await),
        }
    }

    async fn whole(
        &self,
        response: HttpResponse,
        mut joined: Box<dyn Join>,
    ) -> Result<ChatResponse, ModelError> {
        let body = response
            .bytes()
            .await
            .map_err(|error| self.failures.of_http(error))?;
        joined
            .whole(&body)
            .map_err(|broken| self.failures.of_body(broken))
    }
}

#[async_trait]
impl ChatModel for HttpModel {
    fn id(&self) -> &str {
        &self.id
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        let response = self.send(cx, request, true).await?;
        let joined = self.wire.join(request);
        // Some servers ignore the request for a stream.
        if is_json(response.headers()) {
            return Ok(open_stream::whole(self.whole(response, joined).await?));
        }
        let failures = self.failures.clone();
        Ok(Box::pin(OpenStream::new(
            response.into_body(),
            joined,
            failures,
        )))
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let response = self.send(cx, request, false).await?;
        self.whole(response, self.wire.join(request)).await
    }
}

/// Whether a body is one JSON document and not a stream.
fn is_json(headers: &HeaderMap) -> bool {
    let kind = headers
        .get(CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("application/json"))
}
