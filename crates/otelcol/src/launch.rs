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

/// How long a collector may take to check a configuration.
const CHECKING: Duration = Duration::from_secs(30);

/// What the starts of one collector have in common.
#[derive(Debug)]
pub struct Launch {
    pub(crate) shim: Shim,
    pub(crate) environment: Environment,
    pub(crate) binary: Binary,
    pub(crate) config: CollectorConfig,
    pub(crate) launcher: Launcher,
    /// Where the collector sends what it received.
    pub(crate) store: SocketAddr,
    /// The collector's folder.
    pub(crate) folder: PathBuf,
    /// What its exporters could not hand on.
    pub(crate) losses: Losses,
    pub(crate) clock: Clock,
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
    /// The user's part, which is layered over it.
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
    /// Prepares the starts of `binary` in `environment`, in its `folder`, to send what it receives to the OTLP/HTTP receiver at `store`.
    ///
    /// # Errors
    /// Fails when the thread that starts children cannot be started.
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

    /// Returns what the collector's exporters could not hand on.
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

    /// Makes the configuration of a run of the settings and what the user's file says now, and has
    /// the collector check it.
    pub(crate) async fn make(&self, plan: Plan) -> Result<Candidate, ConfigurationError> {
        let layer = self.config.otelcol_config.as_deref();
        let layer = layer.map(Layer::read).transpose();
        let candidate = self.render(plan, layer.map_err(unrenderable)?)?;
        self.check(&candidate).await?;
        Ok(candidate)
    }

    /// Renders the configuration of a run, with a part of the user's as it was read before.
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
            // It is in nobody's way, and the next one replaces it.
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

    /// Asks `otelcol validate`; returns what it objects to.
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
                return Ok(Some(format!(
                    "it did not say within {CHECKING:?} whether it is valid"
                )));
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
#[must_use]
pub fn sentence(error: &(dyn std::error::Error + 'static)) -> String {
    let causes = std::iter::successors(error.source(), |cause| cause.source());
    causes.fold(error.to_string(), |sentence, cause| {
        format!("{sentence}: {cause}")
    })
}
