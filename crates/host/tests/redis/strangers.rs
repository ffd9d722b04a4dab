//! Foreign data under our keys, or beside them.

use crate::{
    log::Log,
    server::Server,
    services::{LONG, discovery, found, refused, register, try_register},
};
use glassbox_core::{Category, Cx, Discovery, Filter};
use glassbox_host::RedisClient;

const INDEX: &str = "{test}:instances";

impl Server {
    /// Writes a text under the key of an instance, and adds the instance to the index.
    async fn plant(&self, instance: &str, text: &str) {
        let key = format!("{{test}}:instance:{instance}");
        self.tell(&["SET", &key, text]).await;
        self.tell(&["ZADD", INDEX, "9999999999999", instance]).await;
    }
}

#[tokio::test]
async fn services_of_another_namespace_are_not_seen_nor_touched() {
    let server = Server::start();
    let others = RedisClient::try_new(&server.url(), "other").unwrap();
    let here = register(&server.client(), "a", LONG).await;
    let _there = register(&others, "a", LONG).await;
    let _neighbour = register(&others, "b", LONG).await;
    assert_eq!(found(&discovery(server.client())).await, ["a"]);
    here.release(&Cx::background()).await.unwrap();
    assert!(found(&discovery(server.client())).await.is_empty());
    assert_eq!(found(&discovery(others)).await, ["a", "b"]);
}

#[tokio::test]
async fn what_cannot_be_read_hides_nothing_else_and_is_said_once() {
    let server = Server::start();
    let log = Log::listen();
    let _lease = register(&server.client(), "a", LONG).await;
    server.plant("json", r#"{"who": "somebody else"}"#).await;
    server.plant("text", "no JSON at all").await;
    // An empty key is not a registration, and is not counted.
    server.plant("empty", "").await;
    // It is measured but not fetched.
    server.plant("huge", &"x".repeat(100 << 20)).await;
    let nowhere = r#"{"instance":"nowhere","name":"n","kind":"tool","endpoint":" ","capabilities":[],"health":"ready"}"#;
    server.plant("nowhere", nowhere).await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a"]);
    assert_eq!(found(&discovery).await, ["a"]);
    let said = log.with("registrations that cannot be read are skipped");
    assert_eq!(said.len(), 1, "{}", log.all());
    assert!(said[0].contains("unread=4"), "{said:?}");
}

#[tokio::test]
async fn a_later_version_is_read_as_far_as_it_is_understood() {
    let server = Server::start();
    let text = r#"{"schema":9,"region":"north","instance":"later","name":"n","kind":"tool","endpoint":"http://h:1","capabilities":[],"health":"ready"}"#;
    server.plant("later", text).await;
    assert_eq!(found(&discovery(server.client())).await, ["later"]);
}

#[tokio::test]
async fn an_instance_whose_key_is_something_else_is_taken_out_of_the_index() {
    let server = Server::start();
    let _lease = register(&server.client(), "a", LONG).await;
    server.tell(&["LPUSH", "{test}:instance:list", "x"]).await;
    server.tell(&["ZADD", INDEX, "9999999999999", "list"]).await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a"]);
    let mut redis = server.connect().await;
    let mut command = redis::cmd("ZCARD");
    let indexed: usize = command.arg(INDEX).query_async(&mut redis).await.unwrap();
    assert_eq!(indexed, 1);

    // A service that registers as that instance replaces the key.
    let _taken = register(&server.client(), "list", LONG).await;
    assert_eq!(found(&discovery).await, ["a", "list"]);
}

#[tokio::test]
async fn an_index_that_is_something_else_is_named_and_not_overwritten() {
    let server = Server::start();
    server.tell(&["SET", INDEX, "theirs"]).await;
    let registering = try_register(&server.client(), "a", LONG).await.err();
    let looking = refused(&discovery(server.client())).await;
    for problem in [registering.unwrap(), looking] {
        assert_eq!(problem.category(), Category::Forbidden);
        let said = problem.to_string();
        let expected = "the registry's keys contain other data";
        assert!(said.contains(expected), "{said}");
    }
    let mut redis = server.connect().await;
    let mut command = redis::cmd("GET");
    let kept: String = command.arg(INDEX).query_async(&mut redis).await.unwrap();
    assert_eq!(kept, "theirs");
}

#[tokio::test]
async fn of_too_many_instances_those_with_the_longest_lease_left_are_seen() {
    let server = Server::start();
    let log = Log::listen();
    let mut redis = server.connect().await;
    let mut plant = redis::pipe();
    for number in 0..4100 {
        let instance = format!("i-{number:04}");
        let text = format!(
            r#"{{"instance":"{instance}","name":"n","kind":"tool","endpoint":"http://h:1","capabilities":[],"health":"ready"}}"#
        );
        plant.set(format!("{{test}}:instance:{instance}"), text);
        plant.zadd(INDEX, instance, 9_999_999_990_000_u64 + number);
    }
    let () = plant.query_async(&mut redis).await.unwrap();
    let discovery = discovery(server.client());
    // It is logged once, regardless of the number of lookups.
    for _ in 0..2 {
        let found = found(&discovery).await;
        assert_eq!(found.len(), 4096);
        assert_eq!(found[0], "i-0004");
    }
    let said = log.with("more than 4096 instances");
    assert_eq!(said.len(), 1, "{}", log.all());
}

#[tokio::test]
async fn of_too_many_bytes_no_more_is_read_than_makes_sense() {
    let server = Server::start();
    let log = Log::listen();
    let mut redis = server.connect().await;
    let padding = "x".repeat(600 << 10);
    for number in 0..200 {
        let instance = format!("i-{number:03}");
        let text = format!(
            r#"{{"instance":"{instance}","name":"n","kind":"tool","endpoint":"http://h:1","capabilities":[],"health":"ready","more":"{padding}"}}"#
        );
        let mut plant = redis::pipe();
        plant.set(format!("{{test}}:instance:{instance}"), text);
        plant.zadd(INDEX, instance, 9_999_999_990_000_u64 + number);
        let () = plant.query_async(&mut redis).await.unwrap();
    }
    let discovery = discovery(server.client());
    for _ in 0..2 {
        let found = found(&discovery).await;
        assert_eq!(found.len(), 109, "what fits into 64 MiB");
    }
    let said = log.with("exceed the size limit");
    assert_eq!(said.len(), 1, "{}", log.all());
}

#[tokio::test]
async fn an_index_of_huge_ids_is_refused_before_it_is_collected() {
    let server = Server::start();
    server.plant(&"x".repeat(20 << 20), "{}").await;
    let discovery = discovery(server.client());
    let problem = discovery
        .find(&Cx::background(), &Filter::any())
        .await
        .unwrap_err();
    let said = problem.to_string();
    assert!(said.contains("a response exceeds"), "{said}");
}
