//! What it takes to start a collector: its program, its configuration, its addresses.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use glassbox_config::Environment;
use thiserror::Error;
use tokio::process::Command;
use tokio::time::timeout;

use super::binary::Binary;
use super::journal::Journal;
use super::launcher::Launcher;
use super::plan::Plan;
use super::process::{Process, with_configurations};
use super::render::{RenderError, Rendered, layering_notes, render};
use super::shim::Shim;
use crate::config::BackendConfig;

/// How long a collector may take to check a configuration.
const CHECKING: Duration = Duration::from_secs(30);

/// What the starts of one collector have in common.
#[derive(Debug)]
pub(crate) struct Launch {
    pub(crate) shim: Shim,
    pub(crate) environment: Environment,
    pub(crate) binary: Binary,
    pub(crate) config: BackendConfig,
    pub(crate) launcher: Launcher,
    /// Where the collector sends what it received.
    pub(crate) store: SocketAddr,
    /// The collector's folder.
    pub(crate) folder: PathBuf,
}

/// Why there is no configuration to start with.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// None could be rendered.
    #[error("no configuration for the collector can be made: {0}")]
    Render(String),
    /// The collector does not accept it.
    #[error("the collector {} refuses its configuration{}: {words}", binary.display(), Layered(layered))]
    Refused {
        /// The collector.
        binary: PathBuf,
        /// The user's configuration that is layered over the rendered one.
        layered: Option<PathBuf>,
        /// What the collector says.
        words: String,
    },
    /// It cannot be written, or nobody can be asked about it.
    #[error("the collector's configuration in {} cannot be written or checked", folder.display())]
    System {
        /// The collector's folder.
        folder: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}

/// The user's part of a configuration as part of a sentence.
struct Layered<'a>(&'a Option<PathBuf>);

impl std::fmt::Display for Layered<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(path) => write!(
                f,
                " with {} (collector.otelcol_config) over it",
                path.display()
            ),
            None => Ok(()),
        }
    }
}

/// A configuration that the collector has accepted, and is not in its place yet.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) rendered: Rendered,
    pub(crate) plan: Plan,
}

impl Launch {
    /// Plans a run that receives on these two addresses.
    pub(crate) fn plan(
        &self,
        (grpc, http): (SocketAddr, SocketAddr),
    ) -> Result<Plan, ConfigurationError> {
        let [health, zpages] = free_ports().map_err(|source| self.system(source))?;
        Ok(Plan {
            grpc,
            http,
            store: self.store,
            health,
            zpages,
            data: self.folder.clone(),
        })
    }

    /// Renders the configuration of a run.
    pub(crate) fn render(&self, plan: Plan) -> Result<Candidate, ConfigurationError> {
        let failed = |error: RenderError| ConfigurationError::Render(sentence(&error));
        let rendered = render(&plan, &self.binary.components, &self.config);
        let mut rendered = rendered.map_err(failed)?;
        if let Some(layer) = &self.config.otelcol_config {
            rendered
                .notes
                .extend(layering_notes(layer).map_err(failed)?);
        }
        Ok(Candidate { rendered, plan })
    }

    /// Has the collector check a configuration.
    pub(crate) async fn check(&self, candidate: &Candidate) -> Result<(), ConfigurationError> {
        let path = self.folder.join("collector.candidate.yaml");
        let checked = self.checked(candidate, &path).await;
        // It is in nobody's way, and the next one replaces it.
        let _ = fs::remove_file(&path);
        match checked {
            Ok(None) => Ok(()),
            Ok(Some(words)) => Err(ConfigurationError::Refused {
                binary: self.binary.path.clone(),
                layered: self.config.otelcol_config.clone(),
                words,
            }),
            Err(source) => Err(self.system(source)),
        }
    }

    /// Puts a configuration in its place.
    pub(crate) fn place(&self, candidate: &Candidate) -> Result<(), ConfigurationError> {
        let written = candidate.rendered.write(&candidate.plan.config());
        written.map_err(|source| self.system(source))
    }

    /// Starts the collector with the configuration that is in place.
    pub(crate) async fn start(&self, candidate: &Candidate) -> io::Result<Process> {
        let mut command = self.shim.command(&self.binary.path);
        self.equip(&mut command, &candidate.rendered);
        let files = self.configurations(&candidate.plan.config());
        let command = with_configurations(command, files.iter().map(PathBuf::as_path));
        Process::start(&self.launcher, command).await
    }

    /// Asks `otelcol validate`; returns what it objects to.
    async fn checked(&self, candidate: &Candidate, path: &Path) -> io::Result<Option<String>> {
        candidate.rendered.write(path)?;
        let mut command = std::process::Command::new(&self.binary.path);
        self.equip(&mut command, &candidate.rendered);
        command.arg("validate");
        let files = self.configurations(path);
        let command = with_configurations(command, files.iter().map(PathBuf::as_path));
        let mut command = Command::from(command);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = match timeout(CHECKING, command.output()).await {
            Ok(output) => output?,
            Err(_) => {
                return Ok(Some(format!(
                    "it did not say within {CHECKING:?} whether it is valid"
                )));
            }
        };
        if output.status.success() {
            return Ok(None);
        }
        let journal = Journal::new();
        journal.clone().follow(output.stderr.as_slice()).await;
        let words = journal.last_words();
        Ok(Some(if words.is_empty() {
            output.status.to_string()
        } else {
            words
        }))
    }

    /// The rendered configuration, and the user's over it.
    fn configurations(&self, rendered: &Path) -> Vec<PathBuf> {
        let mut files = vec![rendered.to_owned()];
        files.extend(self.config.otelcol_config.clone());
        files
    }

    /// Sets what the collector finds in its environment: what the application was given, so that
    /// a configuration of the user's can refer to it, and what the rendered one refers to.
    fn equip(&self, command: &mut std::process::Command, rendered: &Rendered) {
        command.env_clear().envs(self.environment.iter());
        for (name, value) in &rendered.environment {
            // A limit of the user's own is the user's business.
            if name != "GOMEMLIMIT" || self.environment.get(name).is_none() {
                command.env(name, value);
            }
        }
    }

    fn system(&self, source: io::Error) -> ConfigurationError {
        ConfigurationError::System {
            folder: self.folder.clone(),
            source,
        }
    }
}

/// Returns two loopback addresses that were free a moment ago.
fn free_ports() -> io::Result<[SocketAddr; 2]> {
    // Both are held until both are known, or they might be the same.
    let bind = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    let (first, second) = (bind()?, bind()?);
    Ok([first.local_addr()?, second.local_addr()?])
}

/// Returns an error and its causes as one sentence.
pub(crate) fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |sentence, cause| {
        format!("{sentence}: {cause}")
    })
}
