//! Redis restarted, killed, frozen, full, read-only: services continue, and report the reason.

use crate::{
    log::Log,
    server::Server,
    services::{LONG, discovery, found, refused, register, until},
};
use glassbox_core::Cx;
use glassbox_core::{Category, Discovery, Filter};
use glassbox_host::{RedisClient, RedisDiscovery, RedisUrl};
use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

/// Number of instances. Their leases outlast the test, so they are renewed only after a lost connection.
const INSTANCES: usize = 40;

#[tokio::test]
async fn everybody_registers_again_within_seconds_and_not_all_at_once() {
    let mut server = Server::start();
    let mut leases = Vec::new();
    for number in 0..INSTANCES {
        // Each with its own connection, as if in its own process.
        let instance = format!("i-{number:02}");
        leases.push(register(&server.client(), &instance, LONG).await);
    }
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await.len(), INSTANCES);

    server.restart();
    let back = Instant::now();
    let mut redis = server.connect().await;
    let mut command = redis::cmd("ZRANGE");
    command
        .arg("{test}:instances")
        .arg(0)
        .arg(-1)
        .arg("WITHSCORES");
    let mut ends: Vec<(String, f64)> = Vec::new();
    until("everybody is there again", async || {
        ends = command.query_async(&mut redis).await.unwrap();
        ends.len() == INSTANCES
    })
    .await;
    let took = back.elapsed();
    assert_eq!(found(&discovery).await.len(), INSTANCES);
    assert!(took < Duration::from_secs(5), "{took:?}");

    // When each one registered, by the clock of Redis: all leases have the same length.
    let mut times: Vec<f64> = ends.into_iter().map(|(_, end)| end).collect();
    times.sort_by(f64::total_cmp);
    let within = |start: f64| {
        let close = times
            .iter()
            .filter(|&&it| (0.0..50.0).contains(&(it - start)));
        close.count()
    };
    let most = times.iter().map(|&start| within(start)).max();
    assert!(most.unwrap() <= INSTANCES / 2, "a herd: {times:?}");
    println!(
        "{INSTANCES} registered again {took:?} after Redis was back, at most {most:?} in 50 ms"
    );
}

#[tokio::test]
async fn while_redis_is_away_what_was_last_known_is_used_for_a_time_and_the_log_says_so() {
    let mut server = Server::start();
    let log = Log::listen();
    let _lease = register(&server.client(), "a", LONG).await;
    let limit = Duration::from_secs(5);
    let discovery = RedisDiscovery::with_times(server.client(), Duration::ZERO, limit);
    let known = Instant::now();
    assert_eq!(found(&discovery).await, ["a"]);
    server.kill();

    assert_eq!(found(&discovery).await, ["a"]);
    assert!(known.elapsed() < limit, "the machine is too slow to tell");
    let said = log.with("using the last known services");
    assert_eq!(said.len(), 1, "{}", log.all());
    assert!(
        said[0].starts_with("WARN") && said[0].contains(&server.authority()),
        "{said:?}"
    );

    until("what was known is too old", async || {
        discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .is_err()
    })
    .await;
    assert!(known.elapsed() >= limit);
    let problem = refused(&discovery).await;
    assert_eq!(problem.category(), Category::Unavailable);
    assert_eq!(problem.code(), "registry.unavailable");
    let said = problem.to_string();
    assert!(said.contains(&server.authority()), "{said}");

    server.restart();
    until("it is found again", async || {
        let found = discovery.find(&Cx::background(), &Filter::any()).await;
        found.is_ok_and(|found| found.len() == 1)
    })
    .await;
    assert_eq!(
        log.with("the registry is available again").len(),
        1,
        "{}",
        log.all()
    );
    assert!(!log.with("the registration was not renewed").is_empty());
    assert_eq!(log.with("registered").len(), 1, "{}", log.all());
}

#[tokio::test]
async fn nobody_known_and_no_redis_is_an_error_that_says_where() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap();
    let place = free.local_addr().unwrap();
    drop(free);
    let url = RedisUrl::new(format!("redis://:sesame@{place}"));
    let discovery = discovery(RedisClient::try_new(&url, "test").unwrap());
    let problem = refused(&discovery).await;
    assert_eq!(problem.category(), Category::Unavailable);
    assert!(problem.is_retryable());
    let said = problem.to_string();
    assert!(said.contains(&place.to_string()), "{said}");
    assert!(!said.contains("sesame"), "{said}");
}

#[tokio::test]
async fn a_redis_that_is_away_at_the_start_is_waited_for() {
    let mut server = Server::start();
    let client = server.client();
    server.kill();
    let log = Log::listen();
    let _lease = register(&client, "a", LONG).await;
    assert_eq!(log.with("not registered yet").len(), 1, "{}", log.all());
    server.restart();
    let discovery = discovery(server.client());
    until("it registered", async || found(&discovery).await == ["a"]).await;
}

#[tokio::test]
async fn a_frozen_redis_holds_nobody_up_and_is_used_again_when_it_thaws() {
    let server = Server::start();
    let client = server.client();
    let lease = Duration::from_millis(600);
    let _lease = register(&client, "a", lease).await;
    let knowing = discovery(client.clone());
    assert_eq!(found(&knowing).await, ["a"]);
    let asking = discovery(client.clone());
    server.freeze();

    let began = Instant::now();
    let problem = refused(&asking).await;
    assert_eq!(problem.category(), Category::Unavailable);
    assert!(problem.to_string().contains("no response within 2s"));
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");

    // A reader with a known list waits once, and then no longer.
    assert_eq!(found(&knowing).await, ["a"]);
    let began = Instant::now();
    for _ in 0..100 {
        assert_eq!(found(&knowing).await, ["a"]);
    }
    let took = began.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?} for 100 look-ups");

    let evals = || server.calls("eval");
    server.thaw();
    let before = evals().await;
    until("it is renewed again", async || evals().await >= before + 3).await;
    until("it is found again", async || found(&asking).await == ["a"]).await;
}

#[tokio::test]
async fn a_redis_whose_memory_is_full_says_so_and_is_used_again_when_there_is_room() {
    let server = Server::start();
    let log = Log::listen();
    let there = register(&server.client(), "a", LONG).await;
    server.tell(&["CONFIG", "SET", "maxmemory", "1"]).await;

    let lease = Duration::from_millis(900);
    let _waiting = register(&server.client(), "b", lease).await;
    let said = log.with("not registered yet");
    assert_eq!(said.len(), 1, "{}", log.all());
    assert!(said[0].contains("its memory is full"), "{said:?}");
    assert!(said[0].contains("maxmemory"), "{said:?}");

    // Registered services are still found, and can deregister.
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a"]);
    there.release(&Cx::background()).await.unwrap();
    assert!(found(&discovery).await.is_empty());

    server.tell(&["CONFIG", "SET", "maxmemory", "0"]).await;
    until("it registered", async || found(&discovery).await == ["b"]).await;
}

#[tokio::test]
async fn a_redis_that_became_a_replica_is_waited_for() {
    let server = Server::start();
    let log = Log::listen();
    let lease = Duration::from_millis(900);
    let _lease = register(&server.client(), "a", lease).await;
    let discovery = discovery(server.client());
    server.tell(&["REPLICAOF", "127.0.0.1", "1"]).await;
    until("a renewal was refused", async || {
        !log.with("the registration was not renewed").is_empty()
    })
    .await;
    assert!(!log.with("it is a replica").is_empty(), "{}", log.all());

    server.tell(&["REPLICAOF", "NO", "ONE"]).await;
    until("it is renewed again", async || {
        log.with("registered").len() == 1
    })
    .await;
    assert_eq!(found(&discovery).await, ["a"]);
}

#[tokio::test]
async fn whoever_was_connected_to_a_node_that_became_a_replica_finds_the_new_primary() {
    let (old, new) = (Server::start(), Server::start());
    // The primary moves behind this one address.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = RedisUrl::new(format!("redis://{}", listener.local_addr().unwrap()));
    let (primary, leads_to) = tokio::sync::watch::channel(old.authority());
    let _address = tokio::spawn(async move {
        while let Ok((mut from, _)) = listener.accept().await {
            let place = leads_to.borrow().clone();
            tokio::spawn(async move {
                let mut to = tokio::net::TcpStream::connect(place).await.unwrap();
                let _ = tokio::io::copy_bidirectional(&mut from, &mut to).await;
            });
        }
    });
    let client = RedisClient::try_new(&url, "test").unwrap();
    let _lease = register(&client, "a", Duration::from_millis(900)).await;
    primary.send_replace(new.authority());
    old.tell(&["REPLICAOF", "127.0.0.1", "1"]).await;
    let discovery = discovery(new.client());
    until("it registered with the new primary", async || {
        found(&discovery).await == ["a"]
    })
    .await;
}
