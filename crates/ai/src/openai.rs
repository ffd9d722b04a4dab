//! The client of OpenAI's Chat Completions, and of everything that speaks the same.

mod failure;
mod joiner;
mod open_stream;
mod wire;

use crate::{ModelConfig, ModelIdentity, settings::OPENAI_HOST};
use failure::Failures;
use glassbox_core::{
    ChatModel, ChatRequest, ChatResponse, ChatStream, Cx, ModelError, async_trait,
};
use glassbox_instrument::{HttpClient, HttpResponse};
use joiner::Joiner;
use open_stream::OpenStream;
use std::time::Duration;

/// A model behind `POST {base_url}/chat/completions`.
///
/// It tells nothing beyond the HTTP client's span, and asks once: [`Observed`](crate::Observed) and
/// [`Resilient`](crate::Resilient) do the rest.
///
/// # Bounds
/// The caller's deadline bounds a whole call. Beside it, the head of the answer may take as long as
/// the configuration says, and so may a pause within a stream.
#[derive(Clone, Debug)]
pub struct OpenAiChat {
    http: HttpClient,
    id: String,
    identity: ModelIdentity,
    url: String,
    api_key: Option<String>,
    timeout: Duration,
    idle_timeout: Duration,
}

impl OpenAiChat {
    /// The model that `config` names, asked through `http`.
    pub fn new(config: &ModelConfig, http: HttpClient) -> Self {
        Self {
            http,
            id: config.identity().id(),
            identity: config.identity().clone(),
            url: format!("{}/chat/completions", config.base_url()),
            api_key: config.api_key().map(str::to_owned),
            timeout: config.timeout(),
            idle_timeout: config.idle_timeout(),
        }
    }

    /// Which model it is.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    async fn send(
        &self,
        cx: &Cx,
        request: &ChatRequest,
        stream: bool,
    ) -> Result<HttpResponse, ModelError> {
        let body = wire::Body::try_new(
            &self.identity.model,
            &self.identity.origin(),
            request,
            self.identity.address == OPENAI_HOST,
            stream,
        )?;
        let mut post = self
            .http
            .post(&self.url)
            .template("/chat/completions")
            .timeout(self.timeout)
            .idle_timeout(self.idle_timeout)
            .json(&body);
        if let Some(key) = &self.api_key {
            post = post.bearer(key);
        }
        if stream {
            post = post.header("accept", "text/event-stream");
        }
        let failures = self.failures();
        let response = post
            .send(cx)
            .await
            .map_err(|error| failures.of_http(error))?;
        match response.status().is_success() {
            true => Ok(response),
            false => Err(failures.of_response(response).await),
        }
    }

    fn failures(&self) -> Failures {
        Failures::new(&self.url, &self.identity.model)
    }
}

#[async_trait]
impl ChatModel for OpenAiChat {
    fn id(&self) -> &str {
        &self.id
    }

    async fn stream(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatStream, ModelError> {
        let response = self.send(cx, request, true).await?;
        let joiner = Joiner::new(&self.identity, request);
        let failures = self.failures();
        Ok(match wire::is_json(response.headers()) {
            // A server that does not stream answers as a whole.
            true => {
                let whole = failures.read(response).await?;
                open_stream::whole(
                    whole
                        .into_response(joiner)
                        .map_err(|error| failures.of_body(error))?,
                )
            }
            false => Box::pin(OpenStream::new(response.into_body(), joiner, failures)),
        })
    }

    async fn chat(&self, cx: &Cx, request: &ChatRequest) -> Result<ChatResponse, ModelError> {
        let response = self.send(cx, request, false).await?;
        let joiner = Joiner::new(&self.identity, request);
        let failures = self.failures();
        let whole = failures.read(response).await?;
        whole
            .into_response(joiner)
            .map_err(|error| failures.of_body(error))
    }
}
