//! Known providers, and the configuration of one.

use crate::{AnswerLimits, ModelIdentity, base_url};
use glassbox_semconv::gen_ai_v1_41::provider;
use std::{fmt, time::Duration};

/// The API of a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Api {
    /// OpenAI's Chat Completions.
    OpenAiChat,
}

/// A known provider.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Provider {
    /// The value of `gen_ai.provider.name`, and the prefix of model names.
    pub(crate) name: &'static str,
    pub(crate) api: Api,
    /// The base URL of the provider's own API.
    pub(crate) base_url: &'static str,
    /// The host of the provider's own API, which requires a key.
    pub(crate) host: &'static str,
    /// The default model.
    pub(crate) model: &'static str,
    /// The variable that sets the key, for error messages.
    pub(crate) key_setting: &'static str,
    /// The variable that sets the base URL, for error messages.
    pub(crate) url_setting: &'static str,
}

/// The provider of models without a prefix.
pub(crate) const DEFAULT: &Provider = &Provider {
    name: provider::OPENAI,
    api: Api::OpenAiChat,
    base_url: "https://api.openai.com/v1",
    host: "api.openai.com",
    model: "gpt-5-mini",
    key_setting: "OPENAI_API_KEY",
    url_setting: "OPENAI_BASE_URL",
};

/// All known providers.
pub(crate) const ALL: &[&Provider] = &[DEFAULT];

/// A model at one provider: its identity, URL, key, timeouts and limits.
#[derive(Clone, PartialEq)]
pub struct ProviderConfig {
    pub(crate) provider: &'static Provider,
    pub(crate) identity: ModelIdentity,
    pub(crate) base_url: String,
    pub(crate) api_key: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) idle_timeout: Duration,
    pub(crate) limits: AnswerLimits,
}

impl ProviderConfig {
    /// The model's identity.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// The base URL as it was set, without a trailing slash. Its query may contain secrets.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Timeout for the head of an answer.
    pub fn timeout(&self) -> Duration {
        self.timeout
    }

    /// Timeout for each pause within an answer.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// Limits on one answer.
    pub fn limits(&self) -> AnswerLimits {
        self.limits
    }

    /// Whether this is the provider's own API, not another server with the same protocol.
    pub(crate) fn is_providers_own(&self) -> bool {
        self.identity.address == self.provider.host
    }
}

/// Hides the key and secrets in the URL.
impl fmt::Debug for ProviderConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderConfig")
            .field("identity", &self.identity)
            .field("base_url", &base_url::shown(&self.base_url))
            .field("api_key", &self.api_key.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("limits", &self.limits)
            .finish()
    }
}
