//! How a registration begins, lives and ends.

use crate::{
    server::Server,
    services::{LONG, discovery, found, register, until},
};
use std::time::Duration;

#[tokio::test]
async fn what_registers_by_one_client_is_found_by_another() {
    let server = Server::start();
    let _one = register(&server.client(), "a", LONG).await;
    let lease = register(&server.client(), "b", LONG).await;
    let discovery = discovery(server.client());
    assert_eq!(found(&discovery).await, ["a", "b"]);
    lease.release().await.unwrap();
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
