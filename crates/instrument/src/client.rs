//! An instrumented HTTP client.

mod attempt;
mod body;
mod conceal;
mod error;
mod patience;
mod proxy;
mod request;
mod response;
mod tls;

pub use body::HttpBody;
pub use error::HttpError;
pub use request::HttpRequest;
pub use response::HttpResponse;

use crate::SystemClock;
use conceal::Concealed;
use glassbox_core::Clock;
use http::Method;
use proxy::Proxies;
use std::{
    fmt,
    sync::{Arc, OnceLock},
    time::Duration,
};

/// Sends HTTP requests, each as one CLIENT span. Cheap to clone; clones share connections.
///
/// TLS is set up with the first `https://` request: ring, the system's roots where there are any, and
/// Mozilla's in the binary, so that it also works where no CA file exists.
///
/// # Bounds
/// Connecting takes at most 5 s, the response head 30 s, a pause within the body 60 s, a body that is
/// read as a whole 16 MiB; each can be set here or for one request.
#[derive(Clone)]
pub struct HttpClient(Arc<Inner>);

struct Inner {
    settings: HttpClientBuilder,
    plain: OnceLock<Built>,
    tls: OnceLock<Built>,
}

/// Built once, also if that fails: a second attempt would fail too.
type Built = Result<reqwest::Client, Arc<dyn std::error::Error + Send + Sync>>;

impl HttpClient {
    /// A client with the default limits and without a proxy.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// Configures what differs from the defaults.
    pub fn builder() -> HttpClientBuilder {
        HttpClientBuilder {
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(30),
            idle_timeout: Duration::from_secs(60),
            body_limit: 16 << 20,
            user_agent: concat!("glassbox/", env!("CARGO_PKG_VERSION")).to_owned(),
            proxies: Proxies::default(),
            roots: Vec::new(),
            concealed: Concealed::default(),
            clock: Arc::new(SystemClock),
        }
    }

    /// A GET request.
    pub fn get(&self, url: &str) -> HttpRequest {
        self.request(Method::GET, url)
    }

    /// A POST request.
    pub fn post(&self, url: &str) -> HttpRequest {
        self.request(Method::POST, url)
    }

    /// A request of any method. [`HttpRequest::send`] reports an invalid URL.
    pub fn request(&self, method: Method, url: &str) -> HttpRequest {
        HttpRequest::new(self.clone(), method, url)
    }

    fn settings(&self) -> &HttpClientBuilder {
        &self.0.settings
    }

    /// The client that this URL needs.
    fn for_url(&self, url: &reqwest::Url) -> Result<&reqwest::Client, HttpError> {
        let settings = &self.0.settings;
        let built = match url.scheme() {
            "https" => {
                (self.0.tls).get_or_init(|| settings.connect(tls::with_roots(&settings.roots)?))
            }
            _ => (self.0.plain).get_or_init(|| settings.connect(tls::without_roots()?)),
        };
        built.as_ref().map_err(|error| HttpError::Setup {
            source: error.clone().into(),
        })
    }
}

impl Default for HttpClient {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for HttpClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClient")
            .field("tls", &self.0.tls.get().is_some())
            .finish_non_exhaustive()
    }
}

/// Configures a client that differs from [`HttpClient::new`].
#[must_use = "a builder does nothing until `build`"]
pub struct HttpClientBuilder {
    connect_timeout: Duration,
    timeout: Duration,
    idle_timeout: Duration,
    body_limit: usize,
    user_agent: String,
    proxies: Proxies,
    roots: Vec<Vec<u8>>,
    concealed: Concealed,
    clock: Arc<dyn Clock>,
}

impl HttpClientBuilder {
    /// Timeout for connecting, including name resolution and TLS.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Timeout for the response head.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Timeout for each pause within a body.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// The most bytes of a body that is read as a whole.
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.body_limit = bytes;
        self
    }

    /// The `user-agent` of the client.
    pub fn user_agent(mut self, name: impl Into<String>) -> Self {
        self.user_agent = name.into();
        self
    }

    /// Uses the proxies that these variables name: `http_proxy`, `https_proxy`, `all_proxy` and
    /// `no_proxy`, in lower or upper case. Never for loopback.
    /// Their passwords are concealed.
    pub fn proxies_from(mut self, variable: impl Fn(&str) -> Option<String>) -> Self {
        self.proxies = Proxies::from_variables(variable);
        let secrets = self.proxies.secrets();
        self.concealed = self.concealed.with(secrets.iter().map(String::as_str));
        self
    }

    /// Also trusts this certificate authority, in DER, such as a private one.
    pub fn root_certificate(mut self, der: impl Into<Vec<u8>>) -> Self {
        self.roots.push(der.into());
        self
    }

    /// Conceals a value in everything that this client returns, as [`HttpRequest::conceal`] does for one request.
    pub fn conceal(mut self, value: &str) -> Self {
        self.concealed = self.concealed.with([value]);
        self
    }

    /// The clock of deadlines; by default that of the process.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// The client. It opens no connection yet.
    pub fn build(self) -> HttpClient {
        HttpClient(Arc::new(Inner {
            settings: self,
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        }))
    }

    fn connect(&self, tls: rustls::ClientConfig) -> Built {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .connect_timeout(self.connect_timeout)
            .user_agent(&self.user_agent)
            .redirect(reqwest::redirect::Policy::none())
            // Before servers close idle connections, ours after 30 s, so that none is used while it is
            // being closed.
            .pool_idle_timeout(Duration::from_secs(15))
            // One request is one attempt, which its span shows.
            .retry(reqwest::retry::never())
            // Also keeps reqwest from looking for proxies in the environment by itself.
            .no_proxy();
        let builder = self.proxies.apply(builder)?;
        match builder.build() {
            Ok(client) => Ok(client),
            Err(error) => Err(Arc::new(error)),
        }
    }
}

impl fmt::Debug for HttpClientBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpClientBuilder")
            .field("connect_timeout", &self.connect_timeout)
            .field("timeout", &self.timeout)
            .field("idle_timeout", &self.idle_timeout)
            .field("body_limit", &self.body_limit)
            .field("user_agent", &self.user_agent)
            .finish_non_exhaustive()
    }
}
