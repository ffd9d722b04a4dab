//! HTTP clients that use the proxies of the process's environment.

use glassbox_config::Environment;
use glassbox_instrument::HttpClient;

/// An HTTP client whose requests are spans. It uses the proxies from `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`.
/// Requests to loopback use no proxy.
pub fn http_client() -> HttpClient {
    from_environment(&Environment::from_process())
}

pub(crate) fn from_environment(environment: &Environment) -> HttpClient {
    HttpClient::builder()
        .proxies_from(|name| environment.get(name).map(str::to_owned))
        .build()
}
