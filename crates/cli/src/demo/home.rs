//! The backend of a demo: its own, the one already running on the same data folder, or one named by the
//! user.

use crate::{
    args::{Demo, Listen},
    backend::Backend,
    failure::Failure,
    style::Style,
    up::{self, Local},
};
use glassbox_collector::{BackendConfig, Owner, OwnershipError, StartError};
use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

/// Time limit for a starting backend to report its addresses.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// A backend, and which process runs it.
pub(super) struct Home {
    pub(super) backend: Backend,
    whose: Whose,
}

enum Whose {
    /// The demo runs it, and stops it at its end.
    Ours(Box<Local>),
    /// Another process runs it, on the same data folder.
    Joined { process: u32 },
    /// The user named it.
    Named,
}

impl Home {
    /// Connects to the backend named by the user, or starts one, or joins the one that owns the data
    /// folder.
    ///
    /// # Errors
    /// If there is no backend, or the owner of the folder cannot be joined.
    pub(super) async fn find(demo: &Demo, config: BackendConfig) -> Result<Self, Failure> {
        let keys = up::keys(&config)?;
        let key = keys.first();
        if let Some(page) = &demo.backend {
            let backend = Backend::connect(&url(page), key).await?;
            let whose = Whose::Named;
            return Ok(Self { backend, whose });
        }
        let folder = config.data_dir.clone();
        let start = Instant::now();
        loop {
            let owner = match Local::start(config.clone()).await {
                Ok(local) => {
                    return match Backend::own(&local.page(), key).await {
                        Ok(backend) => Ok(Self {
                            backend,
                            whose: Whose::Ours(Box::new(local)),
                        }),
                        Err(failure) => {
                            local.stop().await?;
                            Err(failure)
                        }
                    };
                }
                Err(StartError::Ownership(OwnershipError::Owned {
                    owner: Some(owner), ..
                })) if is_ours(&folder) => owner,
                Err(error) => return Err(up::unstarted(&error)),
            };
            if owner.endpoints.is_some() {
                return Self::join(&demo.listen, &folder, owner, key).await;
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "process {} has the data folder {} and does not say where it listens; stop it, \
                     or choose another folder with --data",
                    owner.pid,
                    folder.display()
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn join(
        listen: &Listen,
        folder: &Path,
        owner: Owner,
        key: Option<&str>,
    ) -> Result<Self, Failure> {
        let process = owner.pid;
        let endpoints = owner.endpoints.expect("invariant: checked by the caller");
        let wanted = [
            ("--grpc", listen.grpc, endpoints.grpc()),
            ("--http", listen.http, endpoints.http()),
            ("--page", listen.page, endpoints.page()),
        ];
        for (flag, wanted, running) in wanted {
            let running = running.trim_start_matches("http://");
            // Port 0 matches any port.
            if let Some(wanted) = wanted
                && wanted.address().port() != 0
                && wanted.to_string() != running
            {
                return Err(Failure::new(format!(
                    "{flag} {wanted} has no effect: process {process} already runs the backend of {} \
                     at {running}; omit {flag}, or choose another folder with --data",
                    folder.display()
                )));
            }
        }
        let backend = Backend::connect(endpoints.page(), key).await?;
        let whose = Whose::Joined { process };
        Ok(Self { backend, whose })
    }

    /// Whether the backend ends with the demo.
    pub(super) fn ends(&self) -> bool {
        matches!(self.whose, Whose::Ours(_))
    }

    /// Describes the backend in one line. The address is left out if the backend ends with the command.
    pub(super) fn line(&self, is_once: bool, style: Style) -> String {
        let page = &self.backend.endpoints().page;
        let line = match self.whose {
            Whose::Ours(_) if is_once => "runs until the answer".to_owned(),
            Whose::Ours(_) | Whose::Named => page.clone(),
            Whose::Joined { process } => {
                format!("{page} (process {process} already runs it on this data folder)")
            }
        };
        style.dim(&format!("backend   {line}"))
    }

    /// Stops the backend if the demo runs it.
    ///
    /// # Errors
    /// If acknowledged data could not be synced.
    pub(super) async fn stop(self) -> Result<(), Failure> {
        match self.whose {
            Whose::Ours(local) => (*local).stop().await,
            Whose::Joined { .. } | Whose::Named => Ok(()),
        }
    }
}

/// The command that starts a backend with the stored runs.
pub(super) fn again(demo: &Demo, config: Option<&Path>) -> String {
    let mut command = "glassbox up".to_owned();
    let options = [
        ("--config", config),
        ("--data", demo.listen.data.as_deref()),
    ];
    for (flag, path) in options {
        if let Some(path) = path {
            command.push_str(&format!(" {flag} {}", quoted(path)));
        }
    }
    command
}

/// A path as an argument in a shell.
fn quoted(path: &Path) -> String {
    let path = path.to_string_lossy();
    let plain = |character: char| character.is_alphanumeric() || "/._-+:@,".contains(character);
    match !path.is_empty() && path.chars().all(plain) {
        true => path.into_owned(),
        false => format!("'{}'", path.replace('\'', r"'\''")),
    }
}

/// Whether the folder belongs to the user of this process. Otherwise, its information about a backend is
/// not trusted.
fn is_ours(folder: &PathBuf) -> bool {
    let owner = std::fs::symlink_metadata(folder).map(|folder| folder.uid());
    owner.is_ok_and(|owner| owner == rustix::process::geteuid().as_raw())
}

/// The URL of a page given as an address.
fn url(page: &str) -> String {
    if page.contains("://") {
        return page.to_owned();
    }
    match page.parse::<glassbox_config::Listen>() {
        Ok(address) => format!("http://{address}"),
        Err(_) => format!("http://{page}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_one_argument_in_a_shell() {
        assert_eq!(quoted(Path::new("/var/lib/glassbox")), "/var/lib/glassbox");
        assert_eq!(quoted(Path::new("my data")), "'my data'");
        assert_eq!(quoted(Path::new("it's")), r"'it'\''s'");
    }

    #[test]
    fn a_backend_is_named_by_its_url_its_address_or_its_port() {
        assert_eq!(url("https://box:1"), "https://box:1");
        assert_eq!(url("box:4380"), "http://box:4380");
        assert_eq!(url("4380"), "http://127.0.0.1:4380");
    }
}
