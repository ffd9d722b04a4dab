//! A collector in a container, from the image that `GLASSBOX_COLLECTOR_IMAGE` names.

mod archive;
mod disturbance;
mod folder;
mod image;
mod setup;

pub(crate) use archive::{Found, Signal};
pub(crate) use setup::Setup;

use crate::patience::eventually;
use folder::Folder;
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use std::{collections::BTreeMap, time::Duration};
use testcontainers::{ContainerAsync, GenericImage};

/// The ports that a collector may listen on in its container. All are published, each on a
/// loopback port of this machine.
const PORTS: [u16; 4] = [GRPC, HTTP, PROMETHEUS, HEALTH];
const GRPC: u16 = 4317;
const HTTP: u16 = 4318;
/// For a Prometheus exporter.
const PROMETHEUS: u16 = 8889;
const HEALTH: u16 = 13133;

/// A running collector. Dropping it, also in a panic, removes it with its files.
///
/// Dropping it requires a multi-threaded runtime.
pub(crate) struct Collector {
    container: ContainerAsync<GenericImage>,
    /// The published ports, by the port in the container.
    ports: BTreeMap<u16, u16>,
    folder: Folder,
}

impl Collector {
    /// Starts a collector that receives OTLP without TLS and writes each signal to a file, with `config`
    /// merged over that, and waits until it is ready.
    pub(crate) async fn start(suite: &str, config: &str) -> Self {
        Setup::new(suite, config).start().await
    }

    /// The address at which a Prometheus exporter is scraped.
    pub(crate) fn prometheus(&self) -> String {
        format!("http://{}/metrics", self.authority(PROMETHEUS))
    }

    /// Address and port of OTLP/HTTP.
    pub(crate) fn http_authority(&self) -> String {
        self.authority(HTTP)
    }

    /// Address and port of OTLP/gRPC.
    pub(crate) fn grpc_authority(&self) -> String {
        self.authority(GRPC)
    }

    fn authority(&self, inside: u16) -> String {
        format!("127.0.0.1:{}", self.ports[&inside])
    }

    /// Merges another config over the base config. The collector reads it when it reloads.
    pub(crate) fn configure(&self, config: &str) {
        self.folder.write(setup::SUITE, config.as_bytes());
    }

    /// The exact bytes that its file exporter has written for a signal.
    pub(crate) fn written(&self, signal: Signal) -> Vec<u8> {
        archive::bytes(&self.folder.archive(signal))
    }

    /// Its log so far.
    pub(crate) async fn log(&self) -> String {
        let said = self.container.stderr_to_vec().await.unwrap_or_default();
        String::from_utf8_lossy(&said).into_owned()
    }

    /// Waits until it reports that it is ready. Fails with its log if it exits instead.
    pub(crate) async fn ready(&self) {
        let health = format!("http://{}/", self.authority(HEALTH));
        let client = HttpClient::new();
        let ready = eventually(async || {
            let running = self.container.is_running().await.unwrap_or(false);
            if !running {
                return Some(false);
            }
            let cx = Cx::background();
            let request = client.get(&health).send(&cx);
            let answer = tokio::time::timeout(Duration::from_secs(1), request).await;
            matches!(answer, Ok(Ok(answer)) if answer.status().is_success()).then_some(true)
        });
        if ready.await != Some(true) {
            panic!("the collector is not ready; it said:\n{}", self.log().await);
        }
    }

    /// The records of a signal in its archive, once `enough` accepts them. Fails with the
    /// collector's log if that never happens.
    pub(crate) async fn records(
        &self,
        signal: Signal,
        enough: impl Fn(&[Found]) -> bool,
    ) -> Vec<Found> {
        let path = self.folder.archive(signal);
        let read = async || {
            let found = archive::read(&path, signal);
            enough(&found).then_some(found)
        };
        match eventually(read).await {
            Some(found) => found,
            None => panic!(
                "not what is waited for in {}: {:#?}\nthe collector said:\n{}",
                signal.file(),
                archive::read(&path, signal),
                self.log().await
            ),
        }
    }
}
