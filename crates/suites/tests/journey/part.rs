//! One container on the network of a stage.

use crate::patience::eventually;
use std::{collections::HashMap, time::Duration};
use testcontainers::{
    ContainerAsync, ContainerRequest, GenericImage, ImageExt,
    bollard::{
        Docker,
        models::{HealthStatusEnum, PortBinding},
        query_parameters::{KillContainerOptionsBuilder, RemoveContainerOptionsBuilder},
    },
    core::{ExecCommand, Healthcheck, IntoContainerPort},
    runners::AsyncRunner,
};

/// Interval of health checks, shorter than the ten seconds of the images.
const PULSE: Duration = Duration::from_secs(1);
/// How long a container may take to end by itself, in seconds.
const FAREWELL: i32 = 30;

/// A running container. Dropping it, also in a panic, removes it.
///
/// Dropping it requires a multi-threaded runtime.
pub(crate) struct Part {
    container: ContainerAsync<GenericImage>,
    name: String,
}

/// A container that is about to start.
pub(crate) struct Setup {
    request: ContainerRequest<GenericImage>,
    name: String,
    published: Option<u16>,
}

impl Setup {
    /// A container from an image reference; its name on the network is that of the container.
    ///
    /// Its root is read-only, and it has no privileges; exceptions must be requested.
    pub(crate) fn new(reference: &str, name: &str, network: &str) -> Self {
        let (image, tag) = reference.rsplit_once(':').unwrap();
        let mut request = GenericImage::new(image, tag)
            .with_container_name(name)
            .with_network(network)
            .with_readonly_rootfs(true)
            .with_security_opt("no-new-privileges")
            .with_label("org.glassbox.suite", "journey")
            // The image's own health check with a shorter interval.
            .with_health_check(Healthcheck::empty().with_interval(PULSE));
        if let Ok(run) = std::env::var("GLASSBOX_SUITE_RUN") {
            request = request.with_label("org.glassbox.run", run);
        }
        Self {
            request,
            name: name.to_owned(),
            published: None,
        }
    }

    pub(crate) fn with(
        mut self,
        more: impl FnOnce(ContainerRequest<GenericImage>) -> ContainerRequest<GenericImage>,
    ) -> Self {
        self.request = more(self.request);
        self
    }

    pub(crate) fn with_variable(self, name: &str, value: impl Into<String>) -> Self {
        self.with(|request| request.with_env_var(name, value))
    }

    /// Publishes a port on this machine's loopback.
    pub(crate) const fn publishing(mut self, port: u16) -> Self {
        self.published = Some(port);
        self
    }

    /// Starts it without waiting until it is ready.
    pub(crate) async fn start(self) -> Part {
        let Self {
            mut request,
            name,
            published,
        } = self;
        if let Some(port) = published {
            request = request.with_mapped_port(0, port.tcp());
        }
        let request = request.with_host_config_modifier(move |host| {
            let binding = PortBinding {
                host_ip: Some("127.0.0.1".to_owned()),
                host_port: Some("0".to_owned()),
            };
            let bind = |port: u16| (format!("{port}/tcp"), Some(vec![binding.clone()]));
            host.publish_all_ports = Some(false);
            host.port_bindings = Some(published.map(bind).into_iter().collect::<HashMap<_, _>>());
        });
        match request.start().await {
            Ok(container) => Part { container, name },
            Err(error) => {
                // Docker keeps a container that it created but could not start.
                let force = RemoveContainerOptionsBuilder::new().force(true).build();
                let _ = docker().remove_container(&name, Some(force)).await;
                panic!("{name} did not start: {error}");
            }
        }
    }
}

impl Part {
    /// Its name on the network.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The address on this machine of the port that it publishes.
    pub(crate) async fn authority(&self, port: u16) -> String {
        let port = self.container.get_host_port_ipv4(port.tcp()).await;
        format!("127.0.0.1:{}", port.unwrap())
    }

    /// Waits until its own health check succeeds. Fails with its log if it never does.
    pub(crate) async fn healthy(&self) {
        let healthy = eventually(async || {
            let state = docker().inspect_container(self.container.id(), None).await;
            let state = state.unwrap().state.unwrap();
            if state.running != Some(true) {
                return Some(false);
            }
            let health = state.health.and_then(|health| health.status);
            (health == Some(HealthStatusEnum::HEALTHY)).then_some(true)
        });
        if healthy.await != Some(true) {
            panic!(
                "{} is not healthy; it said:\n{}",
                self.name,
                self.log().await
            );
        }
    }

    /// Waits until its log contains `text`. Fails with its log if it never does.
    pub(crate) async fn says(&self, text: &str) {
        let said = eventually(async || self.log().await.contains(text).then_some(()));
        if said.await.is_none() {
            panic!(
                "{} did not say '{text}' but:\n{}",
                self.name,
                self.log().await
            );
        }
    }

    /// Its log so far.
    pub(crate) async fn log(&self) -> String {
        let out = self.container.stdout_to_vec().await.unwrap_or_default();
        let err = self.container.stderr_to_vec().await.unwrap_or_default();
        String::from_utf8_lossy(&[out, err].concat()).into_owned()
    }

    /// SIGKILL: nothing is logged, deregistered or flushed.
    pub(crate) async fn kill(&self) {
        let options = KillContainerOptionsBuilder::new().signal("SIGKILL").build();
        let docker = docker();
        let killed = docker.kill_container(self.container.id(), Some(options));
        killed.await.unwrap();
    }

    /// Starts it again after a [`kill`](Self::kill).
    pub(crate) async fn start_again(&self) {
        self.container.start().await.unwrap();
    }

    /// SIGTERM, as every orchestrator stops a container. Returns the exit status.
    pub(crate) async fn stop(&self) -> i64 {
        let stopped = self.container.stop_with_timeout(Some(FAREWELL)).await;
        stopped.unwrap();
        self.container.exit_code().await.unwrap().unwrap()
    }

    /// Runs a program in it and returns the output.
    pub(crate) async fn run(&self, words: &[&str]) -> String {
        let command = ExecCommand::new(words.iter().copied());
        let mut ran = self.container.exec(command).await.unwrap();
        String::from_utf8(ran.stdout_to_vec().await.unwrap()).unwrap()
    }
}

pub(crate) fn docker() -> Docker {
    Docker::connect_with_local_defaults().unwrap()
}
