//! A model that can be asked.

use super::AiSettings;
use crate::{ContentCapture, ModelIdentity, ProviderConfig, provider};
use glassbox_config::{Environment, Settings, SettingsError};
use std::num::NonZeroU32;
use url::Url;

/// Which model is asked, where and how; complete and consistent.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelConfig {
    /// In the order in which they are asked; at least one.
    providers: Vec<ProviderConfig>,
    attempts: NonZeroU32,
    max_steps: NonZeroU32,
    content_capture: ContentCapture,
}

/// Why there is no model to ask.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ModelConfigError {
    /// Nobody said where a model is.
    #[error(
        "no model is configured: set OPENAI_API_KEY for OpenAI, or OPENAI_BASE_URL for a server that speaks its protocol"
    )]
    NotConfigured,
    /// OpenAI's own API takes no calls without a key.
    #[error("OPENAI_API_KEY is not set, and {url} needs a key")]
    NoKey {
        /// Where the key is needed.
        url: String,
    },
    /// Not an address.
    #[error("OPENAI_BASE_URL '{url}' is no URL of a server: {reason}; write it as https://host/v1")]
    BadUrl {
        /// As it was given.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A provider that is not spoken to yet.
    #[error(
        "GLASSBOX_MODEL '{model}' names provider '{provider}', which is not supported: write openai/MODEL, or set OPENAI_BASE_URL to a server that has the model"
    )]
    UnknownProvider {
        /// As it was given.
        model: String,
        /// What stands before the slash.
        provider: String,
    },
    /// The settings cannot be read.
    #[error(transparent)]
    Settings(#[from] SettingsError),
}

impl ModelConfig {
    /// What the environment says: `OPENAI_API_KEY`, `OPENAI_BASE_URL`, `GLASSBOX_MODEL` or
    /// `OPENAI_MODEL`, and the variables of [`AiSettings`].
    ///
    /// # Errors
    /// If there is no model to ask, in one sentence that says what to set.
    pub fn from_environment(environment: &Environment) -> Result<Self, ModelConfigError> {
        let settings = Settings::builder()
            .section::<AiSettings>()
            .environment(environment)
            .build()?;
        Self::from_settings(&*settings.load::<AiSettings>()?)
    }

    /// What the settings say.
    ///
    /// # Errors
    /// If there is no model to ask, in one sentence that says what to set.
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
        let base_url = given_url.unwrap_or_else(|| provider.base_url.to_owned());
        let base_url = base_url.trim_end_matches('/').to_owned();
        let (address, port) = host(&base_url)?;
        let provider = ProviderConfig {
            provider,
            identity: ModelIdentity::new(provider.name, model, address, port),
            base_url,
            api_key,
            timeout: settings.timeout,
            idle_timeout: settings.idle_timeout,
        };
        if provider.api_key.is_none() && provider.is_providers_own() {
            return Err(ModelConfigError::NoKey {
                url: provider.base_url,
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

    /// Says whether content is put on spans.
    #[must_use]
    pub fn with_content_capture(mut self, capture: ContentCapture) -> Self {
        self.content_capture = capture;
        self
    }

    /// The model at its providers, in the order in which they are asked; at least one.
    pub fn providers(&self) -> &[ProviderConfig] {
        &self.providers
    }

    /// How often a call is tried, the first time included.
    pub fn attempts(&self) -> NonZeroU32 {
        self.attempts
    }

    /// How often a model may be asked to answer one question.
    pub fn max_steps(&self) -> NonZeroU32 {
        self.max_steps
    }

    /// Whether content is put on spans.
    pub fn content_capture(&self) -> ContentCapture {
        self.content_capture
    }
}

fn host(base_url: &str) -> Result<(String, u16), ModelConfigError> {
    let bad = |reason: String| ModelConfigError::BadUrl {
        url: base_url.to_owned(),
        reason,
    };
    let url = Url::parse(base_url).map_err(|error| bad(error.to_string()))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(bad(format!("'{}:' is not HTTP", url.scheme())));
    }
    if !url.username().is_empty() || url.password().is_some() {
        // The text itself would show the secret.
        return Err(ModelConfigError::BadUrl {
            url: url.host_str().unwrap_or_default().to_owned(),
            reason: "it carries a user name or a password; the key is OPENAI_API_KEY".to_owned(),
        });
    }
    let port = url.port_or_known_default();
    match (url.host_str(), port) {
        (Some(host), Some(port)) => Ok((host.to_owned(), port)),
        _ => Err(bad("it names no host".to_owned())),
    }
}
