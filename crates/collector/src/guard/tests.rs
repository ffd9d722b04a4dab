use super::*;

fn guard(bound: &str) -> Arc<Guard> {
    Guard::new(bound.parse().unwrap(), &["Collector.internal".to_owned()])
}

#[test]
fn loopback_names_and_the_bound_address_are_hosts() {
    let guard = guard("192.168.1.5:4380");
    for host in [
        "localhost",
        "LOCALHOST:4380",
        "app.localhost:1",
        "127.0.0.1:4380",
        "127.9.9.9",
        "[::1]:4380",
        "192.168.1.5:4380",
        "collector.internal:4318",
        "localhost.",
    ] {
        assert!(guard.is_host_allowed(host), "{host}");
    }
}

#[test]
fn foreign_names_are_no_hosts() {
    let guard = guard("127.0.0.1:4380");
    for host in [
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.nip.io",
        "192.168.1.5",
        "0.0.0.0:4380",
        "user@localhost",
        "",
    ] {
        assert!(!guard.is_host_allowed(host), "{host}");
    }
}

#[test]
fn a_listener_on_every_address_answers_to_addresses_but_not_to_names() {
    let guard = guard("0.0.0.0:4380");
    assert!(guard.is_host_allowed("10.0.0.7:4380"));
    assert!(!guard.is_host_allowed("evil.example:4380"));
}

#[test]
fn pages_of_loopback_and_the_backends_own_page_are_origins() {
    let guard = guard("192.168.1.5:4380");
    for origin in [
        "http://localhost:3000",
        "https://127.0.0.1",
        "http://[::1]:8080",
    ] {
        assert!(
            guard.is_origin_allowed(origin, "localhost:4380"),
            "{origin}"
        );
    }
    assert!(guard.is_origin_allowed("http://192.168.1.5:4380", "192.168.1.5:4380"));
    for origin in [
        "null",
        "http://evil.example",
        "http://localhost.evil.example",
        "file://",
    ] {
        assert!(
            !guard.is_origin_allowed(origin, "localhost:4380"),
            "{origin}"
        );
    }
}
