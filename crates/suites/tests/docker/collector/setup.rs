//! The setup of a collector.

use super::{Collector, PORTS, folder::Folder, image::image};
use std::{
    collections::{BTreeMap, HashMap},
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering::Relaxed},
};
use testcontainers::{
    ContainerRequest, GenericImage, ImageExt,
    bollard::{Docker, models::PortBinding, query_parameters::RemoveContainerOptionsBuilder},
    core::{AccessMode, IntoContainerPort, Mount},
    runners::AsyncRunner,
};

/// The base config of every collector here. The collector itself merges a suite's own config over it.
const BASE: &str = include_str!("base.yaml");
/// The file with the suite's own config.
pub(super) const SUITE: &str = "suite.yaml";
/// The folder of the files in the container.
const CONFIG: &str = "/etc/glassbox";

/// A collector that is about to start.
pub(crate) struct Setup {
    suite: String,
    files: Vec<(String, Vec<u8>)>,
    /// The config files, each merged over the one before.
    layers: Vec<String>,
    variables: Vec<(String, String)>,
    fixed_ports: bool,
}

impl Setup {
    /// The setup of [`Collector::start`], which can be extended.
    pub(crate) fn new(suite: &str, config: &str) -> Self {
        Self {
            suite: suite.to_owned(),
            files: vec![
                ("base.yaml".to_owned(), BASE.into()),
                (SUITE.to_owned(), config.into()),
            ],
            layers: vec!["base.yaml".to_owned(), SUITE.to_owned()],
            variables: Vec::new(),
            fixed_ports: false,
        }
    }

    /// Puts a file into `/etc/glassbox`.
    pub(crate) fn with_file(mut self, name: &str, content: impl Into<Vec<u8>>) -> Self {
        self.files.push((name.to_owned(), content.into()));
        self
    }

    /// Adds a config between the base config and the suite's own.
    pub(crate) fn with_layer(mut self, name: &str, config: &str) -> Self {
        self.layers.insert(self.layers.len() - 1, name.to_owned());
        self.with_file(name, config)
    }

    /// Sets a variable of its environment.
    pub(crate) fn with_variable(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Keeps the ports on this machine when the container is stopped and started again.
    pub(crate) const fn with_fixed_ports(mut self) -> Self {
        self.fixed_ports = true;
        self
    }

    /// Starts it, and waits until it is ready.
    pub(crate) async fn start(self) -> Collector {
        static STARTED: AtomicU32 = AtomicU32::new(0);
        let at = STARTED.fetch_add(1, Relaxed);
        let name = format!("glassbox-{}-{}-{at}", self.suite, std::process::id());
        let folder = Folder::new(&self.files);
        let container = match self.request(&name, &folder).start().await {
            Ok(container) => container,
            Err(error) => {
                // Docker keeps a container that it created but could not start.
                let docker = Docker::connect_with_local_defaults().unwrap();
                let force = RemoveContainerOptionsBuilder::new().force(true).build();
                let _ = docker.remove_container(&name, Some(force)).await;
                panic!("the collector did not start: {error}");
            }
        };
        let mut ports = BTreeMap::new();
        for inside in PORTS {
            let outside = container.get_host_port_ipv4(inside.tcp()).await.unwrap();
            ports.insert(inside, outside);
        }
        let collector = Collector {
            container,
            ports,
            folder,
        };
        collector.ready().await;
        collector
    }

    fn request(self, name: &str, folder: &Folder) -> ContainerRequest<GenericImage> {
        let bindings = bindings(self.fixed_ports);
        let config = Mount::bind_mount(folder.config(), CONFIG);
        let mut request = image()
            .with_cmd(
                self.layers
                    .iter()
                    .map(|layer| format!("--config={CONFIG}/{layer}")),
            )
            .with_container_name(name)
            .with_label("org.glassbox.suite", self.suite)
            .with_mount(config.with_access_mode(AccessMode::ReadOnly))
            .with_mount(Mount::bind_mount(folder.data(), "/data"))
            .with_readonly_rootfs(true)
            .with_host_config_modifier(move |host| {
                host.publish_all_ports = Some(false);
                host.port_bindings = Some(bindings.clone());
            });
        for port in PORTS {
            request = request.with_mapped_port(0, port.tcp());
        }
        for (name, value) in self.variables {
            request = request.with_env_var(name, value);
        }
        // `cargo xtask collector` uses this label to find what a killed run left behind.
        if let Ok(run) = std::env::var("GLASSBOX_SUITE_RUN") {
            request = request.with_label("org.glassbox.run", run);
        }
        match folder.user() {
            Some(user) => request.with_user(user),
            None => request,
        }
    }
}

/// Loopback ports: chosen by Docker, or free ones that stay the same.
fn bindings(fixed: bool) -> HashMap<String, Option<Vec<PortBinding>>> {
    let mut free = free_ports();
    let outside = PORTS.iter().map(|_| match fixed {
        true => free.next().unwrap().to_string(),
        false => "0".to_owned(),
    });
    let inside = PORTS.iter().map(|port| format!("{port}/tcp"));
    inside
        .zip(outside)
        .map(|(inside, outside)| {
            let binding = PortBinding {
                host_ip: Some("127.0.0.1".to_owned()),
                host_port: Some(outside),
            };
            (inside, Some(vec![binding]))
        })
        .collect()
}

/// Unused ports below the range from which the system assigns ports to outgoing connections: while a
/// container is stopped, no connection takes its ports by chance.
fn free_ports() -> impl Iterator<Item = u16> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    const PORTS: u32 = 12_000;
    (0..PORTS).filter_map(|_| {
        let at = std::process::id()
            .wrapping_mul(64)
            .wrapping_add(NEXT.fetch_add(1, Relaxed));
        let port = u16::try_from(20_000 + at % PORTS).unwrap();
        TcpListener::bind(("127.0.0.1", port)).ok().map(|_| port)
    })
}
