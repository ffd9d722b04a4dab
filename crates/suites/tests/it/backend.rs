//! A backend of its own for each test.

use glassbox_collector::{Backend, BackendConfig};
use glassbox_core::Cx;
use glassbox_instrument::HttpClient;
use serde_json::Value;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long anything may take to arrive.
const PATIENCE: Duration = Duration::from_secs(20);

/// The local backend on free ports, with a folder that goes with it.
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

    /// Where OTLP is received over HTTP.
    pub(crate) fn http(&self) -> &str {
        self.backend.endpoints().http()
    }

    /// Where OTLP is received over gRPC.
    pub(crate) fn grpc(&self) -> &str {
        self.backend.endpoints().grpc()
    }

    /// Where the page and the API are served.
    pub(crate) fn page(&self) -> &str {
        self.backend.endpoints().page()
    }

    /// An answer of the API.
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

    /// An answer of the API once `total` is not zero.
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
