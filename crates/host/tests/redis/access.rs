//! Access to Redis: users, credentials and TLS.

use crate::{
    again,
    log::Log,
    server::Server,
    services::{LONG, discovery, found, refused, register, try_register, until},
};
use glassbox_config::{Environment, Settings};
use glassbox_core::Cx;
use glassbox_core::{Category, Problem, Toolbox};
use glassbox_host::{Host, HostSettings, RedisClient, RedisUrl};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::{error::Error, fs, time::Duration};
use tempfile::TempDir;

/// The permissions that a user of Redis needs, as in `docs/guides/discovery.md`.
const RULES: &[&str] = &[
    "~{test}:instance*",
    "+eval",
    "+get",
    "+getrange",
    "+strlen",
    "+set",
    "+del",
    "+zadd",
    "+zrem",
    "+zrevrange",
    "+zremrangebyscore",
    "+pttl",
    "+pexpire",
    "+time",
    "+type",
    // For a database in the URL.
    "+select",
];

fn client(url: &RedisUrl) -> RedisClient {
    RedisClient::try_new(url, "test").unwrap()
}

/// Asserts the error for a client without access.
fn names_the_setting(problem: &Problem, server: &Server) {
    assert_eq!(problem.category(), Category::Unauthenticated, "{problem}");
    assert_eq!(problem.code(), "registry.unauthenticated");
    let said = problem.to_string();
    assert!(said.contains(&server.authority()), "{said}");
    assert!(said.contains("REDIS_URL"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[tokio::test]
async fn a_wrong_password_is_said_with_its_setting_and_without_the_password() {
    let server = Server::with(&["--requirepass", "open-sesame"]);
    let log = Log::listen();
    for login in ["", ":wrong-sesame@", "nobody:wrong-sesame@"] {
        let client = client(&server.url_as(login));
        let registering = try_register(&client, "a", LONG).await.err();
        names_the_setting(&registering.unwrap(), &server);
        names_the_setting(&refused(&discovery(client)).await, &server);
    }
    let right = client(&server.url_as(":open-sesame@"));
    let _lease = register(&right, "a", LONG).await;
    assert_eq!(found(&discovery(right.clone())).await, ["a"]);
    assert!(!format!("{right:?}").contains("sesame"));
    assert!(!log.all().contains("sesame"), "{}", log.all());
}

#[tokio::test]
async fn a_service_with_a_wrong_password_does_not_start_and_says_why() {
    let server = Server::with(&["--requirepass", "open-sesame"]);
    let url = format!("redis://:wrong-sesame@{}", server.authority());
    let said = start(&url).await.unwrap_err();
    assert!(said.contains("REDIS_URL"), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[tokio::test]
async fn a_user_needs_no_more_than_the_guide_says() {
    let server = Server::start();
    let user = ["ACL", "SETUSER", "app", "on", ">open-sesame"];
    server.tell(&[&user, RULES].concat()).await;
    let app = client(&server.url_as("app:open-sesame@"));
    let log = Log::listen();

    let lease = register(&app, "a", LONG).await;
    drop(register(&app, "dies", Duration::from_millis(100)).await);
    let discovery = discovery(app.clone());
    until("the dead one was taken out", async || {
        found(&discovery).await == ["a"] && server.calls("zrem").await > 0
    })
    .await;
    lease
        .report(&Cx::background(), glassbox_core::Health::Ready)
        .await
        .unwrap();
    lease.release(&Cx::background()).await.unwrap();
    assert!(found(&discovery).await.is_empty());
    assert_eq!(log.all(), "");

    // Without one of them, the error names it and the required permissions.
    server.tell(&["ACL", "SETUSER", "app", "-zadd"]).await;
    let problem = try_register(&app, "a", LONG).await.err().unwrap();
    assert_eq!(problem.category(), Category::Forbidden);
    let said = problem.to_string();
    assert!(
        said.contains("lacks permissions that a registry needs"),
        "{said}"
    );
    assert!(said.contains("ZADD"), "{said}");
}

#[tokio::test]
async fn who_may_only_read_finds_everybody() {
    let server = Server::start();
    let user = ["ACL", "SETUSER", "reader", "on", ">open-sesame"];
    let rules = ["~{test}:instance*", "+getrange", "+strlen", "+zrevrange"];
    server.tell(&[&user[..], &rules[..]].concat()).await;
    let _lease = register(&server.client(), "a", LONG).await;
    server
        .tell(&["ZADD", "{test}:instances", "9999999999999", "gone"])
        .await;
    let reader = client(&server.url_as("reader:open-sesame@"));
    assert_eq!(found(&discovery(reader)).await, ["a"]);
}

#[tokio::test]
async fn another_database_is_another_world() {
    let server = Server::start();
    let first = RedisUrl::new(format!("redis://{}/1", server.authority()));
    let _lease = register(&client(&first), "a", LONG).await;
    assert_eq!(found(&discovery(client(&first))).await, ["a"]);
    assert!(found(&discovery(server.client())).await.is_empty());
}

#[tokio::test]
async fn a_database_that_is_not_to_be_had_is_refused_and_not_waited_for() {
    let server = Server::start();
    let user = ["ACL", "SETUSER", "app", "on", ">open-sesame"];
    server.tell(&[&user, RULES].concat()).await;
    let of = |database: u32| {
        let place = server.authority();
        client(&RedisUrl::new(format!(
            "redis://app:open-sesame@{place}/{database}"
        )))
    };
    let _lease = register(&of(1), "a", LONG).await;
    assert_eq!(found(&discovery(of(1))).await, ["a"]);

    let refused = async |database| {
        let problem = try_register(&of(database), "b", LONG).await.err().unwrap();
        assert_eq!(problem.category(), Category::Forbidden, "{problem}");
        problem.to_string()
    };
    let said = refused(99).await;
    assert!(said.contains("no database with the number"), "{said}");
    server.tell(&["ACL", "SETUSER", "app", "-select"]).await;
    let said = refused(1).await;
    assert!(said.contains("SELECT"), "{said}");
}

#[tokio::test]
async fn a_socket_is_as_good_as_a_port() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("redis.sock");
    let socket = socket.to_str().unwrap();
    let server = Server::with(&["--unixsocket", socket, "--requirepass", "open-sesame"]);
    let url = RedisUrl::new(format!("redis+unix://{socket}?pass=open-sesame"));
    let _lease = register(&client(&url), "a", LONG).await;
    let by_port = client(&server.url_as(":open-sesame@"));
    assert_eq!(found(&discovery(by_port)).await, ["a"]);

    let nowhere = RedisUrl::new(format!("redis+unix://{socket}.not"));
    let problem = refused(&discovery(client(&nowhere))).await;
    assert_eq!(problem.category(), Category::Unavailable);
    assert!(problem.to_string().contains("redis.sock.not"), "{problem}");
}

#[tokio::test]
async fn a_url_that_leads_nowhere_is_said_with_its_setting() {
    for wrong in [
        "sesame",
        "localhost:6379",
        "http://:sesame@localhost:6379",
        "redis://",
        "redis://:sesame@",
        "redis://:sesame@localhost:port",
        "redis://:sesame@localhost:99999",
        "redis://:sesame@localhost/database",
        "redis://:sesame@0.0.0.0",
        "redis://:ses/ame?sesame@localhost",
        "rediss://:sesame@-localhost",
    ] {
        let said = start(wrong).await.unwrap_err();
        assert!(said.contains("REDIS_URL"), "{wrong}: {said}");
        assert!(!said.contains("sesame"), "{wrong}: {said}");
    }
}

/// Starts a service as an application does, with this URL in its environment. Returns the error if it
/// does not start.
async fn start(url: &str) -> Result<(), String> {
    let environment: Environment = [("REDIS_URL", url)].into_iter().collect();
    let load = || {
        let settings = Settings::builder()
            .section::<HostSettings>()
            .environment(&environment)
            .build()?;
        settings.load::<HostSettings>()
    };
    let settings = load().map_err(|error| error.to_string())?;
    let host = Host::tool(Toolbox::new("probe")).settings(settings.into_value());
    match host.start().await {
        Ok(_) => Ok(()),
        Err(error) => Err(match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        }),
    }
}

/// A private certificate authority, and a Redis with a certificate from it.
struct Vouched {
    server: Server,
    folder: TempDir,
}

impl Vouched {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let key = KeyPair::generate().unwrap();
        let mut authority = CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = authority.self_signed(&key).unwrap();
        let ca = write("ca.pem", certificate.pem());
        let issuer = Issuer::new(authority, key);
        let key = KeyPair::generate().unwrap();
        let names = vec!["localhost".to_owned()];
        let server = CertificateParams::new(names).unwrap();
        let server = server.signed_by(&key, &issuer).unwrap();
        let certificate = write("redis.pem", server.pem());
        let key = write("redis.key", key.serialize_pem());
        let server = Server::with(&[
            "--port",
            "0",
            "--tls-port",
            "{port}",
            "--tls-cert-file",
            &certificate,
            "--tls-key-file",
            &key,
            "--tls-ca-cert-file",
            &ca,
            "--tls-auth-clients",
            "no",
        ]);
        Self { server, folder }
    }

    fn url(&self, host: &str) -> String {
        let authority = self.server.authority();
        let (_, port) = authority.rsplit_once(':').unwrap();
        format!("rediss://{host}:{port}")
    }
}

#[tokio::test]
async fn a_certificate_of_nobody_we_know_is_refused() {
    let redis = Vouched::start();
    let url = RedisUrl::new(redis.url("localhost"));
    let problem = refused(&discovery(client(&url))).await;
    assert_eq!(problem.category(), Category::Unavailable);
    let said = problem.to_string();
    assert!(said.contains("certificate"), "{said}");
    assert!(said.contains("SSL_CERT_FILE"), "{said}");
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted_by_the_file_that_names_it() {
    const TEST: &str = "access::an_authority_of_ones_own_is_trusted_by_the_file_that_names_it";
    if again::is_again() {
        let _lease = register(&client(&again::url()), "a", LONG).await;
        assert_eq!(found(&discovery(client(&again::url()))).await, ["a"]);
        return;
    }
    let redis = Vouched::start();
    let run = |url: String| {
        let mut command = again::again(TEST);
        command.env("SSL_CERT_FILE", redis.folder.path().join("ca.pem"));
        command.env("REDIS_URL", url).output().unwrap()
    };
    let output = run(redis.url("localhost"));
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");

    // The certificate is valid for one name only.
    let output = run(redis.url("127.0.0.1"));
    assert!(!output.status.success());
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("certificate not valid for name"), "{said}");
}
