//! Builds a model from its configuration.

use crate::{
    Budgeted, HttpModel, ModelConfig, ModelConfigError, Observed, ProviderConfig, Resilient,
};
use glassbox_config::Environment;
use glassbox_core::ChatModel;
use glassbox_instrument::{HttpClient, SystemClock};
use glassbox_resilience::{Backoff, BreakerConfig, RetryPolicy};
use std::sync::Arc;

impl ModelConfig {
    /// Builds the model, which calls its provider through `http`. Each attempt is limited by the caller's budget and
    /// recorded as telemetry; failed attempts are retried where that can help.
    pub fn connect(&self, http: HttpClient) -> Arc<dyn ChatModel> {
        let first = self.providers().first();
        let first = first.expect("invariant: there is at least one provider");
        Arc::new(self.resilient(first, http))
    }

    /// The model at one provider.
    fn resilient(
        &self,
        provider: &ProviderConfig,
        http: HttpClient,
    ) -> Resilient<Observed<Budgeted<HttpModel>>> {
        let attempt = Observed::new(
            Budgeted::new(HttpModel::new(provider, http)),
            provider.identity().clone(),
            self.content_capture(),
        );
        let policy = RetryPolicy::try_new(self.attempts().get(), Backoff::default())
            .expect("invariant: there is at least one attempt");
        let breaker = BreakerConfig::default();
        Resilient::try_new(attempt, policy, breaker, Arc::new(SystemClock))
            .expect("invariant: the default breaker is valid")
    }
}

/// Builds the model that the environment configures. Requests go through the proxies that the environment
/// configures, except to loopback.
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
/// If no model can be configured; the message names the settings.
pub fn model_from_environment(
    environment: &Environment,
) -> Result<Arc<dyn ChatModel>, ModelConfigError> {
    let config = ModelConfig::from_environment(environment)?;
    let http = HttpClient::builder()
        .proxies_from(|name| environment.get(name).map(str::to_owned))
        .build();
    Ok(config.connect(http))
}
