//! A program that serves one tool or one agent.

use crate::{
    arguments::{self, Flags, Request},
    observation::Observation,
    settings,
    terminal::{print, tell},
};
use glassbox_config::{Environment, Settings};
use glassbox_core::{Agent, ChatModel, Tool, sentence};
use glassbox_host::{Active, Host, HostSettings, Passive, Running, ServeError, ServeReport};
use std::{fmt, process::ExitCode, sync::Arc};

/// The exit status for an invalid command line.
const USAGE: u8 = 2;

/// Serves a tool until SIGTERM or Ctrl-C, with the command line and the environment of this process.
///
/// It loads the settings, installs telemetry (unless the feature is off), prints its address and the telemetry
/// destination, drains, flushes, and returns the exit status. Errors are printed as one sentence. It needs a tokio
/// runtime with I/O and time.
///
/// The command line is described in the README of this crate, and by `--help`.
pub async fn serve_tool(tool: impl Tool + 'static) -> ExitCode {
    Service::tool(tool).serve().await
}

/// Serves an agent with the model from the settings. Everything else is as with [`serve_tool`].
pub async fn serve_agent(agent: impl Agent + 'static) -> ExitCode {
    Service::agent(agent).serve().await
}

/// A program that serves one tool or one agent, with options.
///
/// ```no_run
/// use glassbox::{Service, Skillset};
/// use std::process::ExitCode;
///
/// #[tokio::main]
/// async fn main() -> ExitCode {
///     Service::agent(Skillset::new("router"))
///         .without_model()
///         .with_version(env!("CARGO_PKG_VERSION"))
///         .serve()
///         .await
/// }
/// ```
#[must_use = "a service does nothing until `serve`"]
pub struct Service<R> {
    name: String,
    version: Option<&'static str>,
    host: Host<R>,
    model: Model,
}

/// The source of an agent's model.
enum Model {
    Settings,
    Given(Arc<dyn ChatModel>),
    None,
}

impl Service<Passive> {
    /// A tool.
    pub fn tool(tool: impl Tool + 'static) -> Self {
        Self {
            name: tool.name().to_owned(),
            version: None,
            host: Host::tool(tool),
            model: Model::None,
        }
    }
}

impl Service<Active> {
    /// An agent.
    pub fn agent(agent: impl Agent + 'static) -> Self {
        Self {
            name: agent.name().to_owned(),
            version: None,
            host: Host::agent(agent),
            model: Model::Settings,
        }
    }

    /// Sets the model. It overrides the one from the settings.
    pub fn with_model(mut self, model: Arc<dyn ChatModel>) -> Self {
        self.model = Model::Given(model);
        self
    }

    /// Starts without a model. By default, an agent without a model in its settings does not start.
    pub fn without_model(mut self) -> Self {
        self.model = Model::None;
        self
    }
}

impl<R> Service<R> {
    /// The program's version, for `--version` and `service.version`.
    pub fn with_version(mut self, version: &'static str) -> Self {
        self.version = Some(version);
        self
    }

    /// Changes the host: its registry, its memory, more routes. The settings are applied afterwards.
    pub fn with_host(mut self, change: impl FnOnce(Host<R>) -> Host<R>) -> Self {
        self.host = change(self.host);
        self
    }

    fn version(&self) -> String {
        let (name, own) = (&self.name, env!("CARGO_PKG_VERSION"));
        match self.version {
            Some(version) => format!("{name} {version} (glassbox {own})"),
            None => format!("{name} (glassbox {own})"),
        }
    }
}

#[expect(
    private_bounds,
    reason = "a tool and an agent are all that can be served"
)]
impl<R: Served> Service<R> {
    /// Serves with the command line and the environment of this process; returns the exit status.
    pub async fn serve(self) -> ExitCode {
        let (probe, flags) = match arguments::parse(std::env::args_os().skip(1)) {
            Ok(Request::Help) => {
                print(arguments::help(&self.name).trim_end());
                return ExitCode::SUCCESS;
            }
            Ok(Request::Version) => {
                print(&self.version());
                return ExitCode::SUCCESS;
            }
            Ok(Request::Serve(flags)) => (false, flags),
            Ok(Request::Probe(flags)) => (true, flags),
            Err(mistake) => {
                tell(&format!("{}: {mistake}", self.name));
                return ExitCode::from(USAGE);
            }
        };
        let name = self.name.clone();
        let ended = match probe {
            true => self.probe(&flags),
            false => self.load_and_run(&flags).await,
        };
        exit(&name, ended)
    }

    /// Serves with these settings, ignoring the command line; returns the exit status. The settings have the
    /// sections `[host]` and, where the features are on, `[ai]`, `[orchestration]` and `[telemetry]`.
    pub async fn serve_with(self, settings: &Settings, environment: &Environment) -> ExitCode {
        let name = self.name.clone();
        exit(&name, self.run(settings, environment).await)
    }

    async fn load_and_run(self, flags: &Flags) -> Result<(), String> {
        let environment = Environment::from_process();
        let settings = read(flags, &environment)?;
        self.run(&settings, &environment).await
    }

    fn probe(&self, flags: &Flags) -> Result<(), String> {
        let settings = read(flags, &Environment::from_process())?;
        let host = settings.load::<HostSettings>().map_err(unusable)?;
        glassbox_host::probe(&host).map_err(|error| format!("not alive: {}", sentence(&error)))
    }

    async fn run(self, settings: &Settings, environment: &Environment) -> Result<(), String> {
        let host = settings.load::<HostSettings>().map_err(unusable)?;
        let observation = Observation::start(&self.name, self.version, settings)?;
        for warning in settings.warnings() {
            tracing::warn!("{warning}");
            if !observation.has_console() {
                tell(&format!("warning: {warning}"));
            }
        }
        let service = R::equip(self, settings, environment)?;
        let host = service.host.settings(host.into_value());
        let host = match observation.instance() {
            Some(instance) => host.instance(instance),
            None => host,
        };
        let served = R::serve(host, |running| {
            print(&format!("ready at {}", running.endpoint()));
            print(&observation.destination());
        });
        // Telemetry is flushed however serving ends.
        let served = served.await;
        let ended = match served {
            Ok(report) => {
                tracing::info!(glassbox.service.calls = report.served(), "served");
                Ok(())
            }
            Err(error) => {
                let failed = format!("cannot serve: {}", sentence(&error));
                tracing::error!("{failed}");
                Err(failed)
            }
        };
        observation.end().await;
        ended
    }
}

impl<R> fmt::Debug for Service<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service")
            .field("name", &self.name)
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

/// The operations of the shell that differ between a tool and an agent.
trait Served: Sized {
    /// Applies the settings to the service.
    fn equip(
        service: Service<Self>,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<Service<Self>, String>;

    async fn serve(
        host: Host<Self>,
        ready: impl FnOnce(&Running),
    ) -> Result<ServeReport, ServeError>;
}

impl Served for Passive {
    fn equip(
        service: Service<Self>,
        _settings: &Settings,
        _environment: &Environment,
    ) -> Result<Service<Self>, String> {
        Ok(service)
    }

    async fn serve(
        host: Host<Self>,
        ready: impl FnOnce(&Running),
    ) -> Result<ServeReport, ServeError> {
        host.serve_then(ready).await
    }
}

impl Served for Active {
    fn equip(
        mut service: Service<Self>,
        settings: &Settings,
        environment: &Environment,
    ) -> Result<Service<Self>, String> {
        let model = match service.model {
            Model::Given(ref model) => Some(Arc::clone(model)),
            Model::Settings => configured(settings, environment)?,
            Model::None => None,
        };
        if let Some(model) = model {
            service.host = service.host.model(model);
        }
        #[cfg(feature = "orchestration")]
        crate::workflow::configure(&*settings.load().map_err(unusable)?);
        Ok(service)
    }

    async fn serve(
        host: Host<Self>,
        ready: impl FnOnce(&Running),
    ) -> Result<ServeReport, ServeError> {
        host.serve_then(ready).await
    }
}

/// The model from the settings.
#[cfg(feature = "ai")]
fn configured(
    settings: &Settings,
    environment: &Environment,
) -> Result<Option<Arc<dyn ChatModel>>, String> {
    let section = settings
        .load::<glassbox_ai::AiSettings>()
        .map_err(unusable)?;
    let config = glassbox_ai::ModelConfig::from_settings(&section)
        .map_err(|error| format!("no model: {}", sentence(&error)))?;
    crate::assistant::configure(&config);
    Ok(Some(
        config.connect(crate::http::from_environment(environment)),
    ))
}

/// Without the feature `ai`, only a model set in code is available.
#[cfg(not(feature = "ai"))]
fn configured(
    _settings: &Settings,
    _environment: &Environment,
) -> Result<Option<Arc<dyn ChatModel>>, String> {
    Ok(None)
}

fn read(flags: &Flags, environment: &Environment) -> Result<Settings, String> {
    let folder = std::env::current_dir()
        .map_err(|error| format!("cannot find the working folder: {}", sentence(&error)))?;
    settings::load(flags, environment, &folder).map_err(unusable)
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unusable(error: glassbox_config::SettingsError) -> String {
    format!("cannot use the settings: {}", sentence(&error))
}

fn exit(name: &str, ended: Result<(), String>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failed) => {
            tell(&format!("{name}: {failed}"));
            ExitCode::FAILURE
        }
    }
}
