//! Who may call the model.

use crate::wire::Refusal;
use axum::{
    body::Bytes,
    http::{HeaderValue, Response, header::CONTENT_TYPE},
};
use clap::Args;
use glassbox_guard::{Guard, Head, KeyError, Keys, Settings, may_listen};
use http_body_util::Full;
use std::{io, net::SocketAddr, path::PathBuf};

/// How to let other machines call.
const SETTINGS: Settings = Settings::new(
    "GLASSBOX_OFFLINE_MODEL_KEY (or --key-file)",
    "--allow-anonymous (or GLASSBOX_OFFLINE_MODEL_ALLOW_ANONYMOUS=true)",
);

/// Who may call the model: by default, programs and pages of this machine.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// Keys of which every request needs one, as with OpenAI. `/health` needs none.
    pub keys: Keys,
    /// Accepts requests of other machines without a key.
    pub allow_anonymous: bool,
    /// Names by which other machines call without a key.
    pub allowed_hosts: Vec<String>,
}

/// Who may call the model, on the command line.
#[derive(Clone, Debug, Default, Args)]
pub struct AccessArgs {
    /// File with keys, one per line, of which every request needs one (the variable
    /// GLASSBOX_OFFLINE_MODEL_KEY has one, too).
    #[arg(long, value_name = "FILE", env = "GLASSBOX_OFFLINE_MODEL_KEY_FILE")]
    key_file: Option<PathBuf>,
    /// Accept requests of other machines without a key.
    #[arg(long, env = "GLASSBOX_OFFLINE_MODEL_ALLOW_ANONYMOUS")]
    allow_anonymous: bool,
    /// Names by which other machines call without a key.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        env = "GLASSBOX_OFFLINE_MODEL_ALLOWED_HOSTS"
    )]
    allowed_hosts: Vec<String>,
}

impl AccessArgs {
    /// Reads the keys: from the variable GLASSBOX_OFFLINE_MODEL_KEY, separated by commas, and from the
    /// file. There is no flag for them, because other users see the arguments of a process.
    ///
    /// # Errors
    /// If a key is invalid, or the file cannot be read.
    pub fn read(&self, variable: impl Fn(&str) -> Option<String>) -> Result<Access, KeyError> {
        let given = variable("GLASSBOX_OFFLINE_MODEL_KEY").unwrap_or_default();
        let given = given
            .split(',')
            .map(str::trim)
            .filter(|key| !key.is_empty());
        let keys = Keys::try_new(given)?;
        Ok(Access {
            keys: match &self.key_file {
                Some(file) => keys.with_file(file)?,
                None => keys,
            },
            allow_anonymous: self.allow_anonymous,
            allowed_hosts: self.allowed_hosts.clone(),
        })
    }
}

impl Access {
    /// Checks that this address may be listened on.
    ///
    /// # Errors
    /// If it is beyond loopback, and there is neither a key nor the permission to do without.
    pub fn check(&self, address: SocketAddr) -> io::Result<()> {
        may_listen(address, &self.keys, self.allow_anonymous, SETTINGS)
            .map_err(|exposed| io::Error::new(io::ErrorKind::PermissionDenied, exposed))
    }

    pub(crate) fn guard(&self, bound: SocketAddr) -> Guard {
        Guard::new(bound)
            .with_words("model", "GLASSBOX_OFFLINE_MODEL_ALLOWED_HOSTS")
            .with_hosts(&self.allowed_hosts)
            .with_keys(self.keys.clone())
            .with_exempt(&["/health"])
            .with_json_only()
            .with_form(as_openai)
    }
}

/// OpenAI's error shape, which the clients of this model read.
fn as_openai(_head: Head<'_>, refusal: &glassbox_guard::Refusal) -> Response<Full<Bytes>> {
    let body = Refusal::new(refusal.status(), refusal.message()).body();
    let mut response = Response::new(Full::new(body.to_string().into()));
    *response.status_mut() = refusal.status();
    let json = HeaderValue::from_static("application/json");
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, json);
    response
}
