//! The backend as its clients see it: over sockets, in its folder, across restarts.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod api;
mod bounds;
mod browser;
mod client;
mod crash;
mod details;
mod export;
mod folder;
mod keys;
mod load;
mod odd;
mod ports;
mod receive;
mod records;
mod search;
mod settings;
mod stream;
mod thin;

use std::path::Path;
use std::time::Duration;

use glassbox_collector::{Backend, BackendConfig, Listen};

/// A configuration that does not conflict with other tests: free ports, a folder of its own.
fn config(folder: &Path) -> BackendConfig {
    let free: Listen = "127.0.0.1:0".parse().unwrap();
    BackendConfig::default()
        .data_dir(folder)
        .grpc(free)
        .http(free)
        .page(free)
}

async fn start(folder: &Path) -> Backend {
    Backend::start(config(folder)).await.unwrap()
}

async fn stop(backend: Backend) {
    let report = backend.shutdown(Duration::from_secs(10)).await;
    assert!(report.synced, "{report:?}");
}
