//! Proxies that the application configures; never for loopback.

use crate::redact;
use reqwest::{ClientBuilder, NoProxy, Proxy};
use std::{error::Error, sync::Arc};

/// Precedes the value of `no_proxy`.
const LOOPBACK: &str = "localhost,127.0.0.0/8,::1";

/// The proxies that the variables name.
#[derive(Default)]
pub(super) struct Proxies {
    http: Option<String>,
    https: Option<String>,
    all: Option<String>,
    except: String,
}

impl Proxies {
    /// Reads `http_proxy` and the other variables; lower case takes precedence.
    pub(super) fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Self {
        let read = |name: &str| {
            variable(name)
                .or_else(|| variable(&name.to_ascii_uppercase()))
                .filter(|value| !value.trim().is_empty())
        };
        // In a CGI program HTTP_PROXY is the request header `Proxy`, which any client can set.
        let http = match variable("REQUEST_METHOD") {
            Some(_) => variable("http_proxy").filter(|value| !value.trim().is_empty()),
            None => read("http_proxy"),
        };
        Self {
            http,
            https: read("https_proxy"),
            all: read("all_proxy"),
            except: read("no_proxy").unwrap_or_default(),
        }
    }

    /// The secrets within their URLs.
    pub(super) fn secrets(&self) -> Vec<String> {
        let named = [&self.http, &self.https, &self.all].into_iter().flatten();
        let parsed = named.filter_map(|proxy| reqwest::Url::parse(proxy).ok());
        parsed.flat_map(|url| redact::secrets(&url)).collect()
    }

    pub(super) fn apply(
        &self,
        mut builder: ClientBuilder,
    ) -> Result<ClientBuilder, Arc<dyn Error + Send + Sync>> {
        let except = || NoProxy::from_string(&format!("{LOOPBACK},{}", self.except));
        let proxies = [
            self.http.as_deref().map(Proxy::http),
            self.https.as_deref().map(Proxy::https),
            self.all.as_deref().map(Proxy::all),
        ];
        for proxy in proxies.into_iter().flatten() {
            let proxy = proxy
                .map_err(|error| Arc::new(error.without_url()) as Arc<dyn Error + Send + Sync>)?;
            builder = builder.proxy(proxy.no_proxy(except()));
        }
        Ok(builder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn proxies(pairs: &[(&str, &str)]) -> Proxies {
        let map: BTreeMap<_, _> = pairs.iter().copied().collect();
        Proxies::from_variables(|name| map.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn lower_case_wins_and_empty_is_absent() {
        let proxies = proxies(&[
            ("HTTP_PROXY", "http://upper"),
            ("http_proxy", "http://lower"),
            ("HTTPS_PROXY", "http://secure"),
            ("all_proxy", " "),
        ]);
        assert_eq!(proxies.http.as_deref(), Some("http://lower"));
        assert_eq!(proxies.https.as_deref(), Some("http://secure"));
        assert_eq!(proxies.all, None);
    }

    #[test]
    fn a_cgi_program_does_not_believe_the_upper_case_variable() {
        let proxies = proxies(&[("REQUEST_METHOD", "GET"), ("HTTP_PROXY", "http://evil")]);
        assert_eq!(proxies.http, None);
    }
}
