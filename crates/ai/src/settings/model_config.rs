//! A model that can be asked.

use super::AiSettings;
use crate::{Budgeted, ContentCapture, ModelIdentity, Observed, OpenAiChat, Resilient};
use glassbox_config::{Environment, Settings, SettingsError};
use glassbox_core::ChatModel;
use glassbox_instrument::{HttpClient, SystemClock};
use glassbox_resilience::{Backoff, BreakerConfig, RetryPolicy};
use glassbox_semconv::gen_ai_v1_41::provider;
use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};
use url::Url;

/// The host of OpenAI's own API, which needs a key.
pub(crate) const OPENAI_HOST: &str = "api.openai.com";
const OPENAI_URL: &str = "https://api.openai.com/v1";
const DEFAULT_MODEL: &str = "gpt-5-mini";
const PREFIX: &str = "openai/";

/// Which model is asked, where, and how; complete and consistent.
#[derive(Clone, PartialEq)]
pub struct ModelConfig {
    identity: ModelIdentity,
    base_url: String,
    api_key: Option<String>,
    timeout: Duration,
    idle_timeout: Duration,
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
        let model = text(&settings.model).unwrap_or_else(|| DEFAULT_MODEL.to_owned());
        let model = match model.strip_prefix(PREFIX) {
            Some(name) => name.to_owned(),
            // Elsewhere a slash may be part of the name: meta-llama/Llama-3.
            None => match (&given_url, model.split_once('/')) {
                (None, Some((provider, _))) => {
                    return Err(ModelConfigError::UnknownProvider {
                        provider: provider.to_owned(),
                        model,
                    });
                }
                _ => model,
            },
        };
        let base_url = given_url.unwrap_or_else(|| OPENAI_URL.to_owned());
        let base_url = base_url.trim_end_matches('/').to_owned();
        let (address, port) = host(&base_url)?;
        if api_key.is_none() && address == OPENAI_HOST {
            return Err(ModelConfigError::NoKey { url: base_url });
        }
        let one = NonZeroU32::MIN;
        Ok(Self {
            identity: ModelIdentity::new(provider::OPENAI, model, address, port),
            base_url,
            api_key,
            timeout: settings.timeout,
            idle_timeout: settings.idle_timeout,
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

    /// The model, tried again, budgeted and observed, asked through `http`.
    pub fn connect(&self, http: HttpClient) -> Arc<dyn ChatModel> {
        let policy = RetryPolicy::try_new(self.attempts.get(), Backoff::default())
            .expect("invariant: there is at least one attempt");
        let model = OpenAiChat::new(self, http);
        let breaker = BreakerConfig::default();
        let model = Resilient::try_new(model, policy, breaker, Arc::new(SystemClock))
            .expect("invariant: the default breaker makes sense");
        Arc::new(Observed::new(
            Budgeted::new(model),
            self.identity.clone(),
            self.content_capture,
        ))
    }

    /// Which model it is.
    pub fn identity(&self) -> &ModelIdentity {
        &self.identity
    }

    /// Up to `/chat/completions`, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// How often a model may be asked to answer one question.
    pub fn max_steps(&self) -> NonZeroU32 {
        self.max_steps
    }

    /// Whether content is put on spans.
    pub fn content_capture(&self) -> ContentCapture {
        self.content_capture
    }

    pub(crate) fn api_key(&self) -> Option<&str> {
        self.api_key.as_deref()
    }

    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    pub(crate) fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }
}

/// The model that the environment names, ready for use; its requests go through the proxies that the
/// environment names, loopback aside.
///
/// ```no_run
/// use glassbox_config::Environment;
///
/// let environment = Environment::from([("OPENAI_BASE_URL", "http://127.0.0.1:4390/v1")]);
/// let model = glassbox_ai::model_from_environment(&environment)?;
/// assert_eq!(model.id(), "openai/gpt-5-mini");
/// # Ok::<(), glassbox_ai::ModelConfigError>(())
/// ```
///
/// # Errors
/// If there is no model to ask, in one sentence that says what to set.
pub fn model_from_environment(
    environment: &Environment,
) -> Result<Arc<dyn ChatModel>, ModelConfigError> {
    let config = ModelConfig::from_environment(environment)?;
    let http = HttpClient::builder()
        .proxies_from(|name| environment.get(name).map(str::to_owned))
        .build();
    Ok(config.connect(http))
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

/// Shows everything but the key.
impl fmt::Debug for ModelConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ModelConfig")
            .field("identity", &self.identity)
            .field("base_url", &self.base_url)
            .field("api_key", &self.api_key.as_ref().map(|_| "***"))
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("attempts", &self.attempts)
            .field("max_steps", &self.max_steps)
            .field("content_capture", &self.content_capture)
            .finish()
    }
}
