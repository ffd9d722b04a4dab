//! Models behind a scripted server.

use glassbox_ai::{HttpModel, ModelConfig};
use glassbox_config::Environment;
use glassbox_instrument::HttpClient;
use glassbox_testkit::ModelServer;
use std::ops::Deref;

pub(crate) use glassbox_testkit::ModelReply as Reply;

/// A scripted server, and the models that it serves.
pub(crate) struct Server(ModelServer);

impl Server {
    pub(crate) async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self(ModelServer::start(replies).await)
    }

    /// A server that streams these events.
    pub(crate) async fn streaming(events: &[&str]) -> Self {
        Self::start([Reply::events(events)]).await
    }

    /// A server that computes each answer from the request.
    pub(crate) async fn answering(
        answer: impl FnMut(&glassbox_testkit::ModelRequest) -> Reply + Send + 'static,
    ) -> Self {
        Self(ModelServer::answering(answer).await)
    }

    /// The model behind the server, without wrappers.
    pub(crate) fn model(&self) -> HttpModel {
        HttpModel::new(&self.config().providers()[0], HttpClient::new())
    }

    /// The model behind the server, without wrappers, with these additional variables.
    pub(crate) fn model_with(&self, more: &[(&str, &str)]) -> HttpModel {
        HttpModel::new(&self.config_with(more).providers()[0], HttpClient::new())
    }

    pub(crate) fn config(&self) -> ModelConfig {
        self.config_with(&[])
    }

    /// The configuration of an environment with these additional variables.
    pub(crate) fn config_with(&self, more: &[(&str, &str)]) -> ModelConfig {
        let own = [
            ("OPENAI_BASE_URL", self.base_url()),
            ("OPENAI_API_KEY", "sk-test"),
            ("OPENAI_MODEL", "gpt-test"),
        ];
        let environment: Environment = own.iter().chain(more).copied().collect();
        ModelConfig::from_environment(&environment).unwrap()
    }
}

impl Deref for Server {
    type Target = ModelServer;

    fn deref(&self) -> &ModelServer {
        &self.0
    }
}

/// Events in stream format, with `[DONE]` at the end.
pub(crate) fn stream(events: &[&str]) -> String {
    Reply::stream_of(events)
}
