//! OpenAI's Chat Completions, which many servers implement.

mod arguments;
mod balance;
mod calls;
mod encode;
mod extras;
mod field;
mod finish;
mod joiner;
mod refusal;
mod said;
mod usage;

use crate::{
    ModelIdentity, ProviderConfig,
    wire::{Join, Reading, Refusal, Wire},
};
use encode::{Dialect, Limit};
use glassbox_core::{ChatRequest, ModelError};
use joiner::Joiner;
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Chat Completions of one server.
#[derive(Debug)]
pub(crate) struct OpenAiChat {
    identity: ModelIdentity,
    origin: String,
    /// Whether the server is OpenAI itself.
    is_openai: bool,
    /// Whether the server rejected `stream_options`.
    without_stream_options: AtomicBool,
    /// Whether the server rejected the first name of the token limit.
    other_limit: AtomicBool,
}

impl OpenAiChat {
    pub(crate) fn new(config: &ProviderConfig) -> Self {
        Self {
            identity: config.identity().clone(),
            origin: config.identity().origin(),
            is_openai: config.is_providers_own(),
            without_stream_options: AtomicBool::new(false),
            other_limit: AtomicBool::new(false),
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
            dialect: Dialect {
                stream_options: !self.without_stream_options.load(Relaxed),
                limit: Limit::of(self.is_openai != self.other_limit.load(Relaxed)),
            },
        };
        encode::body(&peer, request, stream)
    }

    fn adapt(&self, sent: &Value, body: &str) -> bool {
        let rejects = |name: &str| sent.get(name).is_some() && body.contains(name);
        let asks_usage = sent.get("stream_options").is_some();
        if rejects("stream_options") || asks_usage && body.contains("include_usage") {
            self.without_stream_options.store(true, Relaxed);
            return true;
        }
        // OpenAI rejects the old name for its newer models, and many other servers reject the new one.
        let says_unknown = [
            "nsupported",
            "nrecognized",
            "nknown",
            "xtra",
            "not permitted",
        ];
        let is_unknown = says_unknown.iter().any(|word| body.contains(word));
        if rejects(Limit::of(self.is_openai).name()) && is_unknown {
            self.other_limit.store(true, Relaxed);
            return true;
        }
        false
    }

    fn join(&self, request: &ChatRequest, reading: &Reading) -> Box<dyn Join> {
        let model = &self.identity.model;
        Box::new(Joiner::new(model, &self.origin, request, reading))
    }

    fn refusal(&self, body: &str, reading: &Reading) -> Refusal {
        refusal::read(body, reading)
    }
}
