//! The policy of one listener.

use crate::{
    Head, Keys, Reason, Refusal,
    cors::is_preflight,
    host::{Hosts, authority, is_loopback_origin},
    media::is_json,
    refusal::in_form_of,
};
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Response,
    header::{AUTHORIZATION, COOKIE, ORIGIN},
};
use http_body_util::Full;
use std::{fmt, net::SocketAddr, sync::Arc};

/// Renders a refusal.
type Form = fn(Head<'_>, &Refusal) -> Response<Full<Bytes>>;

/// The policy of one listener. Cheap to clone.
#[derive(Clone)]
#[must_use = "a guard checks nothing until its layer is applied"]
pub struct Guard(Arc<Policy>);

#[derive(Clone)]
struct Policy {
    hosts: Hosts,
    keys: Keys,
    cookie: Option<String>,
    exempt: Vec<String>,
    json_only: bool,
    service: &'static str,
    setting: &'static str,
    form: Form,
}

/// The decision about an allowed request.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It is passed on.
    Pass,
    /// It is passed on, and the page at this origin may read the response.
    PassTo(HeaderValue),
    /// It is a preflight for the page at this origin, which is allowed.
    Preflight(HeaderValue),
    /// It is a preflight of the listener's own page.
    OwnPreflight,
}

impl Guard {
    /// The policy of a listener at this address: no keys, no further names.
    pub fn new(bound: SocketAddr) -> Self {
        Self(Arc::new(Policy {
            hosts: Hosts {
                bound,
                names: Vec::new(),
            },
            keys: Keys::none(),
            cookie: None,
            exempt: Vec::new(),
            json_only: false,
            service: "service",
            setting: "allowed_hosts",
            form: in_form_of,
        }))
    }

    /// Allows these host names as well. They have no port.
    pub fn with_hosts<N: AsRef<str>>(self, names: impl IntoIterator<Item = N>) -> Self {
        self.change(|policy| {
            let names = names.into_iter();
            let names = names.map(|name| name.as_ref().to_ascii_lowercase());
            policy.hosts.names.extend(names);
        })
    }

    /// Requires one of these keys. If there are no keys, none is required.
    pub fn with_keys(self, keys: Keys) -> Self {
        self.change(|policy| policy.keys = keys)
    }

    /// Also accepts a key in the cookie of this name, for a page that a browser opens.
    ///
    /// Set it with `HttpOnly` and `SameSite=Strict`.
    pub fn with_cookie(self, name: impl Into<String>) -> Self {
        self.change(|policy| policy.cookie = Some(name.into()))
    }

    /// Requires no key for exactly these paths, such as `/health`.
    pub fn with_exempt(self, paths: &[&str]) -> Self {
        self.change(|policy| {
            policy
                .exempt
                .extend(paths.iter().map(|path| (*path).to_owned()));
        })
    }

    /// Refuses requests with methods other than `GET`, `HEAD`, `OPTIONS` and `DELETE` whose content
    /// type is not JSON, with 415. See [`is_json`].
    pub fn with_json_only(self) -> Self {
        self.change(|policy| policy.json_only = true)
    }

    /// Sets the words used in problems: the listener's name (such as `backend`), which starts the codes,
    /// and the setting for further names.
    pub fn with_words(self, service: &'static str, setting: &'static str) -> Self {
        self.change(|policy| {
            policy.service = service;
            policy.setting = setting;
        })
    }

    /// Sets the form of refusals. Default: `google.rpc.Status` for gRPC and for OTLP over HTTP,
    /// otherwise a [`Problem`](glassbox_core::Problem).
    pub fn with_form(self, form: Form) -> Self {
        self.change(|policy| policy.form = form)
    }

    /// Whether this is one of the listener's keys. For a login that sets the cookie.
    #[must_use]
    pub fn accepts(&self, key: &str) -> bool {
        self.0.keys.accept(key)
    }

    /// Decides about a request.
    pub(crate) fn judge(&self, head: Head<'_>) -> Result<Verdict, Refusal> {
        let policy = &*self.0;
        let Some(authority) = authority(head.headers, head.uri) else {
            let message = "the request must name one host, in its Host header or in its URI";
            return Err(policy
                .refuse(Reason::Host, message.to_owned())
                .with_value(""));
        };
        let is_preflight = is_preflight(head.method, head.headers);
        let is_exempt = policy.exempt.iter().any(|path| path == head.uri.path());
        match policy.keys.is_empty() || is_exempt || is_preflight {
            // Without a key, the name shows whether a web page was rebound to this address.
            true => policy.check_host(&authority)?,
            false => policy.check_key(head.headers)?,
        }
        let origin = policy.check_origin(head.headers, &authority)?;
        if policy.json_only && has_body(head.method) && !is_json(head.headers) {
            let message = "the body must be JSON; send it with 'content-type: application/json'";
            return Err(policy.refuse(Reason::NotJson, message.to_owned()));
        }
        Ok(match (origin, is_preflight) {
            (Some(Origin::Loopback(origin)), true) => Verdict::Preflight(origin),
            (Some(Origin::Own), true) => Verdict::OwnPreflight,
            (Some(Origin::Loopback(origin)), false) => Verdict::PassTo(origin),
            (Some(Origin::Own), false) | (None, _) => Verdict::Pass,
        })
    }

    pub(crate) fn render(&self, head: Head<'_>, refusal: &Refusal) -> Response<Full<Bytes>> {
        (self.0.form)(head, refusal)
    }

    fn change(mut self, change: impl FnOnce(&mut Policy)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }
}

/// The origin of a page that may call.
enum Origin {
    /// Served from loopback.
    Loopback(HeaderValue),
    /// Served by the listener itself.
    Own,
}

impl Policy {
    fn refuse(&self, reason: Reason, message: String) -> Refusal {
        Refusal::new(reason, self.service, message)
    }

    fn check_host(&self, authority: &str) -> Result<(), Refusal> {
        if self.hosts.allow(authority) {
            return Ok(());
        }
        let message = format!(
            "this {} answers to loopback names and the addresses it listens on; \
             add the name to {} to allow it",
            self.service, self.setting
        );
        Err(self.refuse(Reason::Host, message).with_value(authority))
    }

    fn check_key(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut presented = false;
        let mut values = headers.get_all(AUTHORIZATION).iter();
        if let (Some(value), None) = (values.next(), values.next())
            && let Some(key) = bearer(value.as_bytes())
        {
            if self.keys.accept(key) {
                return Ok(());
            }
            presented = true;
        }
        if let Some(name) = &self.cookie {
            for value in cookies(headers, name) {
                if self.keys.accept(value) {
                    return Ok(());
                }
                presented = true;
            }
        }
        let (reason, what) = match presented {
            true => (Reason::WrongKey, "does not accept the key of this request"),
            false => (Reason::NoKey, "requires a key"),
        };
        let message = format!(
            "this {} {what}; send one of its keys as 'Authorization: Bearer KEY'",
            self.service
        );
        Err(self.refuse(reason, message))
    }

    fn check_origin(
        &self,
        headers: &HeaderMap,
        authority: &str,
    ) -> Result<Option<Origin>, Refusal> {
        let mut origins = headers.get_all(ORIGIN).iter();
        let origin = match (origins.next(), origins.next()) {
            (None, _) => return Ok(None),
            (Some(origin), None) => origin,
            (Some(_), Some(_)) => {
                let message = "the request has more than one Origin header".to_owned();
                return Err(self.refuse(Reason::Origin, message).with_value(""));
            }
        };
        let text = origin.to_str().unwrap_or_default();
        if is_loopback_origin(text) {
            return Ok(Some(Origin::Loopback(origin.clone())));
        }
        let own = text
            .strip_prefix("http://")
            .or_else(|| text.strip_prefix("https://"));
        if own.is_some_and(|own| own.eq_ignore_ascii_case(authority)) {
            return Ok(Some(Origin::Own));
        }
        let message = format!(
            "only pages served from loopback may call this {}",
            self.service
        );
        Err(self.refuse(Reason::Origin, message).with_value(text))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard")
            .field("hosts", &self.0.hosts)
            .field("keys", &self.0.keys)
            .field("exempt", &self.0.exempt)
            .finish_non_exhaustive()
    }
}

/// The token of `Authorization: Bearer TOKEN`; the scheme is case-insensitive.
fn bearer(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked("Bearer".len())?;
    let has_space = token.first() == Some(&b' ');
    (scheme.eq_ignore_ascii_case(b"Bearer") && has_space).then(|| token.trim_ascii())
}

/// The values of all cookies of this name.
fn cookies<'a>(headers: &'a HeaderMap, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
    let values = headers.get_all(COOKIE).iter();
    let pairs = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b';'));
    pairs.filter_map(move |pair| {
        let pair = pair.trim_ascii();
        let value = pair.strip_prefix(name.as_bytes())?.strip_prefix(b"=")?;
        Some(value)
    })
}

fn has_body(method: &Method) -> bool {
    ![Method::GET, Method::HEAD, Method::OPTIONS, Method::DELETE].contains(method)
}
