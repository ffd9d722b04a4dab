//! The processes of the demo: the model, the tools and the agent.

use super::{Stage, Stop, interrupted};
use crate::{
    backend::{Backend, escaped},
    child::{Child, Log},
    failure::Failure,
};
use glassbox_core::{Filter, ServiceInfo};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    time::{Duration, Instant},
};

/// The tools, then the agent that uses them.
pub(crate) const SERVICES: &[&str] = &[
    "geocoding-tool",
    "time-tool",
    "daylight-tool",
    "weather-tool",
    "travel-agent",
];
/// The agent that answers the question.
pub(crate) const AGENT: &str = "travel-agent";

/// Time limit for all services to register.
const PATIENCE: Duration = Duration::from_secs(30);
/// Time limit for a service to drain and flush.
const FAREWELL: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_millis(50);

/// The started processes.
#[derive(Debug)]
pub(crate) struct Cast {
    children: Vec<Child>,
}

impl Cast {
    /// Starts all processes and waits until all services are registered and ready.
    ///
    /// # Errors
    /// If a process exits, is not ready in time, or the demo is interrupted.
    pub(super) async fn start(
        stage: &Stage<'_>,
        stop: &mut Stop,
    ) -> Result<(Self, ServiceInfo), Failure> {
        let mut cast = Self {
            children: Vec::new(),
        };
        // On a running backend, other services may be registered under the same names.
        let earlier = instances(stage.backend).await?;
        let ready = match cast.start_all(stage) {
            Ok(()) => tokio::select! {
                ready = cast.await_all(stage.backend, &earlier) => ready,
                () = stop => Err(interrupted()),
            },
            Err(failure) => Err(failure),
        };
        match ready {
            Ok(agent) => {
                let processes = cast.children.len();
                stage.note(&format!("services  {processes} processes are ready"));
                Ok((cast, agent))
            }
            Err(failure) => {
                cast.stop().await;
                Err(failure)
            }
        }
    }

    fn start_all(&mut self, stage: &Stage<'_>) -> Result<(), Failure> {
        let backend = stage.backend;
        let mut shared = BTreeMap::from([
            (
                "OTEL_EXPORTER_OTLP_ENDPOINT",
                backend.endpoints().http.clone(),
            ),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf".to_owned()),
            ("GLASSBOX_REGISTRY_URL", backend.registry().to_owned()),
        ]);
        if let Some(key) = backend.key() {
            let given = stage.environment.get("OTEL_EXPORTER_OTLP_HEADERS");
            let given = given.map_or_else(String::new, |given| format!("{given},"));
            let header = format!("{given}authorization=Bearer%20{}", escaped(key));
            shared.insert("OTEL_EXPORTER_OTLP_HEADERS", header);
            shared.insert("GLASSBOX_REGISTRY_KEY", key.to_owned());
        }
        // The user waits for the trace, so export with short delays, unless configured otherwise.
        for (name, millis) in [
            ("OTEL_BSP_SCHEDULE_DELAY", "200"),
            ("OTEL_BLRP_SCHEDULE_DELAY", "200"),
            ("OTEL_METRIC_EXPORT_INTERVAL", "1000"),
        ] {
            if stage.environment.get(name).is_none() {
                shared.insert(name, millis.to_owned());
            }
        }
        if stage.capture_content {
            shared.insert(
                "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT",
                "true".to_owned(),
            );
        }
        let log = match stage.output.verbose {
            0 => Log::Kept,
            _ => Log::Shown,
        };
        if stage.model.is_none() {
            let listen = free_address()?.to_string();
            let args = ["offline-model", "--lifeline", "--listen", &listen];
            let child = Child::start("offline-model", &args, &shared, log)?;
            self.children.push(child);
            shared.insert("OPENAI_BASE_URL", format!("http://{listen}/v1"));
            shared.insert("GLASSBOX_MODEL", "openai/offline".to_owned());
        }
        for name in SERVICES {
            let child = Child::start(name, &["demo-service", name], &shared, log)?;
            self.children.push(child);
        }
        Ok(())
    }

    /// Waits until every service has registered, and returns the agent's registration.
    async fn await_all(
        &mut self,
        backend: &Backend,
        earlier: &[String],
    ) -> Result<ServiceInfo, Failure> {
        let start = Instant::now();
        let ready = Filter::any();
        loop {
            if let Some(ended) = self.ended() {
                return Err(Failure::new(ended));
            }
            let mut found = backend.services().await?.services;
            found.retain(|service| ready.matches(service) && !earlier.contains(&service.instance));
            let is_there = |name: &&&str| found.iter().any(|service| service.name == **name);
            let absent: Vec<&str> = SERVICES
                .iter()
                .filter(|name| !is_there(name))
                .copied()
                .collect();
            if absent.is_empty()
                && let Some(agent) = found.iter().find(|service| service.name == AGENT)
            {
                return Ok(agent.clone());
            }
            if start.elapsed() > PATIENCE {
                return Err(Failure::new(format!(
                    "services did not register at {} within {PATIENCE:?}: {}",
                    backend.registry(),
                    absent.join(", ")
                )));
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Describes a process that has exited unexpectedly, if any.
    pub(crate) fn ended(&mut self) -> Option<String> {
        self.children.iter_mut().find_map(Child::ended)
    }

    /// Stops all processes, the agent first, so that each flushes its telemetry.
    pub(crate) async fn stop(self) {
        // The agent calls the others, so it drains first.
        let mut children = self.children;
        if let Some(agent) = children.pop_if(|child| child.name() == AGENT) {
            agent.stop(FAREWELL).await;
        }
        let all = children.into_iter().map(|child| child.stop(FAREWELL));
        futures_util::future::join_all(all).await;
    }
}

async fn instances(backend: &Backend) -> Result<Vec<String>, Failure> {
    let services = backend.services().await?.services;
    Ok(services
        .into_iter()
        .map(|service| service.instance)
        .collect())
}

/// A free loopback address.
fn free_address() -> Result<SocketAddr, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
        .and_then(|listener| listener.local_addr())
        .map_err(|error| Failure::from_error("cannot find a free loopback port", &error))
}
