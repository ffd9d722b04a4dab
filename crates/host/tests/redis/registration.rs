//! How a registration begins, is renewed and ends.

use crate::{
    log::Log,
    server::Server,
    services::{LONG, discovery, found, register, service, try_register, until},
};
use glassbox_core::{Category, Cx, Discovery, Filter, Health, Registry};
use glassbox_host::RedisRegistry;
use std::time::Duration;

#[tokio::test]
async fn what_registers_by_one_client_is_found_by_another() {
    let server = Server::start();
    let _one = register(&server.client(), "a", LONG).await;
    let lease = register(&server.client(), "b", LONG).await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a", "b"]);
    lease.release(&Cx::background()).await.unwrap();
    assert_eq!(found(&discovery).await, ["a"]);
}

#[tokio::test]
async fn an_instance_that_dies_is_gone_after_its_lease() {
    let server = Server::start();
    let lease = register(&server.client(), "a", Duration::from_millis(300)).await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a"]);
    drop(lease); // as a crash: nothing is deregistered
    until("the dead instance is gone", async || {
        found(&discovery).await.is_empty()
    })
    .await;
}

#[tokio::test]
async fn the_dead_leave_the_index_when_somebody_looks_or_registers() {
    let server = Server::start();
    let client = server.client();
    let mut redis = server.connect().await;
    let mut indexed = async || -> usize {
        let mut command = redis::cmd("ZCARD");
        let count = command.arg("{test}:instances").query_async(&mut redis);
        count.await.unwrap()
    };
    let short = Duration::from_millis(100);
    drop(register(&client, "a", short).await);
    let _living = register(&client, "b", LONG).await;
    let discovery = discovery(client.clone());
    until("the dead one is not found", async || {
        found(&discovery).await == ["b"]
    })
    .await;
    assert_eq!(indexed().await, 1, "the look that missed it took it out");

    drop(register(&client, "c", short).await);
    assert_eq!(indexed().await, 2);
    until("a registration took it out", async || {
        drop(register(&client, "b", LONG).await);
        indexed().await == 1
    })
    .await;
}

#[tokio::test]
async fn an_instance_that_says_it_drains_is_not_found_though_it_is_renewed() {
    let server = Server::start();
    let lease = register(&server.client(), "a", Duration::from_millis(300)).await;
    let discovery = discovery(server.client());
    lease
        .report(&Cx::background(), Health::Draining)
        .await
        .unwrap();
    assert!(found(&discovery).await.is_empty());

    // A renewal does not make it ready again.
    let renewals = server.calls("eval").await;
    until("it was renewed", async || {
        server.calls("eval").await >= renewals + 2
    })
    .await;
    assert!(found(&discovery).await.is_empty());
    let all = discovery
        .find(&Cx::background(), &Filter::any().with_unready())
        .await
        .unwrap();
    assert_eq!(all[0].health, Health::Draining);

    lease
        .report(&Cx::background(), Health::Ready)
        .await
        .unwrap();
    assert_eq!(found(&discovery).await, ["a"]);
}

#[tokio::test]
async fn of_two_processes_with_one_id_the_newer_holds_it_and_the_older_says_so() {
    let server = Server::start();
    let log = Log::listen();
    let older = register(&server.client(), "a", Duration::from_millis(300)).await;
    let registry = RedisRegistry::new(server.client());
    let newer = registry
        .register(&Cx::background(), service("newer", "a"), LONG)
        .await;
    let newer = newer.unwrap();
    let discovery = discovery(server.client());
    let name = async || {
        let mut found = discovery
            .find(&Cx::background(), &Filter::any())
            .await
            .unwrap();
        assert!(found.len() <= 1, "{found:?}");
        found.pop().map(|service| service.name)
    };
    until("the older one noticed", async || {
        !log.with("a newer process has registered as instance 'a'")
            .is_empty()
    })
    .await;
    assert_eq!(name().await.as_deref(), Some("newer"));
    let problem = older
        .report(&Cx::background(), Health::Ready)
        .await
        .unwrap_err();
    assert_eq!(problem.category(), Category::Conflict);
    assert_eq!(problem.code(), "registry.superseded");

    // The older one registers again once the instance is free.
    newer.release(&Cx::background()).await.unwrap();
    until("the older one is back", async || {
        name().await.as_deref() == Some("probe")
    })
    .await;

    // The older one releases only its own registration.
    let newest = registry
        .register(&Cx::background(), service("newest", "a"), LONG)
        .await;
    older.release(&Cx::background()).await.unwrap();
    assert_eq!(name().await.as_deref(), Some("newest"));
    newest.unwrap().release(&Cx::background()).await.unwrap();
    assert_eq!(name().await, None);
}

#[tokio::test]
async fn a_lease_that_was_lost_is_taken_again() {
    let server = Server::start();
    let _lease = register(&server.client(), "a", Duration::from_millis(600)).await;
    let discovery = discovery(server.client());
    // As after a manual deletion, or an eviction by Redis.
    server.tell(&["FLUSHALL"]).await;
    assert!(found(&discovery).await.is_empty());
    until("it registered again", async || {
        found(&discovery).await == ["a"]
    })
    .await;
}

#[tokio::test]
async fn a_lease_ends_by_the_clock_of_redis_and_nobody_elses() {
    let server = Server::start();
    let ttl = Duration::from_secs(60);
    drop(register(&server.client(), "a", ttl).await);
    let mut redis = server.connect().await;
    let mut ask = async |command: &redis::Cmd| -> i64 {
        let answer: i64 = command.query_async(&mut redis).await.unwrap();
        answer
    };
    let index = "{test}:instances";
    for key in ["{test}:instance:a", index] {
        let left = ask(redis::cmd("PTTL").arg(key)).await;
        assert!((50_000..=60_000).contains(&left), "{key}: {left} ms");
    }
    let script = "local t = redis.call('TIME') \
        return redis.call('ZSCORE', KEYS[1], 'a') - t[1] * 1000 - math.floor(t[2] / 1000)";
    let left = ask(redis::cmd("EVAL").arg(script).arg(1).arg(index)).await;
    assert!((50_000..=60_000).contains(&left), "{left} ms");
}

#[tokio::test]
async fn a_registration_that_is_too_large_is_refused() {
    let server = Server::start();
    let registry = RedisRegistry::new(server.client());
    let mut service = service("probe", "a");
    service.capabilities[0].description = "x".repeat(1 << 20);
    let problem = registry
        .register(&Cx::background(), service, LONG)
        .await
        .err()
        .unwrap();
    assert_eq!(problem.category(), Category::Forbidden);
    let said = problem.to_string();
    assert!(said.contains("probe") && said.contains("1048576"), "{said}");
    assert!(try_register(&server.client(), "b", LONG).await.is_ok());
}
