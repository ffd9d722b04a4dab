//! A separate backend for each test.

use glassbox_collector::{Backend, BackendConfig};
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use serde_json::Value;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Timeout of every wait.
const PATIENCE: Duration = Duration::from_secs(20);

/// The local backend on free ports, with a folder that is removed together with it.
pub(crate) struct Running {
    backend: Backend,
    _folder: TempDir,
}

impl Running {
    /// Starts it.
    pub(crate) async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let any = || std::net::SocketAddr::from(([127, 0, 0, 1], 0));
        let config = BackendConfig::default()
            .data_dir(folder.path())
            .grpc(any())
            .http(any())
            .page(any());
        Self {
            backend: Backend::start(config).await.unwrap(),
            _folder: folder,
        }
    }

    /// The endpoint of OTLP/HTTP.
    pub(crate) fn http(&self) -> &str {
        self.backend.endpoints().http()
    }

    /// The endpoint of OTLP/gRPC.
    pub(crate) fn grpc(&self) -> &str {
        self.backend.endpoints().grpc()
    }

    /// The address of the page and the API.
    pub(crate) fn page(&self) -> &str {
        self.backend.endpoints().page()
    }

    /// A response of the API.
    pub(crate) async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.page());
        let response = HttpClient::new().get(&url).send(&Cx::background()).await;
        let response = response.unwrap();
        assert!(
            response.status().is_success(),
            "{url}: {}",
            response.status()
        );
        response.json().await.unwrap()
    }

    /// A response of the API, once its `total` is not zero.
    pub(crate) async fn get_some(&self, path: &str) -> Value {
        let start = Instant::now();
        loop {
            let answer = self.get(path).await;
            if answer["total"] != 0 {
                return answer;
            }
            assert!(start.elapsed() < PATIENCE, "nothing arrived at {path}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
