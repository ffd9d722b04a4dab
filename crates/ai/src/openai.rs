//! OpenAI's Chat Completions, which many servers speak.

mod chunk;
mod encode;
mod joiner;
mod refusal;

use crate::{
    ModelIdentity, ProviderConfig,
    wire::{Join, Refusal, Wire},
};
use glassbox_core::{ChatRequest, ModelError};
use joiner::Joiner;
use serde_json::Value;

/// Chat Completions of one server.
#[derive(Debug)]
pub(crate) struct OpenAiChat {
    identity: ModelIdentity,
    origin: String,
    /// Whether it is OpenAI itself.
    is_openai: bool,
}

impl OpenAiChat {
    pub(crate) fn new(config: &ProviderConfig) -> Self {
        Self {
            identity: config.identity().clone(),
            origin: config.identity().origin(),
            is_openai: config.is_providers_own(),
        }
    }
}

impl Wire for OpenAiChat {
    fn path(&self) -> &'static str {
        "/chat/completions"
    }

    fn encode(&self, request: &ChatRequest, stream: bool) -> Result<Value, ModelError> {
        let peer = encode::Peer {
            provider: &self.identity.provider,
            model: &self.identity.model,
            origin: &self.origin,
            is_openai: self.is_openai,
        };
        encode::body(&peer, request, stream)
    }

    fn join(&self, request: &ChatRequest) -> Box<dyn Join> {
        Box::new(Joiner::new(&self.identity.model, &self.origin, request))
    }

    fn refusal(&self, body: &Value) -> Refusal {
        refusal::read(&body["error"])
    }
}
