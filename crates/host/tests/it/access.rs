//! Who may call a service.

use crate::tools::Probe;
use glassbox_guard::Keys;
use glassbox_host::{Host, HostSettings, Running, ServeError};
use std::net::SocketAddr;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const CALL: &str = "POST /v1/capabilities/echo HTTP/1.1";
const JSON: &str = "content-type: application/json";

async fn start(settings: HostSettings) -> Running {
    let host = Host::tool(Probe::new("probe")).settings(settings);
    host.start().await.unwrap()
}

/// Sends a request with these lines and the body `{}`. Returns the status and the whole response.
async fn send(address: SocketAddr, lines: &[&str]) -> (u16, String) {
    let port = address.port();
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let head = lines.join("\r\n").replace("PORT", &port.to_string());
    let request = format!("{head}\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{{}}");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).await.unwrap();
    let status = response.split(' ').nth(1).unwrap_or_default();
    (status.parse().unwrap_or(0), response)
}

fn keyed() -> HostSettings {
    let mut settings = HostSettings::default();
    settings.bind = ([0, 0, 0, 0], 0).into();
    settings.key = Keys::try_new(["new-key", "old-key"]).unwrap();
    settings
}

#[tokio::test]
async fn a_web_page_cannot_call_a_service_of_this_machine() {
    let running = start(HostSettings::default()).await;
    let address = running.address();
    for (lines, expected) in [
        (&[CALL, JSON, "host: 127.0.0.1:PORT"][..], 200),
        (&[CALL, JSON, "host: LOCALHOST:PORT"], 200),
        (&[CALL, JSON, "host: localhost."], 200),
        (&[CALL, JSON, "host: [::1]:PORT"], 200),
        (
            &[
                CALL,
                JSON,
                "host: localhost",
                "origin: http://localhost:3000",
            ],
            200,
        ),
        (&[CALL, JSON, "host: evil.example:PORT"], 403),
        (
            &[
                CALL,
                JSON,
                "host: evil.example:PORT",
                "origin: http://evil.example:PORT",
            ],
            403,
        ),
        (
            &[
                CALL,
                JSON,
                "host: localhost:PORT",
                "origin: http://evil.example",
            ],
            403,
        ),
        (&[CALL, JSON, "host: localhost:PORT", "origin: null"], 403),
        (&[CALL, JSON, "host: localhost.evil.example"], 403),
        (&[CALL, JSON, "host: localhost", "host: evil.example"], 400),
        (
            &["GET /v1/capabilities HTTP/1.1", "host: evil.example"],
            403,
        ),
        (&["GET /health HTTP/1.1", "host: evil.example"], 403),
        // The request target has a host as well.
        (
            &["GET http://evil.example/health HTTP/1.1", "host: localhost"],
            403,
        ),
        (
            &["GET http://localhost/health HTTP/1.1", "host: evil.example"],
            403,
        ),
        (
            &["GET http://localhost/health HTTP/1.1", "host: localhost"],
            200,
        ),
        // Browsers send this without a preflight.
        (&[CALL, "content-type: text/plain", "host: localhost"], 415),
        (&[CALL, "host: localhost"], 415),
    ] {
        let (status, response) = send(address, lines).await;
        // The server may reject two hosts before the guard does.
        let is_expected = status == expected || (expected == 400 && status == 403);
        assert!(is_expected, "{lines:?}: {response}");
    }
    let (_, response) = send(address, &[CALL, JSON, "host: evil.example"]).await;
    assert!(response.contains("service.host_not_allowed"), "{response}");
    assert!(response.contains("host.allowed_hosts"), "{response}");
}

#[tokio::test]
async fn a_name_is_allowed_by_the_settings_or_because_it_is_advertised() {
    let mut settings = HostSettings::default();
    settings.allowed_hosts = vec!["Tool.example".to_owned()];
    settings.endpoint = Some("http://tool.svc:80".to_owned());
    let running = start(settings).await;
    for (host, expected) in [
        ("host: tool.example:PORT", 200),
        ("host: TOOL.SVC", 200),
        ("host: other.svc", 403),
    ] {
        let (status, response) = send(running.address(), &[CALL, JSON, host]).await;
        assert_eq!(status, expected, "{host}: {response}");
    }
}

#[tokio::test]
async fn with_a_key_every_call_needs_it_and_probes_do_not() {
    let running = start(keyed()).await;
    let address = running.address();
    let local = "host: 127.0.0.1:PORT";
    for (lines, expected) in [
        (
            &[CALL, JSON, local, "authorization: Bearer new-key"][..],
            200,
        ),
        (&[CALL, JSON, local, "authorization: bearer old-key"], 200),
        (
            &[
                CALL,
                JSON,
                "host: tool.svc",
                "authorization: Bearer new-key",
            ],
            200,
        ),
        (&[CALL, JSON, local, "authorization: Bearer other"], 401),
        (&[CALL, JSON, local, "authorization: Basic new-key"], 401),
        (&[CALL, JSON, local], 401),
        (&["GET /v1/capabilities HTTP/1.1", local], 401),
        (&["GET /nothing HTTP/1.1", local], 401),
        (&["GET /health HTTP/1.1", local], 200),
        (&["GET /ready HTTP/1.1", "host: 10.1.2.3:8080"], 200),
    ] {
        let (status, response) = send(address, lines).await;
        assert_eq!(status, expected, "{lines:?}: {response}");
        assert!(!response.contains("new-key") && !response.contains("other"));
    }
    let (_, response) = send(address, &[CALL, JSON, local]).await;
    assert!(response.contains("www-authenticate: Bearer"), "{response}");
    assert!(response.contains("service.key_required"), "{response}");
}

#[tokio::test]
async fn beyond_loopback_a_key_or_consent_is_required() {
    let start = async |change: &dyn Fn(&mut HostSettings)| {
        let mut settings = HostSettings::default();
        settings.bind = ([0, 0, 0, 0], 0).into();
        change(&mut settings);
        let host = Host::tool(Probe::new("probe")).settings(settings);
        host.start().await.map(drop)
    };
    let error = start(&|_| ()).await.unwrap_err();
    assert!(matches!(error, ServeError::Settings { key: "bind", .. }));
    let said = error.to_string();
    for way in [
        "GLASSBOX_HOST_KEY",
        "host.key_file",
        "--allow-anonymous",
        "host.allow_anonymous",
    ] {
        assert!(said.contains(way), "{said}");
    }
    start(&|settings| settings.allow_anonymous = true)
        .await
        .unwrap();
    start(&|settings| settings.key = keyed().key).await.unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    let with_file = |settings: &mut HostSettings| settings.key_file = Some(file.path().into());
    let error = start(&with_file).await.unwrap_err();
    assert!(error.to_string().contains("one key per line"), "{error}");
    std::fs::write(file.path(), "new-key\n").unwrap();
    start(&with_file).await.unwrap();
}

#[cfg(feature = "client")]
mod calls {
    use super::*;
    use crate::registry::ANY;
    use axum::{Json, Router, extract::Request};
    use glassbox_core::{
        Connector, Cx, Discovery, Filter, Registry, ServiceInfo, ServiceKind, Tool,
    };
    use glassbox_host::{Credentials, HttpConnector, HttpDiscovery, HttpRegistry};
    use glassbox_instrument::HttpClient;
    use serde_json::json;
    use std::{
        sync::{Arc, Mutex},
        time::Duration,
    };
    use tokio::net::TcpListener;

    /// A server that records the authorization of every request.
    async fn listener() -> (String, Arc<Mutex<Vec<Option<String>>>>) {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&seen);
        let answer = async move |request: Request| {
            let value = request.headers().get("authorization");
            let value = value.map(|value| value.to_str().unwrap().to_owned());
            noted.lock().unwrap().push(value);
            Json(json!({"services": []}))
        };
        let listener = TcpListener::bind(SocketAddr::from(ANY)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let router = Router::new().fallback(answer);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (url, seen)
    }

    fn found_at(url: &str) -> ServiceInfo {
        let capabilities = Probe::new("probe").capabilities().to_vec();
        ServiceInfo::new(ServiceKind::Tool, "probe", "1", url, capabilities)
    }

    #[tokio::test]
    async fn a_key_is_sent_to_its_peers_and_to_nobody_found_in_a_registry() {
        let (peer, at_peer) = listener().await;
        let (stranger, at_stranger) = listener().await;
        let key = Keys::try_new(["sesame"]).unwrap();
        let credentials = Credentials::none().with(&peer, &key).unwrap();
        let connector = HttpConnector::new(HttpClient::new()).with_credentials(credentials);
        let with_path = format!("{stranger}/{peer}");
        for url in [&peer, &stranger, &with_path] {
            let tool = connector.connect(&found_at(url)).unwrap();
            tool.call(&Cx::background(), "echo", json!({}))
                .await
                .unwrap();
        }
        let sent = Some("Bearer sesame".to_owned());
        assert_eq!(*at_peer.lock().unwrap(), [sent]);
        assert_eq!(*at_stranger.lock().unwrap(), [None, None]);
        // A host that different parsers read differently is not called.
        let disguised = peer.replace("http://", "http://sesame@");
        assert!(connector.connect(&found_at(&disguised)).is_err());
    }

    #[tokio::test]
    async fn the_registrys_key_is_sent_to_the_registry() {
        let (url, seen) = listener().await;
        let key = Keys::try_new(["sesame"]).unwrap();
        let client = HttpClient::new();
        let lease = HttpRegistry::new(&url, client.clone())
            .with_key(&key)
            .register(
                &Cx::background(),
                found_at("http://h:1"),
                Duration::from_secs(60),
            )
            .await
            .unwrap();
        lease.release(&Cx::background()).await.unwrap();
        let discovery = HttpDiscovery::new(&url, client).with_key(&key);
        discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap();
        let sent = Some("Bearer sesame".to_owned());
        assert_eq!(*seen.lock().unwrap(), [sent.clone(), sent.clone(), sent]);
    }

    #[tokio::test]
    async fn a_host_that_requires_a_key_is_called_with_it() {
        let running = start(keyed()).await;
        let url = format!("http://127.0.0.1:{}", running.address().port());
        let call = async |connector: HttpConnector| {
            let tool = connector.connect(&found_at(&url)).unwrap();
            tool.call(&Cx::background(), "echo", json!({})).await
        };
        let refused = call(HttpConnector::new(HttpClient::new())).await;
        let refused = refused.unwrap_err();
        assert_eq!(refused.code(), "service.key_required");
        let credentials = Credentials::none().with("127.0.0.0/8", &keyed().key);
        let connector = HttpConnector::new(HttpClient::new());
        call(connector.with_credentials(credentials.unwrap()))
            .await
            .unwrap();
    }
}
