//! A program that checks the health of its own service.

use crate::tools::Probe;
use glassbox_host::{Host, HostSettings, ProbeError, probe, probe_at};
use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    time::{Duration, Instant},
};

/// Blocks, as in a program that does nothing else.
async fn asked(address: SocketAddr) -> Result<(), ProbeError> {
    let asking = tokio::task::spawn_blocking(move || probe_at(address));
    asking.await.unwrap()
}

/// Answers one request with these bytes, and closes the connection.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let _ = stream.read(&mut [0; 1024]);
        let _ = stream.write_all(answer);
    });
    address
}

#[tokio::test]
async fn a_service_that_is_alive_is_well() {
    let running = Host::tool(Probe::new("probe")).start().await.unwrap();
    asked(running.address()).await.unwrap();
    let mut settings = HostSettings::default();
    settings.bind = running.address();
    let asking = tokio::task::spawn_blocking(move || probe(&settings));
    asking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_service_on_all_addresses_is_asked_on_loopback() {
    let everywhere = (Ipv4Addr::UNSPECIFIED, 0).into();
    let mut settings = HostSettings::default();
    settings.bind = everywhere;
    settings.allow_anonymous = true;
    let host = Host::tool(Probe::new("probe")).settings(settings);
    let running = host.start().await.unwrap();
    let port = running.address().port();
    asked((Ipv4Addr::UNSPECIFIED, port).into()).await.unwrap();
    let _ = running.shutdown(Duration::from_secs(5)).await;

    for (unspecified, loopback) in [
        (SocketAddr::from((Ipv4Addr::UNSPECIFIED, port)), "127.0.0.1"),
        (SocketAddr::from((Ipv6Addr::UNSPECIFIED, port)), "[::1]"),
    ] {
        let said = asked(unspecified).await.unwrap_err().to_string();
        let place = format!("http://{loopback}:{port}/health");
        assert!(said.contains(&place), "{said}");
    }
}

#[tokio::test]
async fn nobody_there_is_said_with_the_place_and_the_cause() {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let error = asked(address).await.unwrap_err();
    assert!(matches!(error, ProbeError::Silent { .. }), "{error:?}");
    // As printed by `main`.
    let said = format!("{error:?}");
    assert!(said.contains(&address.to_string()), "{said}");
    assert!(said.contains("refused"), "{said}");
    assert!(!said.contains('\n'), "{said}");
}

#[tokio::test]
async fn whoever_accepts_and_says_nothing_is_given_up() {
    let silent = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let began = Instant::now();
    let error = asked(silent.local_addr().unwrap()).await.unwrap_err();
    let took = began.elapsed();
    assert!(format!("{error:?}").contains("within 2s"), "{error:?}");
    // A health check has a longer timeout for its command.
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[tokio::test]
async fn only_a_200_of_http_is_alive() {
    for (answer, told) in [
        (
            &b"HTTP/1.1 503 Service Unavailable\r\n\r\n"[..],
            "HTTP/1.1 503 Service Unavailable",
        ),
        (b"SSH-2.0-x 200 y\r\n", "SSH-2.0-x 200 y"),
        (b"HTTP/1.1 2000\r\n\r\n", "HTTP/1.1 2000"),
        (b"\x1b[31m\xff\n", "[31m"),
        (b"", "responded ''"),
    ] {
        let error = asked(answering(answer)).await.unwrap_err();
        assert!(matches!(error, ProbeError::Unwell { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains(told) && !said.contains('\x1b'), "{said}");
    }
    asked(answering(b"HTTP/1.0 200 OK\r\n\r\n")).await.unwrap();
}

#[tokio::test]
async fn a_port_that_the_system_chooses_cannot_be_asked() {
    let any = (Ipv4Addr::LOCALHOST, 0).into();
    let said = asked(any).await.unwrap_err().to_string();
    assert!(said.contains("GLASSBOX_HOST_BIND"), "{said}");
}
