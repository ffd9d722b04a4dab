//! Ports: by default the next free one, otherwise exactly the one that is set.

use std::net::{SocketAddr, TcpListener};

use glassbox_collector::{Backend, BackendConfig, StartError};

use crate::client::get_json;
use crate::{config, stop};

fn port(url: &str) -> u16 {
    url.rsplit_once(':').unwrap().1.parse().unwrap()
}

/// Other programs may use the default ports; the rules must hold in any case.
#[tokio::test(flavor = "multi_thread")]
async fn defaults_that_are_taken_give_way_to_the_next_free_pair_and_it_is_said() {
    // They are in use either by this test or by another program.
    let _held: Vec<_> = [4317, 4380]
        .map(|port| TcpListener::bind(("127.0.0.1", port)))
        .into_iter()
        .collect();
    let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
    let mut backends = Vec::new();
    for folder in &folders {
        let config = BackendConfig::default().data_dir(folder.path());
        backends.push(Backend::start(config).await.unwrap());
    }
    let mut ports = Vec::new();
    for backend in &backends {
        let endpoints = backend.endpoints();
        let (grpc, http) = (port(endpoints.grpc()), port(endpoints.http()));
        assert_eq!(http, grpc + 1, "{endpoints:?}");
        assert!(grpc > 4318 && (grpc - 4317) % 2 == 0, "{endpoints:?}");
        let page = port(endpoints.page());
        assert!(page > 4380, "{endpoints:?}");
        assert!(
            backend
                .notes()
                .iter()
                .any(|note| note.contains(&grpc.to_string()))
        );
        assert!(
            backend
                .notes()
                .iter()
                .any(|note| note.contains(&page.to_string()))
        );
        let status = get_json(endpoints.page(), "/api/status").await;
        assert_eq!(status["endpoints"]["grpc"], endpoints.grpc());
        assert_eq!(status["notes"][0], backend.notes()[0].as_str());
        ports.extend([grpc, http, page]);
    }
    ports.sort_unstable();
    let count = ports.len();
    ports.dedup();
    assert_eq!(ports.len(), count, "no port twice");
    for backend in backends {
        stop(backend).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_set_by_hand_and_taken_is_an_error_that_names_it() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken: SocketAddr = held.local_addr().unwrap();
    let folder = tempfile::tempdir().unwrap();
    type Set = fn(BackendConfig, SocketAddr) -> BackendConfig;
    let settings: [(&str, Set); 3] = [
        ("grpc", |config, address| config.grpc(address)),
        ("http", |config, address| config.http(address)),
        ("page", |config, address| config.page(address)),
    ];
    for (name, set) in settings {
        let error = Backend::start(set(config(folder.path()), taken))
            .await
            .unwrap_err();
        let said = error.to_string();
        assert!(
            said.contains(&taken.to_string()) && said.contains(name),
            "{said}"
        );
        let StartError::Bind {
            setting, address, ..
        } = error
        else {
            panic!("{said}")
        };
        assert_eq!((setting, address), (name, taken));
    }
    // No lock is left: the folder is free.
    stop(Backend::start(config(folder.path())).await.unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bind_beyond_loopback_without_a_key_is_a_warning_that_cannot_be_missed() {
    let folder = tempfile::tempdir().unwrap();
    let open: SocketAddr = "0.0.0.0:0".parse().unwrap();
    let config = config(folder.path()).page(open).allow_anonymous(true);
    let backend = Backend::start(config).await.unwrap();
    let warning = &backend.notes()[0];
    assert!(
        warning.starts_with("WARNING") && warning.contains("without a key"),
        "{warning}"
    );
    let status = get_json(backend.endpoints().page(), "/api/status").await;
    assert_eq!(status["notes"][0], warning.as_str());
    stop(backend).await;
}
