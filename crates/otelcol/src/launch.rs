//! Starts a collector: checks its configuration, writes it, and runs the program.

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

use crate::binary::Binary;
use crate::clock::Clock;
use crate::config::CollectorConfig;
use crate::journal::Journal;
use crate::launcher::Launcher;
use crate::losses::Losses;
use crate::plan::Plan;
use crate::process::{Process, with_configurations};
use crate::render::{Layer, RenderError, Rendered, render};
use crate::shim::Shim;

/// Timeout of the collector's check of a configuration.
const CHECKING: Duration = Duration::from_secs(30);

/// Everything that is needed to start a collector, any number of times.
#[derive(Debug)]
pub struct Launch {
    pub(crate) shim: Shim,
    pub(crate) environment: Environment,
    pub(crate) binary: Binary,
    pub(crate) config: CollectorConfig,
    pub(crate) launcher: Launcher,
    /// The receiver to which the collector sends.
    pub(crate) store: SocketAddr,
    /// The collector's folder.
    pub(crate) folder: PathBuf,
    /// What its exporters have lost.
    pub(crate) losses: Losses,
    pub(crate) clock: Clock,
}

/// Why a collector has no usable configuration.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigurationError {
    /// It cannot be rendered.
    #[error("the collector's configuration cannot be rendered: {0}")]
    Render(String),
    /// The collector rejects it.
    #[error("the collector {} rejects its configuration{}: {words}", binary.display(), Layered(layered))]
    Refused {
        /// The collector.
        binary: PathBuf,
        /// The user's configuration that is layered over the rendered one.
        layered: Option<PathBuf>,
        /// The collector's message.
        words: String,
    },
    /// It cannot be written, or the collector cannot be run to check it.
    #[error("the collector's configuration in {} cannot be written or checked", folder.display())]
    System {
        /// The collector's folder.
        folder: PathBuf,
        /// The cause.
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

/// A configuration that is not in place yet.
#[derive(Debug)]
pub(crate) struct Candidate {
    pub(crate) rendered: Rendered,
    /// The user's part, layered over it.
    pub(crate) layer: Option<Layer>,
    pub(crate) plan: Plan,
}

impl Candidate {
    /// Writes the rendered part into the first of `files` and the user's part into the second.
    fn write(&self, [rendered, layer]: &[PathBuf; 2]) -> io::Result<()> {
        if let Some(part) = &self.layer {
            part.write(layer)?;
        }
        self.rendered.write(rendered)
    }

    /// Returns those of `files` that were written, in the order of their layers.
    fn in_use<'a>(&self, files: &'a [PathBuf; 2]) -> impl Iterator<Item = &'a Path> {
        let layers = 1 + usize::from(self.layer.is_some());
        files.iter().take(layers).map(PathBuf::as_path)
    }
}

impl Launch {
    /// Prepares to run `binary` by way of the shim, with this environment and in `folder`. It sends
    /// everything to the OTLP/HTTP receiver at `store`.
    ///
    /// # Errors
    /// Fails if the thread that starts children cannot be started.
    pub fn new(
        (shim, environment): (Shim, Environment),
        binary: Binary,
        config: CollectorConfig,
        store: SocketAddr,
        folder: PathBuf,
        clock: Clock,
    ) -> io::Result<Self> {
        let losses = Losses::new(binary.components.durable_exporter(), clock);
        Ok(Self {
            shim,
            environment,
            binary,
            config,
            launcher: Launcher::start()?,
            store,
            folder,
            losses,
            clock,
        })
    }

    /// Returns what the collector's exporters have lost.
    #[must_use]
    pub fn losses(&self) -> Losses {
        self.losses.clone()
    }

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

    /// Renders a configuration from the settings and the current content of the user's file, and has
    /// the collector check it.
    pub(crate) async fn make(&self, plan: Plan) -> Result<Candidate, ConfigurationError> {
        let layer = self.config.otelcol_config.as_deref();
        let layer = layer.map(Layer::read).transpose();
        let candidate = self.render(plan, layer.map_err(unrenderable)?)?;
        self.check(&candidate).await?;
        Ok(candidate)
    }

    /// Renders a configuration with a user's part that was read before.
    pub(crate) fn render(
        &self,
        plan: Plan,
        layer: Option<Layer>,
    ) -> Result<Candidate, ConfigurationError> {
        let rendered = render(&plan, &self.binary.components, &self.config);
        let mut rendered = rendered.map_err(unrenderable)?;
        if let Some(layer) = &layer {
            rendered.notes.extend(layer.notes().map_err(unrenderable)?);
        }
        Ok(Candidate {
            rendered,
            layer,
            plan,
        })
    }

    /// Has the collector check a configuration.
    async fn check(&self, candidate: &Candidate) -> Result<(), ConfigurationError> {
        let files = ["collector.candidate.yaml", "collector.layer.candidate.yaml"];
        let files = files.map(|name| self.folder.join(name));
        let checked = self.checked(candidate, &files).await;
        for file in &files {
            // If it stays, the next one replaces it.
            let _ = fs::remove_file(file);
        }
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
        let files = [candidate.plan.config(), candidate.plan.layer()];
        let written = candidate.write(&files);
        written.map_err(|source| self.system(source))
    }

    /// Starts the collector with the configuration that is in place.
    pub(crate) async fn start(&self, candidate: &Candidate) -> io::Result<Process> {
        let mut command = self.shim.command(&self.binary.path);
        self.equip(&mut command, &candidate.rendered);
        let files = [candidate.plan.config(), candidate.plan.layer()];
        let command = with_configurations(command, candidate.in_use(&files));
        Process::start(&self.launcher, command, &self.losses).await
    }

    /// Runs `otelcol validate`; returns its objection, if any.
    async fn checked(
        &self,
        candidate: &Candidate,
        files: &[PathBuf; 2],
    ) -> io::Result<Option<String>> {
        candidate.write(files)?;
        let mut command = std::process::Command::new(&self.binary.path);
        self.equip(&mut command, &candidate.rendered);
        command.arg("validate");
        let command = with_configurations(command, candidate.in_use(files));
        let mut command = Command::from(command);
        command.stdin(Stdio::null()).kill_on_drop(true);
        let output = match timeout(CHECKING, command.output()).await {
            Ok(output) => output?,
            Err(_) => {
                return Ok(Some(format!("checking it took longer than {CHECKING:?}")));
            }
        };
        if output.status.success() {
            return Ok(None);
        }
        let words = Journal::words_of(&output.stderr);
        Ok(Some(if words.is_empty() {
            output.status.to_string()
        } else {
            words
        }))
    }

    /// Sets the collector's environment: that of the application, for references in a user's
    /// configuration, and the variables of the rendered configuration.
    fn equip(&self, command: &mut std::process::Command, rendered: &Rendered) {
        command.env_clear().envs(self.environment.iter());
        for (name, value) in &rendered.environment {
            // The user's own limit takes precedence.
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

fn unrenderable(error: RenderError) -> ConfigurationError {
    ConfigurationError::Render(sentence(&error))
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
