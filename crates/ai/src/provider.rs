//! Providers: what is known about each, and one as it is configured.

use crate::ModelIdentity;
use glassbox_semconv::gen_ai_v1_41::provider;
use std::{fmt, time::Duration};

/// The API that a provider speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI's Chat Completions.
    OpenAiChat,
}

/// What is known about a provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// `gen_ai.provider.name`, and what stands before the slash of a model's name.
    pub(crate) name: &'static str,
    pub(crate) api: Api,
    /// The provider's own API.
    pub(crate) base_url: &'static str,
    /// The host of the provider's own API, which needs a key.
    pub(crate) host: &'static str,
    /// The model if none is configured.
    pub(crate) model: &'static str,
    /// The setting with the key.
    pub(crate) key_setting: &'static str,
    /// The setting with the base URL.
    pub(crate) url_setting: &'static str,
}

/// The provider of models whose name does not say otherwise.
pub(crate) const DEFAULT: &Provider = &Provider {
    name: provider::OPENAI,
    api: Api::OpenAiChat,
    base_url: "https://api.openai.com/v1",
    host: "api.openai.com",
    model: "gpt-5-mini",
    key_setting: "OPENAI_API_KEY",
    url_setting: "OPENAI_BASE_URL",
};

/// All providers.
pub(crate) const ALL: &[&Provider] = &[DEFAULT];

/// A model at a provider: where it is, and how it is asked.
#[derive(Clone, PartialEq)]
pub struct ProviderConfig {
    pub(crate) provider: &'static Provider,
    pub(crate) identity: ModelIdentity,
    pub(crate) base_url: String,
    pub(crate) api_key: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
}

impl ProviderConfig {
    /// Which model it is.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// The URL below which the API's paths are, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How long the head of an answer may take.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// How long an answer may pause.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Whether this is the provider's own API, and not another server that speaks the same.
    pub(crate) fn is_providers_own(&self) -> bool {
        self.identity.address == self.provider.host
    }
}

/// Shows everything but the key.
impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("identity", &self.identity)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .finish()
    }
}
