//! A complete model configuration.

use super::AiSettings;
use crate::{ContentCapture, ModelIdentity, ProviderConfig, base_url, provider};
use glassbox_config::{Environment, Settings, SettingsError};
use std::num::NonZeroU32;
use url::Url;

/// A complete and consistent model configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// In order of preference; at least one.
    providers: Vec<ProviderConfig>,
    attempts: NonZeroU32,
    max_steps: NonZeroU32,
    content_capture: ContentCapture,
}

/// Why no model can be configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelConfigError {
    /// Neither a key nor a URL is set.
    #[error(
        "no model is configured: set OPENAI_API_KEY for OpenAI, or OPENAI_BASE_URL for a server that speaks its protocol"
    )]
    NotConfigured,
    /// The provider's own API needs a key.
    #[error("OPENAI_API_KEY is not set, and {url} needs a key")]
    NoKey {
        /// The URL that needs a key.
        url: String,
    },
    /// The base URL is invalid.
    #[error(
        "OPENAI_BASE_URL '{url}' is not the URL of a server: {reason}; write it as https://host/v1"
    )]
    BadUrl {
        /// The value as it was set, without credentials and secrets.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The provider is not supported.
    #[error(
        "GLASSBOX_MODEL '{model}' names provider '{provider}', which is not supported: write openai/MODEL, or set OPENAI_BASE_URL to a server that has the model"
    )]
    UnknownProvider {
        /// The value as it was set.
        model: String,
        /// The part before the slash.
        provider: String,
    },
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl ModelConfig {
    /// Reads the environment: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `GLASSBOX_MODEL` or `OPENAI_MODEL`, and the
    /// other variables of [`AiSettings`].
    ///
    /// # Errors
    /// If no model can be configured; the message names the settings.
    pub fn from_environment(environment: &Environment) -> Result<Self, ModelConfigError> {
        let settings = Settings::builder()
            .section::<AiSettings>()
            .environment(environment)
            .build()?;
        Self::from_settings(&*settings.load::<AiSettings>()?)
    }

    /// Builds the configuration from settings.
    ///
    /// # Errors
    /// If no model can be configured; the message names the settings.
    pub fn from_settings(settings: &AiSettings) -> Result<Self, ModelConfigError> {
        let text = |value: &Option<String>| {
            let value = value.as_deref().map(str::trim);
            value.filter(|value| !value.is_empty()).map(str::to_owned)
        };
        let (given_url, api_key) = (text(&settings.base_url), text(&settings.api_key));
        if given_url.is_none() && api_key.is_none() {
            return Err(ModelConfigError::NotConfigured);
        }
        let model = text(&settings.model);
        let model = model.as_deref().unwrap_or(provider::DEFAULT.model);
        let named = provider::ALL
            .iter()
            .find_map(|known| Some((*known, model.strip_prefix(known.name)?.strip_prefix('/')?)));
        let (provider, model) = match (named, model.split_once('/')) {
            (Some(named), _) => named,
            // Without a URL the slash separates a provider; elsewhere it may be part of the name, as in
            // meta-llama/Llama-3.
            (None, Some((provider, _))) if given_url.is_none() => {
                return Err(ModelConfigError::UnknownProvider {
                    provider: provider.to_owned(),
                    model: model.to_owned(),
                });
            }
            (None, _) => (provider::DEFAULT, model),
        };
        let url = given_url.unwrap_or_else(|| provider.base_url.to_owned());
        let url = url.trim_end_matches('/').to_owned();
        let (address, port) = host(&url)?;
        let provider = ProviderConfig {
            provider,
            identity: ModelIdentity::new(provider.name, model, address, port),
            base_url: url,
            api_key,
            timeout: settings.timeout,
            idle_timeout: settings.idle_timeout,
            limits: settings.limits(),
        };
        if provider.api_key.is_none() && provider.is_providers_own() {
            return Err(ModelConfigError::NoKey {
                url: base_url::shown(&provider.base_url),
            });
        }
        let one = NonZeroU32::MIN;
        Ok(Self {
            providers: vec![provider],
            attempts: NonZeroU32::new(settings.attempts).unwrap_or(one),
            max_steps: NonZeroU32::new(settings.max_steps).unwrap_or(one),
            content_capture: settings.capture_content,
        })
    }

    /// Sets whether content is recorded on spans.
    #[must_use]
    pub fn with_content_capture(mut self, capture: ContentCapture) -> Self {
        self.content_capture = capture;
        self
    }

    /// The providers of the model, in order of preference; at least one.
    pub fn providers(&self) -> &[ProviderConfig] {
        &self.providers
    }

    /// How often a call is attempted, the first attempt included.
    pub fn attempts(&self) -> NonZeroU32 {
        self.attempts
    }

    /// How often the model may be called to answer one question.
    pub fn max_steps(&self) -> NonZeroU32 {
        self.max_steps
    }

    /// Whether content is recorded on spans.
    pub fn content_capture(&self) -> ContentCapture {
        self.content_capture
    }
}

/// The host and the port of a base URL.
fn host(url: &str) -> Result<(String, u16), ModelConfigError> {
    // An error about an invalid URL must not show a secret, neither in the text nor in its parts.
    let bad = |reason: &str| ModelConfigError::BadUrl {
        url: base_url::shown(url),
        reason: reason.to_owned(),
    };
    let parsed = Url::parse(url).map_err(|error| bad(&error.to_string()))?;
    if !matches!(parsed.scheme(), "http" | "https") {
        return Err(bad("it does not begin with http:// or https://"));
    }
    if !parsed.username().is_empty() || parsed.password().is_some() {
        return Err(bad(
            "it contains a user name or a password; set OPENAI_API_KEY instead",
        ));
    }
    match (parsed.host_str(), parsed.port_or_known_default()) {
        (Some(host), Some(port)) => Ok((host.to_owned(), port)),
        _ => Err(bad("it has no host")),
    }
}
